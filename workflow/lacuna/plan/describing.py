"""The jobs that make tables and figures, from their descriptions in `reporting/`: one job for those of equal inputs."""

import os
from dataclasses import replace

from lacuna.places import PUBLISHED
from lacuna.plan.job import Job
from lacuna.plan.judging import Judging
from lacuna.plan.stages import Work, declare
from lacuna.reporting.descriptions import described, module_of, together
from lacuna.sources import ELSEWHERE


class Describing(Judging):
    """From scores and pictures to tables and figures."""

    @declare("report", {})
    def table(self, inputs: str) -> Work:
        """Those of scores wait for the check that no photograph is both trained on and tested on."""
        work = self._work("tables", inputs)
        if "scores" in work.inputs:
            return replace(work, inputs={**work.inputs, "splits": self.check_splits().outputs["splits"]})
        return work

    @declare("report", {})
    def figure(self, inputs: str) -> Work:
        return self._work("figures", inputs)

    def table_jobs(self) -> list[Job]:
        """One job for all tables that are made from the same inputs."""
        return [self.table("_".join(inputs)) for inputs in together("tables", self)]

    def figure_jobs(self) -> list[Job]:
        """One job for all figures that are made from the same inputs."""
        return [self.figure("_".join(inputs)) for inputs in together("figures", self)]

    def made(self, kind: str) -> dict[str, list[str]]:
        """Name → the values that it is made for, of all tables (`tables`) or figures (`figures`) of the run."""
        values = {name: description.values(self) for name, description in described(kind).items()}
        return {name: of for name, of in values.items() if of}

    def _work(self, kind: str, group: str) -> Work:
        groups = {"_".join(inputs): (inputs, names) for inputs, names in together(kind, self).items()}
        inputs, names = groups[group]
        here = {name: described(kind)[name] for name in names}
        settings, files = self.titles(), dict[str, list[str]]()
        for name in inputs:
            more_files, more_settings = getattr(self, f"_{name}")()
            files |= more_files
            settings |= more_settings
        settings |= {key: self.config.get(key) for each in here.values() for key in each.config}
        settings["made"] = {name: each.values(self) for name, each in here.items()}
        outputs = {
            name: [f"{self.folder}/{file}" for value in each.values(self) for file in each.files(value)]
            for name, each in here.items()
        }
        return Work(settings, files, modules=tuple(module_of(kind, name) for name in names), outputs=outputs)

    # What each of `descriptions.INPUTS` is: files by the name that `Run.files` knows, and settings to read them with.

    def _scores(self) -> tuple[dict, dict]:
        return {"scores": self.scores_of(self.entrants())}, {"metrics": self.config["metrics"]}

    def _controls(self) -> tuple[dict, dict]:
        return {"controls": self.scores_of(self.control_keys())}, {}

    def _set_scores(self) -> tuple[dict, dict]:
        keys = self.scored_as_sets()
        return {"set_scores": [path for key in keys for path in self.score_set(*key).outputs["scores"]]}, {}

    def _training(self) -> tuple[dict, dict]:
        trained = [self.shown_training(*key) for key in self.trainings()]
        sets = {source: entry["validation"] for source, entry in self.sources.items()}
        files = {
            "losses": [job.outputs["losses"][0] for job in trained],
            "validation": [job.outputs["validation"][0] for job in trained],
            "validation_lists": self._lists(*sets.values()),
        }
        return files, {"validation_sets": list(map(list, sets.items()))}

    def _masks(self) -> tuple[dict, dict]:
        return {"masks": [self.make_masks(self.at_size(name)).outputs["index"][0] for name in self.mask_sets()]}, {}

    def _predictions(self) -> tuple[dict, dict]:
        predicted = [self.predicted(*key) for key in self.predictions()]
        files = {
            "predictions": [job.outputs["index"][0] for job in predicted],
            "prediction_records": [job.outputs["record"][0] for job in predicted],
            "lists": self._lists(*self.test_sets),
        }
        return files, {}

    def _shown(self) -> tuple[dict, dict]:
        shown = [self.predicted(*key) for key in self.shown_predictions()]
        files = {
            "shown": [job.outputs["index"][0] for job in shown],
            "shown_lists": self._lists(*self.unscored_sets),
        }
        return files, {}

    def _costs(self) -> tuple[dict, dict]:
        labels = self.labels(given=False)
        keys = [(label, source) for label in labels for source in self.sources_of(label)]
        rows = [
            [label, self.registered_name(label), source, *(self.shown_weights(label, source) or (None,))]
            for label, source in keys
        ]
        outside = [(label, ELSEWHERE) for label in self.outside()]
        rows += [[label, label, source, self.systems[label].get("path")] for label, source in outside]
        files = {
            "outside_records": [
                self.predicted(*key, name).outputs["record"][0] for key in outside for name in self.test_sets
            ],
            "costs": [self.measure(label).outputs["cost"][0] for label in labels],
            "weights": [path for key in keys for path in self.shown_weights(*key)],
            "training_records": [self.shown_training(*key).outputs["record"][0] for key in self.trainings()],
            "published_counts": [_published("complexity.csv")],
        }
        return files, {"rows": rows}

    def _parity(self) -> tuple[dict, dict]:
        files = {
            "parity": [self.verify_export(*key).outputs["parity"][0] for key in self.exports()],
            "exported": [self.export(*key).outputs["record"][0] for key in self.exports()],
        }
        return files, {"without": self._without_export()}

    def _adaptation_rows(self) -> tuple[dict, dict]:
        return {"adaptation_rows": self._of_adaptations("rows")}, {"metrics": self.config["metrics"]}

    def _adaptation_choices(self) -> tuple[dict, dict]:
        return {"adaptation_choices": self._of_adaptations("choice")}, {"metrics": self.config["metrics"]}

    def _adaptation_records(self) -> tuple[dict, dict]:
        return {"adaptation_records": self._of_adaptations("costs")}, {}

    def _adaptation_features(self) -> tuple[dict, dict]:
        """None without set metrics of the adaptation; `adaptation_truth` are features of the true pictures."""
        sets = self.adapted_test_sets() if self.adaptation.get("set_metrics") else []
        files = {
            "adaptation_features": self._of_adaptations("features"),
            "adaptation_truth": [
                self.features_of_truth(self.list_of(name).name).outputs["features"][0] for name in sets
            ],
        }
        return files, {}

    def _adaptation_pictures(self) -> tuple[dict, dict]:
        """Of the test sets alone: pictures that experiments are only chosen on are not shown."""
        keys = [key for key in self.adaptations() if key[2] in self.test_sets]
        before = dict.fromkeys(key[:3] for key in keys)
        files = {
            "adapted": [self.adapt(*key).outputs["index"][0] for key in keys],
            "unadapted": [self.predicted(*key).outputs["index"][0] for key in before],
        }
        return files, {}

    def _published_adaptation(self) -> tuple[dict, dict]:
        return {"published_improvements": [_published("adaptation.csv")]}, {}

    def _diversity(self) -> tuple[dict, dict]:
        return {"diversity": [path for key in self.sampled() for path in self.diversity(*key).outputs["diversity"]]}, {}

    def _holes(self) -> tuple[dict, dict]:
        return {"holes": self.describe_holes().outputs["holes"]}, {}

    def _votes(self) -> tuple[dict, dict]:
        return {"votes": self.config["votes"]["files"], "votes_key": self.votes().outputs["key"]}, {}

    def _of_adaptations(self, output: str) -> list[str]:
        return [path for job in self.adaptation_jobs() for path in job.outputs[output]]

    def _other_results(self) -> tuple[dict, dict]:
        return {"other_results": [_published("other_results.csv")]}, {}

    def _published(self) -> tuple[dict, dict]:
        return {"published_means": [_published("original_comparison.csv")]}, {}


def _published(name: str) -> str:
    """A file of published numbers, as a path that any clone has."""
    return os.path.relpath(PUBLISHED / name)
