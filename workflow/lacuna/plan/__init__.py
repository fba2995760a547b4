"""Config → the list of valid jobs, each with its settings and its digest. The rules ask; nothing here computes.

A job's settings are exactly the config subtree that its stage uses. Its digest also covers the bytes of the modules of
ours that it runs and the digests of the jobs it builds on, so equal digests mean equal results. One class a floor, each
standing on the one below: `Names`, `FileNames`, `Making`, `Judging`, and on top the `Plan`, which shows it all.
"""

from functools import cache
from pathlib import Path

from lacuna.canonical import digest
from lacuna.plan.job import Job
from lacuna.plan.judging import Judging
from lacuna.studio.web_runtime import FILES, LOCK_FOLDER, has_npm

WORKFLOW = Path(__file__).parents[2]
STUDIO = WORKFLOW / "lacuna" / "studio" / "static"
WEB_RUNTIME = "results/web_runtime"


class Plan(Judging):
    """All jobs of one config. Wildcard values that the config does not know are `LacunaError`s."""

    def __init__(self, config: dict, cache_folder: str | Path = ".snakemake/lacuna"):
        super().__init__(config, cache_folder)
        for label, _ in self.trainings():
            self._training_settings(label)
        for name in self.image_sets():
            self.pair(name)  # missing and empty folders are found here, before anything runs
        for key in self.predictions():
            self.predict(*key)

    @cache  # noqa: B019
    def plot_qualitative(self, test_set: str) -> Job:
        titles = self.titles()
        settings = {
            "run": self.run,
            "test_set": test_set,
            "title": dict(titles["test_sets"])[test_set],
            "systems": titles["systems"],
            "sources": titles["sources"],
            "images": self.config["figures"]["qualitative_images"],
        }
        predictions = tuple(self.predict(*key) for key in self.predictions() if key[2] == test_set)
        return Job("plot", settings, predictions)

    @cache  # noqa: B019
    def plot_training(self) -> Job:
        return Job("plot", self.titles(), tuple(self.train(*key) for key in self.trainings()))

    @cache  # noqa: B019
    def plot_coverage(self) -> Job:
        scores = tuple(self.score(*key) for key in self.contestants())
        return Job("plot", {**self.titles(), "metrics": self.config["metrics"]}, scores)

    @cache  # noqa: B019
    def plot_ranks(self) -> Job:
        return self.plot_coverage()

    @cache  # noqa: B019
    def plot_cost(self) -> Job:
        return self.plot_coverage()

    @cache  # noqa: B019
    def plot_examples(self) -> Job:
        return self.plot_coverage()

    @cache  # noqa: B019
    def gallery(self) -> Job:
        scores = tuple(self.score(*key) for key in self.contestants())
        return Job("gallery", {**self.titles(), "metrics": self.config["metrics"]}, scores)

    def has_studio(self) -> bool:
        """Whether the run makes a page that paints: if the config does not say no, and a network can be put into it."""
        return self.config["studio"] and bool(self.exports())

    @cache  # noqa: B019
    def fetch_web_runtime(self) -> Job:
        """What the lock file says. Where it could not be had for want of npm, npm makes another job of it."""
        obtainable = has_npm() or Path(WEB_RUNTIME, FILES[0]).exists()
        lock = (LOCK_FOLDER / "package-lock.json").read_bytes()
        return Job("fetch_web_runtime", {}, outcome=digest(lock, str(obtainable)))

    @cache  # noqa: B019
    def studio(self) -> Job:
        settings = {
            **self.titles(),
            "image_size": self.config["image_size"],
            "exports": [list(key) for key in self.exports()],
        }
        upstream = [self.fetch_web_runtime(), *(self.export(*key) for key in self.exports())]
        upstream += [self.pair(test_set) for test_set in self.test_sets]
        static = digest(*(path.read_bytes() for path in sorted(STUDIO.iterdir())))
        return Job("make_studio", settings, tuple(upstream), content=static)

    @cache  # noqa: B019
    def resolve_config(self) -> Job:
        return Job("resolve_config", self.config)

    @cache  # noqa: B019
    def rulegraph(self) -> Job:
        rules = sorted([WORKFLOW.parent / "Snakefile", *(WORKFLOW / "rules").glob("*.smk")])
        return Job("rulegraph", {}, (self.resolve_config(),), content=digest(*(path.read_bytes() for path in rules)))

    @cache  # noqa: B019
    def report(self) -> Job:
        upstream = [
            self.tabulate(),
            self.tabulate_complexity(),
            self.check_splits(),
            self.rulegraph(),
            self.plot_coverage(),
            self.plot_training(),
            self.plot_ranks(),
            self.plot_cost(),
            self.plot_examples(),
        ]
        upstream += [self.plot_qualitative(test_set) for test_set in self.test_sets]
        upstream += [self.tabulate_export()] if self.is_exporting() else []
        upstream += [self.fetch_web_runtime()] if self.has_studio() else []  # whether the studio can fill anything
        return Job("report", {**self.titles(), "config": self.config, "studio": self.has_studio()}, tuple(upstream))
