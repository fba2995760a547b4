"""The report: one HTML page that stands alone, made from what a run left in its folder."""

import base64
import io
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.metrics.per_image import named
from lacuna.reporting import complexity, cross, examples, rendering, sanity, set_scores, tables
from lacuna.reporting.aggregation import SHARED, UNTRAINED, bin_title
from lacuna.reporting.export_tables import export_tables
from lacuna.reporting.statistics import BLOCKS
from lacuna.reporting.titles import UNTRAINED_NOTE, titles
from lacuna.reporting.yardsticks import yardstick_tables
from lacuna.yardsticks import TITLES as YARDSTICKS

LIMIT = 20 * 2**20  # bytes of the whole page
LOSSLESS = 400 * 2**10  # a picture above this many bytes is embedded as WebP
GALLERY = "gallery/index.html"  # beside the page
STUDIO_DATA = "studio/models.json"
WIDEST = 1800  # pixels of an embedded WebP
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "seaborn")


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; `source` is a data URI, `width` in CSS pixels."""

    source: str
    width: int
    alt: str
    caption: str
    pixelated: bool = False


def width_of(path: Path) -> int:
    """CSS pixels at which a drawn figure has its nominal size on paper, or at which small pixels can be seen."""
    if path.suffix == ".svg":
        points = re.search(rb'width="([\d.]+)pt"', path.read_bytes())
        return round(float(points[1]) * 96 / 72)
    with Image.open(path) as picture:
        density = picture.info.get("dpi", (0, 0))[0]
        return round(picture.width * 96 / density) if density else max(544, picture.width)


def embedded(path: Path) -> str:
    """The picture as a data URI; a large PNG becomes a WebP. A missing file is a `LacunaError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LacunaError(f"{path} cannot be read ({error.strerror}); run the rule that makes it first.") from None
    kind = "svg+xml" if path.suffix == ".svg" else "png"
    if kind == "png" and len(data) > LOSSLESS:
        with Image.open(io.BytesIO(data)) as picture:
            picture = picture.convert("RGB")
        picture.thumbnail((WIDEST, 100 * WIDEST), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        picture.save(stream, "WEBP", quality=88, method=6)
        data, kind = stream.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def read_table(path: Path, rule: str = "tabulate") -> pd.DataFrame:
    """A table that a rule made; a missing one is a `LacunaError`."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as a table ({error}); run the rule '{rule}' first.") from None


class Report:
    """What the template shows. Every file it needs and does not find is a `LacunaError` that names it."""

    def __init__(self, settings: dict, folder: Path, commit: str = ""):
        self.config = settings["config"]
        self.settings = settings | {"metrics": self.config["metrics"]}
        self.folder = folder
        self.commit = commit
        self.gallery, self.has_studio = GALLERY, settings["studio"]
        self.title, self.run = settings["title"], settings["run"]
        self.demonstration = settings["demonstration"]
        self.systems, self.sources = titles(settings["systems"]), titles(settings["sources"])
        self.test_sets = titles(settings["test_sets"])
        self.metrics = [named(name) for name in self.config["metrics"]]
        self.quantitative = read_table(folder / "tables/quantitative.csv")
        self.sanity = read_table(folder / "tables/sanity.csv")
        self.sets = read_table(folder / "tables/set_scores.csv").fillna({"flag": ""})
        self.training = read_table(folder / "tables/training.csv")
        self.pairs = read_table(folder / "tables/statistics_pairs.csv")
        self.cross = read_table(folder / "tables/cross.csv")
        self.failed = read_table(folder / "figures/failures.csv")
        self.published = read_table(folder / "tables/published_comparison.csv")
        self.trained = sorted(set(zip(self.training["system"], self.training["source"], strict=True)))
        self.export = self._export()
        self.splits = read_json(folder / "images/splits.json")

    # ---------------------------------------------------------------- numbers

    def leaderboard(self) -> tables.Table:
        return tables.leaderboard_table(read_table(self.folder / "tables/leaderboard.csv"), self.settings)

    def differences(self) -> list[tables.Table]:
        """The pairs of systems that differ, on the whole image and in the hole; none where nothing was compared."""
        return [tables.pairs_table(self.pairs, self.settings, *block) for block in BLOCKS] if len(self.pairs) else []

    def published_comparison(self) -> tables.Table:
        return tables.published_table(self.published, self.settings)

    def complexity(self) -> list[tables.Table]:
        """What the systems cost, counted and measured; none where all are folders of predictions."""
        folder, rule = self.folder / "tables", "tabulate_complexity"
        counted, timed = (read_table(folder / f"{name}.csv", rule) for name in ("complexity", "latency"))
        if not len(counted):
            return []
        return [
            complexity.complexity_table(counted, self.settings),
            complexity.latency_table(timed, self.settings),
        ]

    def source_tables(self) -> list[tables.Table]:
        """Training source against test set, one table for each metric, in the hole; none with one source."""
        metrics = [name for name in self.settings["metrics"] if name in set(self.cross["metric"])]
        block = (examples.PREDICTION, examples.REGION)
        return [cross.cross_table(self.cross, self.settings, name, *block) for name in metrics]

    def set_scores(self) -> list[tables.Table]:
        """FID and its like, composites and raw; none where the config asks for none."""
        return set_scores.set_tables(self.sets, self.settings)

    def yardsticks(self) -> list[tables.Table]:
        """The sanity rows, by image and as sets; none where the config leaves them out."""
        return [
            *yardstick_tables(self.sanity, self.quantitative, self.settings),
            *set_scores.yardstick_set_tables(self.sets, self.settings, YARDSTICKS),
        ]

    def warnings(self) -> list[str]:
        """What looks wrong in the numbers of this run, one sentence each."""
        return sanity.warnings(self.quantitative, self.sanity, self.mask_cards(), self.settings)

    def comparisons(self) -> list[tuple[str, str, list[tables.Table]]]:
        """(source, its title, its tables), one for each source."""
        return [
            (source, title, tables.comparisons(self.quantitative, self.settings, source))
            for source, title in (self.sources or {UNTRAINED: "no source"}).items()
        ]

    def initialisation(self) -> tables.Table:
        return tables.initialisation_table(self.training, self.settings)

    def _export(self) -> list[tables.Table]:
        """The networks as ONNX files; none where the config does not want them."""
        return (
            export_tables(self.folder / "tables", self.settings) if self.config.get("export", True) is not False else []
        )

    def _validation_n(self, source: str) -> int:
        return self._card("images", self.config["sources"][source]["validation"])["n"]

    # ---------------------------------------------------------------- pictures

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
                "images are chosen by coverage alone: evenly spaced from the smallest hole of the test set to the "
                f"largest, whatever any system makes of them. {UNTRAINED_NOTE}"
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
            "Points are means; bars are 95 % intervals of the mean (bootstrap over images). N stands under the axes. "
            f"↑ higher is better, ↓ lower is better. {UNTRAINED_NOTE}"
        )
        return self._figure("metric_by_coverage.png", f"Line plots of {names} against mask coverage.", caption)

    def ranks(self) -> Figure:
        caption = (
            "Mean rank of every system over the test images (1 is best; composites, whole image, all test sets "
            "together; N stands under the axes), with its 95 % interval (bootstrap over images). Where Friedman's test "
            "finds a difference, systems farther apart than the critical difference (Nemenyi, α = 0.05) differ; a "
            f"black bar joins those that are not. {UNTRAINED_NOTE}"
        )
        return self._figure("critical_difference.png", "Mean ranks of the systems, by source and metric.", caption)

    def cost(self) -> Figure:
        caption = (
            f"What quality takes: {self._first().title} of composites, hole only, the mean over the N test images of "
            "all test sets together with its 95 % interval (bootstrap over images), against the seconds that a "
            "prediction took, with reading and writing of the files; N and the device stand under the axes. Rings: "
            "systems that no other beats in both. Times are of one run on whatever else the machine did, so small "
            f"differences mean nothing. {UNTRAINED_NOTE}"
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

    # ---------------------------------------------------------------- cards

    def studio_notice(self) -> str:
        """What keeps the studio from filling anything, or nothing."""
        return read_json(self.folder / STUDIO_DATA)["notice"]

    def image_cards(self) -> list[dict]:
        """The card of every image set of the run, with its roles."""
        roles: dict[str, list[str]] = {}
        for role in ("train", "validation"):
            for source, entry in self.config["sources"].items():
                word = "training" if role == "train" else role
                roles.setdefault(entry[role], []).append(f"{word}, {self.sources[source]}")
        for test_set in self.config["test_sets"]:
            roles.setdefault(test_set, []).append("test")
        return [self._card("images", name) | {"role": "; ".join(role)} for name, role in roles.items()]

    def mask_cards(self) -> list[dict]:
        """The card of every mask set of the run, with its roles and its bars (label, N, share of the fullest bin)."""
        roles: dict[str, list[str]] = {}
        for role in ("train", "validation", "test"):
            if role == "test" or self.config["sources"]:
                roles.setdefault(self.config[f"{role}_masks"], []).append("training" if role == "train" else role)
        cards = []
        for name, words in roles.items():
            card = self._card("masks", name)
            most = max(card["bins"].values())
            bars = [(bin_title(label), count, count / most) for label, count in sorted(card["bins"].items())]
            cards.append(card | {"role": "; ".join(words), "bars": bars})
        return cards

    def _card(self, room: str, name: str) -> dict:
        return read_json(self.folder / room / name / "card.json")

    # ---------------------------------------------------------------- provenance

    def costs(self) -> list[dict]:
        """Seconds and device of every training and, summed over the test sets, of every system's predictions."""
        rows = []
        for system, source in self.trained:
            record = read_json(self.folder / "training" / system / source / "record.json")
            rows.append(self._cost("train", system, source, record["seconds"], record) | {"seed": record.get("seed")})
        kept = self.quantitative[["system", "source", "test_set"]].drop_duplicates()
        for (system, source), group in kept.groupby(["system", "source"], sort=True):
            folders = [self.folder / "predictions" / system / source / name for name in group["test_set"]]
            records = [read_json(folder / "record.json") for folder in folders]
            total = {"device": records[0]["device"], "n": sum(record["n"] for record in records)}
            rows.append(self._cost("predict", system, source, sum(record["seconds"] for record in records), total))
        return rows

    def _cost(self, stage: str, system: str, source: str, seconds: float, record: dict) -> dict:
        done = f"{record['steps']} steps" if stage == "train" else f"{record['n']} images"
        source_title = self.sources.get(source, "–")
        names = {"stage": stage, "system": self.systems[system], "source": source_title}
        return names | {"seconds": seconds, "done": done, "device": record["device"], "seed": None}

    def versions(self) -> dict[str, str]:
        """Library → version: what the trainings recorded, then what made this page."""
        found: dict[str, set[str]] = {}
        for system, source in self.trained:
            record = read_json(self.folder / "training" / system / source / "record.json")
            for name, number in (record.get("versions") or {}).items():
                found.setdefault(name, set()).add(str(number))
        found.setdefault("python", set()).add(platform.python_version())
        for name in LIBRARIES:
            found.setdefault(name, set()).add(version(name))
        return {name: ", ".join(sorted(numbers)) for name, numbers in sorted(found.items())}

    def config_text(self) -> str:
        return yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True, width=110)


def duration(seconds: float) -> str:
    """Seconds as a reader takes them in: `12.3 s`, `4 min 05 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def page(settings: dict, folder: str | Path, commit: str = "") -> str:
    """The whole page as text. `settings`: titles, `demonstration` and the resolved `config`.

    Reads only files under `folder`. Raises `LacunaError` for a missing file and for a page above `LIMIT`.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["html_table"] = lambda table: Markup(rendering.to_html(table, with_caption=False))
    environment.filters["duration"] = duration
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    text = environment.get_template("page.html").render(report=Report(settings, Path(folder), commit))
    if len(text.encode()) > LIMIT:
        raise LacunaError(
            f"the report would be {len(text.encode()) / 2**20:.0f} MiB, above {LIMIT // 2**20}; "
            "lower 'figures.qualitative_images' in the config."
        )
    return text
