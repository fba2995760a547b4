"""What a table or a figure is: one description in one file, which rules, jobs, captions and the page follow.

`tables/<name>.py` holds a `TABLE` and `figures/<name>.py` a `FIGURE`; the file's name is the table's or the figure's.
Snakemake reads the descriptions at every start, so these files import nothing heavy at their top: pandas, matplotlib
and what needs them are imported inside the functions.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from lacuna.errors import LacunaError
from lacuna.reporting.adaptation.experiments import groups_of
from lacuna.reporting.adaptation.kinds import DRAWINGS, EXAMPLES
from lacuna.reporting.sections import SECTIONS

# Names of inputs → what they are. A description names those that its function reads; the plan knows the files.
INPUTS = {
    "scores": "scores of every image, one file a system, source and test set",
    "controls": "the same of the controls: ground truth, mean fill and masked input",
    "set_scores": "scores of whole sets; none where the config asks for none",
    "training": "losses, validation metrics and records of the trainings, and the lists of the validation sets",
    "masks": "the masks of every set that the run uses",
    "predictions": "predicted pictures of the systems, their records, and the lists of the test sets",
    "costs": "counts, times and memory of the systems, their weights, records of trainings and of contestants from "
    "outside, and published counts",
    "parity": "comparisons of the exported networks with PyTorch",
    "shown": "predicted pictures of the test sets without a truth, and the lists of these sets",
    "published": "published means",
    "other_results": "published results of authors and re-implementers",
    "adaptation_rows": "metrics of composites after every evaluated step of test-time training, one file a job",
    "adaptation_choices": "whether each adaptation is kept, and what that gains, one file a job",
    "adaptation_features": "Inception features after every evaluated step, and those of the true pictures",
    "adaptation_records": "seconds, memory and settings of the adaptations",
    "adaptation_pictures": "predictions of the adapted networks, and of the same before",
    "published_adaptation": "published improvements of test-time training",
    "diversity": "how far samples of systems that draw lie apart, one file a system, source and test set",
    "holes": "what may make each hole of the test sets hard to fill, one file a test set",
    "votes": "files of votes that the config names, and the key of the page that they were cast on",
}
# What is done with the rows of several mask sets, sizes, trainings and samples, where a run has them.
AVERAGED, DRAWN, SELECTED, APART, FIRST = "averaged", "drawn", "selected", "apart", "first"
# Inputs that a run without a single truth does not have.
JUDGED = frozenset(("scores", "controls", "set_scores", "predictions", "parity"))
# Those whose rows are of cells; see `Description.cells`.
JUDGED_BY_CELL = frozenset(("scores", "controls", "set_scores"))
# What something can be made once for → the values of a plan.
EACH: dict[str, Callable] = {
    "": lambda plan: [""],
    "test_set": lambda plan: list(plan.test_sets),
    "unscored_set": lambda plan: list(plan.unscored_sets),
    "source": lambda plan: plan.paged_sources(),
    "training": lambda plan: [f"{system}/{plan.learner(source).name}" for system, source in plan.trainings()],
    "experiments": lambda plan: list(groups_of(plan.experiments)),
    "example": lambda plan: list(EXAMPLES),
    "drawing": lambda plan: list(DRAWINGS),
}


def _nothing(*_) -> dict:
    return {}


@dataclass(frozen=True, kw_only=True)
class Description:
    """What tables and figures have in common.

    title: names it in Snakemake's report. section: key of `SECTIONS`, where it stands on the page; empty: not there.
    place: its place in the section; equal ones are sorted by name. caption: what is seen, written once for both
    reports: `{n}` stands for N, `{metric}` for the first metric of the config, and other names for what `facts` gives.
    inputs: keys of `INPUTS`. config: keys of the config that the function reads. each: what it is made once for, a key
    of `EACH`; empty: once. applies: whether a plan makes it. facts: (run, value) → numbers for the caption, known once
    the results are there. words: value → what the caption says of it, known before. unfolded: how many of its tables
    or pictures stand open on the page, the others folded.
    demonstration: what the caption says first where the config is a demonstration. cells: what is done with several
    mask sets, sizes, trainings and samples: `AVERAGED` over trainings and samples of the selected cell, the same with
    intervals that trainings are `DRAWN` for, `SELECTED` without any interval, every cell `APART`, of the selected cell
    the `FIRST` training and sample alone, whose pictures are shown; empty: nothing that the caption must say.
    """

    title: str
    section: str = ""
    place: int = 50
    caption: str
    inputs: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    each: str = ""
    applies: Callable = lambda plan: True
    facts: Callable = _nothing
    words: Callable = _nothing
    unfolded: int = 1
    category: str
    demonstration: str = "Demonstration: these numbers do not compare the systems."
    cells: str = ""
    name: str = ""

    def __post_init__(self):
        if not self.cells and JUDGED_BY_CELL.intersection(self.inputs):
            object.__setattr__(self, "cells", AVERAGED)  # a frozen dataclass sets its own fields so
        unknown = [("input", name) for name in self.inputs if name not in INPUTS]
        unknown += [("section", self.section)] * (self.section not in {"", *SECTIONS})
        unknown += [("value of 'each'", self.each)] * (self.each not in EACH)
        all_known: dict[str, Iterable[str]] = {"input": INPUTS, "section": SECTIONS, "value of 'each'": EACH}
        for what, name in unknown:
            raise LacunaError(
                f"the description '{self.title}' names the unknown {what} '{name}'; known: {list(all_known[what])}"
            )

    @property
    def subcategory(self) -> str | None:
        """In Snakemake's report: the section of the page, for figures, which are many."""
        return None

    @property
    def shown_endings(self) -> tuple[str, ...]:
        """Endings of its files that Snakemake's report shows."""
        return (".csv", ".html")

    def values(self, plan) -> list[str]:
        """What a plan makes it for: `[""]` for something that is made once, nothing where it does not apply."""
        judging = bool(plan.test_sets) or not JUDGED.intersection(self.inputs)
        return EACH[self.each](plan) if judging and self.applies(plan) else []

    def text(self, **facts: str) -> str:
        """The caption with its facts, in one line."""
        return " ".join(self.caption.format(**{"n": "N", **facts}).split())


@dataclass(frozen=True, kw_only=True)
class Table(Description):
    """A table: `tables/<name>.csv`, and what the page and the printed formats show of it.

    rows: run → the tidy table, a DataFrame. shown: (run, value) → list of `DisplayTable`; it reads tidy tables by
    `run.table(name)`, so that it gives the same from scores and from finished files. columns: meaning of the columns
    that the caption leaves open, for a reader of the CSV. nothing: what the page says where `shown` gives no table.
    formats: of `csv` (needs `rows`), `html`, `md` and `tex` (need `shown`).
    """

    category: str = "Tables"
    rows: Callable | None = None
    shown: Callable | None = None
    columns: dict[str, str] = field(default_factory=dict)
    nothing: str = ""
    formats: tuple[str, ...] = ("csv",)

    def files(self, value: str = "") -> list[str]:
        """The files of one value, below the folder of the run."""
        return [f"tables/{'_'.join(filter(None, (self.name, value)))}.{kind}" for kind in self.formats]


@dataclass(frozen=True, kw_only=True)
class Figure(Description):
    """A figure: `figures/<name>.png`.

    draw: (run, path, value) writes it; None: another rule makes the file. alt: what it shows, for those who do not see
    it, with the same facts as the caption. path: below the folder of the run, with `{value}` where it is made once for
    something. also: suffixes of files that `draw` writes beside it.
    """

    category: str = "Figures"
    alt: str
    draw: Callable | None = None
    path: str = ""
    also: tuple[str, ...] = ()
    pixelated: bool = False

    @property
    def subcategory(self) -> str | None:
        return SECTIONS[self.section].title if self.category == "Figures" and self.section else None

    @property
    def shown_endings(self) -> tuple[str, ...]:
        return (".png", ".svg")

    def file(self, value: str = "") -> str:
        """The file of one value, below the folder of the run."""
        pattern = self.path or ("figures/{name}_{value}.png" if self.each else "figures/{name}.png")
        return pattern.format(name=self.name, value=value)

    def files(self, value: str = "") -> list[str]:
        """The same with what is written beside it."""
        main = self.file(value)
        return [main, *(f"{main.rpartition('.')[0]}{suffix}" for suffix in self.also)]


@cache
def _read(package: str, constant: str) -> dict[str, Any]:
    folder = importlib.import_module(f"lacuna.reporting.{package}")
    found = {}
    for info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(module_of(package, info.name))
        if not hasattr(module, constant):
            raise LacunaError(f"{module.__file__} describes nothing; define {constant} in it, or move the file")
        found[info.name] = replace(getattr(module, constant), name=info.name)
    return dict(sorted(found.items(), key=lambda item: (item[1].place, item[0])))


def module_of(package: str, name: str) -> str:
    """The module of a table (`tables`) or a figure (`figures`)."""
    return f"lacuna.reporting.{package}.{name}"


def tables() -> dict[str, Table]:
    """All tables by name, in the order in which a section shows them."""
    return _read("tables", "TABLE")


def figures() -> dict[str, Figure]:
    """All figures by name, in the order in which a section shows them."""
    return _read("figures", "FIGURE")


def described(kind: str) -> Mapping[str, Table | Figure]:
    """All of a kind: `tables` or `figures`."""
    readers: dict[str, Callable[[], Mapping[str, Table | Figure]]] = {"tables": tables, "figures": figures}
    return readers[kind]()


def together(kind: str, plan) -> dict[tuple[str, ...], list[str]]:
    """Inputs → names of what a plan makes from exactly these: one job each, because starts cost more than the work."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, description in sorted(described(kind).items()):
        made_here = isinstance(description, Table) or description.draw is not None
        if made_here and description.values(plan):
            found.setdefault(tuple(sorted(description.inputs)), []).append(name)
    return found
