"""The sections of the page, with their tables and figures, from the descriptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.axis_words import about
from lacuna.reporting.descriptions import Figure, Table, described
from lacuna.reporting.display import DisplayTable, sentences
from lacuna.reporting.examples import PREDICTION, REGION
from lacuna.reporting.making import displayed
from lacuna.reporting.page.embedding import Picture, embedded, thumbnail, width_of
from lacuna.reporting.page.provenance import Provenance
from lacuna.reporting.sections import SECTIONS
from lacuna.reporting.warnings import warnings
from lacuna.sources import SHARED

TEMPLATES = Path(__file__).parent / "templates"
JUDGING = ("controls", "failures")  # sections whose text speaks of scores
MOST_PAIRS = 24  # near duplicates that are shown
READ = (".csv", ".png", ".svg")  # suffixes of the tables and pictures that the page reads; printed tables it does not


@dataclass(frozen=True)
class Item:
    """One table or picture of a section, or a sentence; `heading` and `anchor` are those of the first of a value."""

    table: DisplayTable | None = None
    picture: Picture | None = None
    folded: bool = False
    heading: str = ""
    anchor: str = ""
    summary: str = ""
    text: str = ""


@dataclass(frozen=True)
class Part:
    """A section with what stands in it."""

    name: str
    title: str
    text: str
    items: tuple[Item, ...]

    @property
    def entries(self) -> list[Item]:
        """The items that the contents list beneath the section."""
        return [item for item in self.items if item.anchor]


class Contents(Provenance):
    """What the template shows."""

    def require(self) -> None:
        """A `LacunaError` that names a file which the page needs and does not find, before anything is drawn."""
        for kind, made in self.made.items():
            for name, values in made.items():
                for path in (self.folder / file for value in values for file in described(kind)[name].files(value)):
                    if path.suffix in READ and not path.is_file():
                        raise LacunaError(f"{path} is missing; run the rule that makes it first")
        for read in (self.image_cards, self.mask_cards, self.costs):
            read()

    def parts(self) -> list[Part]:
        """The sections that hold something in this run, in order."""
        found = []
        for name, section in SECTIONS.items():
            items = tuple(self._items(name))
            if name in JUDGING and not self.test_sets:
                continue
            if items or (TEMPLATES / f"sections/{name}.html").exists():
                found.append(Part(name, section.title, section.text, items))
        return found

    def _items(self, section: str) -> Iterator[Item]:
        here = [
            (description, values)
            for kind in ("tables", "figures")
            for name, description in described(kind).items()
            if description.section == section and (values := self.made[kind].get(name))
        ]
        for description, values in sorted(here, key=lambda pair: (pair[0].place, pair[0].name)):
            for value in values:
                if isinstance(description, Table):
                    yield from self._tables_of(description, value)
                else:
                    yield from self._pictures_of(description, value)

    def _tables_of(self, table: Table, value: str) -> Iterator[Item]:
        shown = displayed(table, self, value) if table.shown else []
        heading = self.heading(table.each, value)
        for number, each in enumerate(shown):
            anchor = f"{table.name}-{value}" if heading and not number else ""
            summary = f"{each.title} ({each.lines} lines)"
            folded = number >= table.unfolded and bool(each.groups)
            yield Item(table=each, folded=folded, summary=summary, heading=heading if anchor else "", anchor=anchor)
        if table.shown and not shown and table.nothing:
            yield Item(text=table.nothing)

    def _pictures_of(self, figure: Figure, value: str) -> Iterator[Item]:
        path, heading = self.folder / figure.file(value), self.heading(figure.each, value)
        source = embedded(path)
        facts = {"metric": self.metric_facts[0].title, figure.each or "value": heading}
        facts |= figure.words(value) | figure.facts(self, value)
        alt, caption = figure.alt.format(**facts), sentences(figure.text(**facts), about(figure.cells, self.settings))
        folded = not figure.unfolded
        anchor = f"{figure.name}-{value}" if heading and not folded else ""
        picture = Picture(source, width_of(path), alt, caption, figure.pixelated)
        yield Item(picture=picture, folded=folded, summary=heading, heading=heading if anchor else "", anchor=anchor)

    def warnings(self) -> list[str]:
        """What looks wrong in the numbers of this run, one sentence each."""
        means, controls = (self.selected(self.table(name)) for name in ("quantitative", "controls"))
        known = self.table("valid_region")
        return [*warnings(means, controls, known, self.mask_cards(), self.settings), *self._alike()]

    def _alike(self) -> list[str]:
        """A sentence where pictures of training look like pictures of a test."""
        if not (number := self.splits["near"]["number"]):
            return []
        return [
            f"{number} pair{'s' * (number > 1)} of a photograph of a training set and one of a validation or test set "
            "look alike though their bytes differ; they are shown under the data."
        ]

    def near_duplicates(self) -> list[dict]:
        """The nearest pairs of training and evaluation, with small pictures of both."""
        return [
            {**pair, "pictures": [thumbnail(Path(pair[side])) for side in ("image", "other")]}
            for pair in self.splits["near"]["pairs"][:MOST_PAIRS]
        ]

    def failed_images(self) -> list[dict]:
        """The worst 1 % of every system, with the place of each in the gallery."""
        rows = []
        for row in self.failures().itertuples():
            place = {"set": row.test_set, "system": row.system, "image": Path(row.image).stem}
            place |= {"reading": f"{PREDICTION}/{REGION}"}
            place |= {} if row.source in SHARED else {"source": row.source}
            rows.append(
                {
                    "system": self.systems[row.system],
                    "source": self.sources.get(row.source, "–"),
                    "rank": f"{row.rank} of {row.n}",
                    "test_set": self.test_sets[row.test_set],
                    "name": Path(row.image).stem,
                    "link": f"{self.gallery}#{urlencode(place)}",
                    "coverage": f"{row.coverage:.0%}",
                    "score": f"{row.value:.{metric_by_name(row.metric).decimals}f}",
                }
            )
        return rows

    def undrawn_letters(self) -> str:
        """Letters of the titles that no font of this machine has, so that figures show boxes in their place."""
        words = "".join([self.title, *self.systems.values(), *self.sources.values(), *self.test_sets.values()])
        words += "".join(self.unscored_sets.values())
        if words.isascii():
            return ""
        from lacuna.reporting.style import fonts_for

        return fonts_for(words)[1]
