"""What the page is made from: the finished files of a run."""

from pathlib import Path

from lacuna.axes import placed
from lacuna.files import read_json
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.reporting.aggregation import read_table
from lacuna.reporting.run import Run

GALLERY = "gallery/index.html"  # beside the page
BALLOT = "votes/index.html"


class Results(Run):
    """A run whose tables are files already. Every file needed and not found is a `LacunaError` that names it.

    settings: titles, `config` (the whole config), `studio` and `ballot` (whether these pages are there), and `made`:
    kind (`tables`, `figures`) → name → the values that it is made for. folder: results/<run>.
    """

    def __init__(self, settings: dict, folder: Path, commit: str = ""):
        config = settings["config"]
        super().__init__({"figures": None, **config, **settings}, {})
        self.config, self.folder, self.commit = config, folder, commit
        self.made: dict[str, dict[str, list[str]]] = settings["made"]
        self.gallery, self.has_studio = GALLERY, settings["studio"]
        self.ballot = BALLOT if settings["ballot"] else ""
        self.title, self.name = settings["title"], settings["run"]
        self.metric_facts = [metric_by_name(name) for name in self.metrics]
        self.set_metric_facts = [set_metric_by_name(name) for name in config.get("set_metrics", [])]
        self.splits = read_json(folder / "images/splits.json")

    def table(self, name: str):
        if name not in self._tables:
            self._tables[name] = read_table(self.folder / f"tables/{name}.csv")
        return self._tables[name]

    @property
    def trained(self) -> list[tuple[str, str]]:
        """(system, source) of every training, in the order of their names."""
        training = self.table("training")
        return sorted(set(zip(training["system"], training["source"], strict=True)))

    def card(self, kind: str, name: str) -> dict:
        """The card of a set of images (`images`) or masks (`masks`)."""
        return read_json(self.folder / kind / placed(self.settings, kind, name) / "card.json")

    def validation_set(self, source: str) -> str:
        """The image set that a source is validated on."""
        return self.config["sources"][source]["validation"]

    def validation_n(self, source: str) -> int:
        """N of the validation images of a source."""
        return self.card("images", self.validation_set(source))["n"]

    def failures(self):
        """The list of the worst images of every system."""
        return read_table(self.folder / "figures/failures.csv")
