"""The figures of the report, with their captions."""

from pathlib import Path
from urllib.parse import urlencode

from PIL import Image

from lacuna.metrics.per_image import named
from lacuna.reporting import examples, tables
from lacuna.reporting.aggregation import SHARED
from lacuna.reporting.report.embedding import Figure, embedded, width_of
from lacuna.reporting.report.results import GALLERY, Results
from lacuna.reporting.titles import UNTRAINED_NOTE


class Figures(Results):
    """Every caption says N, the region, and whether predictions are raw or composites."""

    def _figure(self, name: str, alt: str, caption: str) -> Figure:
        path = self.folder / "figures" / name
        return Figure(embedded(path), width_of(path), alt, caption)

    def qualitative(self) -> list[tuple[str, str, Figure]]:
        """(test set, its title, its grid), one for each test set."""
        found = []
        for test_set, title in self.test_sets.items():
            images = self._card("images", test_set)["n"]
            drawn = min(images, self.config.get("figures", {}).get("qualitative_images", 3))
            caption = (
                f"{title}, N = {drawn} of {images} images, whole images: input with the hole in magenta, the composite "
                "of every system, and the ground truth. Rows are grouped by the source that systems learned from. The "
                "images are chosen by coverage alone, whatever any system makes of them: the middles of as many equal "
                f"parts of the test set in the order of coverage. {UNTRAINED_NOTE}"
            )
            alt = (
                f"Grid of inpainting results on {title}: columns are input, {', '.join(self.systems.values())}, truth."
            )
            found.append((test_set, title, self._figure(f"qualitative_{test_set}.png", alt, caption)))
        return found

    def coverage(self) -> Figure:
        names = ", ".join(metric.title for metric in self.metrics)
        caption = (
            "How each system does as the hole grows: composites, whole image and hole only, all test sets together. "
            "Points are means; bars are 95 % intervals of the mean (bootstrap over photographs). N "
            "stands under the axes. "
            f"↑ higher is better, ↓ lower is better. {UNTRAINED_NOTE}"
        )
        return self._figure("metric_by_coverage.png", f"Line plots of {names} against mask coverage.", caption)

    def ranks(self) -> Figure:
        caption = (
            "Mean rank of every system over the photographs of all test sets together (1 is best; composites, whole "
            "image; ranked are the means over a photograph's images; N stands under the axes), with its 95 % interval "
            "(bootstrap over photographs). Where Friedman's test finds a difference, systems farther apart than the "
            "critical difference (Nemenyi, α = 0.05) differ; a black bar joins those that are not. "
            f"{UNTRAINED_NOTE}"
        )
        return self._figure("critical_difference.png", "Mean ranks of the systems, by source and metric.", caption)

    def cost(self) -> Figure:
        caption = (
            f"What quality takes: {self._first().title} of composites, hole only, the mean over the N test images of "
            "all test sets together with its 95 % interval (bootstrap over photographs), against the seconds that a "
            "prediction took after the first batch, with reading and writing of the files; N and the device stand "
            "under the axes. Rings: systems that no other beats in both. Times are of one run on whatever else the "
            f"machine did, so small differences mean nothing. {UNTRAINED_NOTE}"
        )
        alt = f"{self._first().title} against seconds per image for every system, by training source."
        return self._figure("quality_cost.png", alt, caption)

    def examples(self) -> Figure:
        caption = (
            "The best, the median and the worst test image of every system, all test sets together, by "
            f"{self._first().title} of composites, hole only; on the right one fixed image for all, that whose hole "
            f"has the median size. N = {self._counted()} images to choose from. Input with the hole in magenta, "
            f"composite, ground truth. {UNTRAINED_NOTE}"
        )
        return self._figure("examples.png", "Best, median, worst and a fixed image of every system.", caption)

    def failures(self) -> Figure:
        caption = (
            f"The worst 1 % (rounded up, at least {examples.FEWEST}) of every system's N = {self._counted()} test "
            f"images, all test sets together, by {self._first().title} of composites, hole only; at most "
            f"{examples.MOST_DRAWN} of a system are drawn. Input with the hole in magenta, raw prediction, composite, "
            f"ground truth. {UNTRAINED_NOTE}"
        )
        return self._figure("failures.png", "The worst images of every system, with their scores.", caption)

    def failed_images(self) -> list[dict]:
        """The worst 1 % of every system, with the place of each in the gallery."""
        rows = []
        for row in self.failed.itertuples():
            place = {"set": row.test_set, "system": row.system, "image": Path(row.image).stem}
            place |= {"reading": f"{examples.PREDICTION}/{examples.REGION}"}
            place |= {} if row.source in SHARED else {"source": row.source}
            rows.append(
                {
                    "system": self.systems[row.system],
                    "source": self.sources.get(row.source, "–"),
                    "rank": f"{row.rank} of {row.n}",
                    "test_set": self.test_sets[row.test_set],
                    "name": Path(row.image).stem,
                    "link": f"{GALLERY}#{urlencode(place)}",
                    "coverage": f"{row.coverage:.0%}",
                    "score": f"{row.value:.{named(row.metric).decimals}f}",
                }
            )
        return rows

    def _first(self):
        """The metric that decides where one has to."""
        return self.metrics[0]

    def _counted(self) -> str:
        return tables.numbers_of(self.failed["n"])

    def curves(self) -> Figure:
        numbers = ", ".join(f"{self._validation_n(source)} ({title})" for source, title in self.sources.items())
        caption = (
            "Left: every named loss term against the training step, averaged over short windows. Right: metrics on "
            f"the validation images, N = {numbers}, composite and raw, on the regions that the legend names; step 0 is "
            "the untrained initialisation. ↑ higher is better, ↓ lower is better."
        )
        return self._figure("training_curves.png", "Line plots of losses and validation metrics by step.", caption)

    def samples(self) -> list[tuple[str, Figure]]:
        """(heading, validation pictures) of every trained system and source."""
        found = []
        for system, source in self.trained:
            path = self.folder / "training" / system / source / "samples.png"
            what = f"{self.systems[system]} trained on {self.sources[source]}"
            picture, drawn = embedded(path), self._rows_of(path, source)
            caption = (
                f"The first N = {drawn} of {self._validation_n(source)} validation images, whole. From left to right: "
                "input with the hole in white, raw prediction, composite, ground truth."
            )
            alt = f"Validation pictures of {what}."
            found.append((what, Figure(picture, width_of(path), alt, caption, pixelated=True)))
        return found

    def _rows_of(self, samples: Path, source: str) -> int:
        """How many images a picture of samples shows: one a row."""
        height = self._card("images", self.config["sources"][source]["validation"])["size"][1]
        with Image.open(samples) as picture:
            return picture.height // height

    def rulegraph(self) -> Figure:
        caption = "The rules that made this page, from left to right. Arrows that a longer way implies are left out."
        return self._figure("rulegraph.svg", "Directed graph of the workflow's rules.", caption)
