"""The jobs that show: gallery, studio, report."""

from pathlib import Path

from lacuna.canonical import digest
from lacuna.places import RESULTS, RULES, SNAKEFILE
from lacuna.plan.describing import Describing
from lacuna.plan.stages import Work, declare
from lacuna.reporting.descriptions import figures, module_of
from lacuna.studio.web_runtime import FILES, LOCK_FOLDER, has_npm

DRAWN = "adaptation_drawings"
WEB_RUNTIME = f"{RESULTS}/web_runtime"


class Showing(Describing):
    """From tables, figures and pictures to what a reader is handed."""

    @declare("report", {"page": "{folder}/gallery/index.html", "data": "{folder}/gallery/data.js"})
    def gallery(self) -> Work:
        inputs = {"pairs": self._lists(*self.test_sets), **self._scored_pictures()}
        if self.unscored_sets:
            inputs["shown_pairs"] = self._lists(*self.unscored_sets)
            inputs["shown"] = [self.predicted(*key).outputs["index"][0] for key in self.shown_predictions()]
        return Work(self._titles_and_metrics(), inputs)

    def has_studio(self) -> bool:
        """Whether the run makes a page that paints: if the config does not say no, and a network can be put into it."""
        return self.config["studio"] and bool(self.studio_records())

    @declare("torch", {"folder": WEB_RUNTIME})
    def fetch_web_runtime(self) -> Work:
        """What the lock file says. Where it is missing because npm is, installing npm makes another job of it."""
        obtainable = has_npm() or Path(self.placed(WEB_RUNTIME), FILES[0]).exists()
        lock = (LOCK_FOLDER / "package-lock.json").read_bytes()
        return Work({}, outcome=digest(lock, str(obtainable)))

    @declare("report", {"folder": "{folder}/studio"})
    def studio(self) -> Work:
        settings = {
            **self.titles(),
            **self.places(),
            "image_size": self.image_size,
            "exports": [list(key) for key in self.studio_records()],
        }
        inputs = {
            "runtime": self.fetch_web_runtime().outputs["folder"],
            "exports": list(self.studio_records().values()),
            "pairs": self._lists(*self.config["test_sets"]),
        }
        return Work(settings, inputs)

    @declare("data", {"config": "{folder}/config.yaml"})
    def resolve_config(self) -> Work:
        return Work(self.config)

    @declare("report", {"figure": "{folder}/figures/rulegraph.svg"})
    def rulegraph(self) -> Work:
        rules = sorted([SNAKEFILE, *RULES.glob("*.smk")])
        looped = [job.name for job in (*self.table_jobs(), *self.figure_jobs())]
        drawn = digest(*(path.read_bytes() for path in rules), *looped)
        return Work({}, {"config": self.resolve_config().outputs["config"]}, contents={"rules": drawn})

    @declare("torch", {"figures": lambda plan: [f"{{folder}}/{file}" for file in plan.drawn_files()]})
    def draw_adaptation(self) -> Work:
        """On a picture of the first test set that is adapted to, as the first network completes it."""
        system, source, test_set, _ = next(key for key in self.adaptations() if key[2] in self.test_sets)
        trained_on = list(dict.fromkeys(entry["train"] for entry in self.sources.values()))
        inputs = {
            "pairs": self._lists(test_set),
            "prediction": self.predicted(system, source, test_set).outputs["index"],
            "pool": self._images(trained_on or [test_set]),
        }
        return Work({"seed": self.config["seed"], "drawings": figures()[DRAWN].values(self)}, inputs)

    def drawn_files(self) -> list[str]:
        """The drawings that explain the adaptation, below the folder of the run; none without one."""
        return [figures()[DRAWN].file(value) for value in figures()[DRAWN].values(self)]

    @declare("report", {"page": "{folder}/report.html"})
    def report(self) -> Work:
        trained = [self.shown_training(*key) for key in self.trainings()]
        predicted = [self.predicted(*key) for key in [*self.predictions(), *self.shown_predictions()]]
        sets = [self.stage(self.at_size(name)) for name in self.image_sets()]
        sets += [self.make_masks(self.at_size(name)) for name in self.mask_sets()]
        inputs = {
            "tables": [path for job in self.table_jobs() for path in job.files],
            "figures": [path for job in self.figure_jobs() for path in job.files],
            "drawings": self.draw_adaptation().outputs["figures"] if self.adaptation else [],
            "rulegraph": self.rulegraph().outputs["figure"],
            "cards": [job.outputs["card"][0] for job in sets],
            "splits": self.check_splits().outputs["splits"],
            "records": [job.outputs["record"][0] for job in trained + predicted],
            "samples": [job.outputs["samples"][0] for job in trained],
            "config": self.resolve_config().outputs["config"],
            # whether the studio can fill anything
            "runtime": self.fetch_web_runtime().outputs["folder"] if self.has_studio() else [],
        }
        # The page links to them, whatever they hold.
        after = {
            "gallery": self.gallery().outputs["page"],
            "studio": self.studio().outputs["folder"] if self.has_studio() else [],
            "votes": self.votes().outputs["folder"] if self.has_ballot() else [],
        }
        made = {kind: self.made(kind) for kind in ("tables", "figures")}
        pages = {"studio": self.has_studio(), "ballot": self.has_ballot()}
        settings = {**self.titles(), **self.places(), "config": self.config, **pages, "made": made}
        if self.unscored_sets:
            settings["shown"] = [list(key) for key in self.shown_predictions()]
        modules = tuple(module_of(kind, name) for kind, names in made.items() for name in names)
        return Work(settings, inputs, after, modules)

    def _titles_and_metrics(self) -> dict:
        return {**self.titles(), **self.places(), "metrics": self.config["metrics"]}

    def _scored_pictures(self) -> dict[str, list]:
        """Scores and predictions of all that are compared."""
        return {
            "predictions": [self.predicted(*key).outputs["index"][0] for key in self.predictions()],
            "scores": self.shown_scores() if self.test_sets else [],
        }
