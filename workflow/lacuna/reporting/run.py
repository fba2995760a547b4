"""What tables and figures are made from: the files that their descriptions name, each read once for all of a job."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lacuna.axes import base_of
from lacuna.errors import LacunaError
from lacuna.reporting.descriptions import tables
from lacuna.reporting.titles import titles


class Run:
    """The results of a run, as far as a job may read them.

    settings: titles (`systems`, `sources`, `test_sets`, and `unscored_sets` if there are any), `title`,
    `demonstration`, `made` (name → values of what the job makes), `metrics` where scores are read, and the keys of the
    config that the descriptions name. files: name of files (`scores`, `losses`, …) → their paths.
    """

    def __init__(self, settings: dict, files: Mapping[str, Sequence[str]]):
        self.settings = settings
        self._files = files
        self._tables: dict = {}
        self.systems, self.sources = titles(settings["systems"]), titles(settings["sources"])
        self.test_sets = titles(settings["test_sets"])
        self.unscored_sets = titles(settings.get("unscored_sets", []))
        self.demonstration: bool = settings["demonstration"]

    def files(self, name: str) -> list[str]:
        """The paths of one name, sorted; one that the job was not given is a `LacunaError`."""
        if name not in self._files:
            raise LacunaError(
                f"the files '{name}' are read but were not given; name what holds them in the description's 'inputs'"
            )
        return sorted(map(str, self._files[name]))

    def files_of(self, name: str, test_set: str) -> list[str]:
        """Those of one test set: `…/<test_set>.txt` or `…/<test_set>/index.csv`; none of them is a `LacunaError`."""
        names = ((path, (Path(path).stem, Path(path).parent.name)) for path in self.files(name))
        found = [path for path, here in names if test_set in map(base_of, here)]
        if not found:
            raise LacunaError(f"there are no files '{name}' of '{test_set}'; run the rule that makes them first")
        return found

    @property
    def metrics(self) -> list[str]:
        """The metrics of the config, in its order; the first decides where one has to."""
        return self.settings["metrics"]

    @property
    def selection(self) -> dict[str, str]:
        """The cell that is compared where a run has several mask sets or sizes: condition → its value."""
        return self.settings.get("selection") or {}

    @cached_property
    def cells(self):
        """The rows of scores of all systems in every cell, training and sample, with a column `photograph`.

        See `aggregation.read_scores`; columns of conditions and replicates stand there where the run has several.
        """
        from lacuna.reporting.aggregation import read_scores, with_photographs

        return with_photographs(read_scores(self.files("scores")))

    @cached_property
    def replicates(self):
        """Those of the selected cell, every training and sample a row of its own."""
        return self.selected(self.cells)

    @cached_property
    def scores(self):
        """Those of the selected cell, averaged over trainings and samples: one row an image and what was measured.

        A `LacunaError` where the selection leaves several cells, which are never mixed.
        """
        from lacuna.reporting.replicates import averaged, one_cell

        return averaged(one_cell(self.replicates))

    @cached_property
    def firsts(self):
        """Those of the selected cell, of the first training and the first sample: of the pictures that are shown."""
        from lacuna.reporting.replicates import firsts

        return firsts(self.replicates)

    def selected(self, table):
        """The rows of a table that are of the selected cell; see `replicates.selected`."""
        from lacuna.reporting.replicates import selected

        return selected(table, self.selection)

    @cached_property
    def diversity(self):
        """How far the samples of each image lie apart, in every cell; see `diversity.read_diversity`."""
        from lacuna.reporting.diversity import read_diversity

        return read_diversity(self.files("diversity"))

    @cached_property
    def holes(self):
        """What may make each hole hard to fill; see `difficulty.read_holes`."""
        from lacuna.reporting.difficulty import read_holes

        return read_holes(self.files("holes"))

    @cached_property
    def votes(self):
        """All votes on pairs of fills; see `votes.ballots.read_votes`."""
        from lacuna.reporting.votes.ballots import read_votes

        return read_votes(self.files("votes"), self.files("votes_key")[0])

    @cached_property
    def adaptation_rows(self):
        """Scores of adapted pictures at every evaluated step; see `adaptation.rows.read_rows`."""
        from lacuna.reporting.adaptation.rows import read_rows

        return read_rows(self.files("adaptation_rows"))

    @cached_property
    def adaptation(self):
        """Means and improvements of adapted pictures at every evaluated step; see `adaptation.improvement`."""
        from lacuna.reporting.adaptation.improvement import improvements, set_improvements
        from lacuna.reporting.adaptation.rows import read_features_of

        adapted, truths = read_features_of(self.files("adaptation_features"), self.files("adaptation_truth"))
        metrics = self.settings["adaptation"].get("set_metrics") or []
        return improvements(self.adaptation_rows, set_improvements(adapted, truths, metrics))

    def table(self, name: str):
        """The tidy table of a description that the same job makes, made at its first use."""
        if name not in self._tables:
            if name not in self.settings["made"]:
                raise LacunaError(
                    f"the table '{name}' is made by another job; derive what you need of it from 'inputs'"
                )
            rows = tables()[name].rows
            if rows is None:
                raise LacunaError(f"the table '{name}' has no rows of its own; derive what you need from 'inputs'")
            self._tables[name] = rows(self)
        return self._tables[name]

    def heading(self, each: str, value: str) -> str:
        """What a reader calls one of the values that something is made for."""
        if each == "training":
            system, source = value.split("/")[0], base_of(value.split("/")[1])
            return f"{self.systems[system]} trained on {self.sources[source]}"
        return {
            "test_set": self.test_sets.get(value, value),
            "unscored_set": self.unscored_sets.get(value, value),
            "source": f"Trained on {self.sources.get(value, 'no source')}",
        }.get(each, "")
