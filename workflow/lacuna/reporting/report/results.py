"""The tables of the report, from what a run left in its folder."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.metrics.per_image import named
from lacuna.metrics.set_scoring import named as set_metric_named
from lacuna.reporting import complexity, cross, examples, set_scores, tables
from lacuna.reporting.export_tables import export_tables
from lacuna.reporting.statistics import BLOCKS
from lacuna.reporting.titles import titles
from lacuna.reporting.yardsticks import yardstick_tables
from lacuna.sources import UNTRAINED
from lacuna.yardsticks import TITLES as YARDSTICKS

GALLERY = "gallery/index.html"  # beside the page


def read_table(path: Path, rule: str = "tabulate") -> pd.DataFrame:
    """A table that a rule made; a missing one is a `LacunaError`."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise LacunaError(f"{path} cannot be read as a table ({error}); run the rule '{rule}' first.") from None


class Results:
    """Config, titles and tables of a run. Every file needed and not found is a `LacunaError` that names it."""

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
        self.set_metrics = [set_metric_named(name) for name in self.config.get("set_metrics", [])]
        self.quantitative = read_table(folder / "tables/quantitative.csv")
        self.sanity = read_table(folder / "tables/sanity.csv")
        self.sets = read_table(folder / "tables/set_scores.csv").fillna({"flag": ""})
        self.outside = read_table(folder / "tables/valid_region.csv")
        self.training = read_table(folder / "tables/training.csv")
        self.pairs = read_table(folder / "tables/statistics_pairs.csv")
        self.cross = read_table(folder / "tables/cross.csv")
        self.failed = read_table(folder / "figures/failures.csv")
        self.published = read_table(folder / "tables/published_comparison.csv")
        self.trained = sorted(set(zip(self.training["system"], self.training["source"], strict=True)))
        self.export = self._export()
        self.splits = read_json(folder / "images/splits.json")

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

    def _card(self, room: str, name: str) -> dict:
        return read_json(self.folder / room / name / "card.json")

    def _validation_n(self, source: str) -> int:
        return self._card("images", self.config["sources"][source]["validation"])["n"]
