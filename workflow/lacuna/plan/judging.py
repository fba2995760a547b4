"""The jobs that judge: scores of images and sets, exports compared with their networks, costs, tables."""

from functools import cache
from pathlib import Path

from lacuna.canonical import digest
from lacuna.plan.job import Job
from lacuna.plan.making import Making

PUBLISHED = Path(__file__).parents[2] / "published"
# Why a system of a kind is not exported.
REASONS = {
    "classical": "an algorithm, and no network",
    "fitted": "a network is fitted to every picture anew, so there is none to keep",
}


class Judging(Making):
    """From scores to tables."""

    @cache  # noqa: B019
    def score(self, label: str, source: str) -> Job:
        """On all test sets, as `features` and `score_set`: one start of torch and one loading of networks for all."""
        settings = {
            "system": label,
            "source": source,
            "test_sets": self.test_sets,
            "metrics": self.config["metrics"],
        }
        return Job("score", settings, (*self._all_predicted(label, source), *self._fetched("score")))

    @cache  # noqa: B019
    def features_of_truth(self, test_set: str) -> Job:
        return Job("features", {"test_sets": [test_set]}, (self.pair(test_set), *self._fetched("features")))

    @cache  # noqa: B019
    def features(self, label: str, source: str) -> Job:
        settings = {"system": label, "source": source, "test_sets": self.test_sets}
        return Job("features", settings, (*self._all_predicted(label, source), *self._fetched("features")))

    @cache  # noqa: B019
    def score_set(self, label: str, source: str) -> Job:
        settings = {"system": label, "source": source, "test_sets": self.test_sets, "metrics": self.set_metrics}
        references = tuple(map(self.features_of_truth, self.test_sets))
        return Job("score_set", settings, (self.features(label, source), *references))

    @cache  # noqa: B019
    def export(self, label: str, source: str) -> Job:
        settings = {
            "system": self.registered_name(label),
            "settings": self.systems[label].get("settings", {}),
            "source": source,
            "image_size": self.config["image_size"],
        }
        return Job(
            "export", settings, self._trained(label, source), (self._module(label),), self._weights_content(label)
        )

    @cache  # noqa: B019
    def verify_export(self, label: str, source: str) -> Job:
        chosen = self.config["export"]
        exported = self.export(label, source)
        settings = {
            **exported.settings,
            "label": label,
            "test_sets": self.test_sets,
            "metrics": self.config["metrics"],
            "images": None if chosen is True else chosen.get("images"),
        }
        lists = tuple(self.pair(test_set) for test_set in self.test_sets)
        backbones = tuple(self.fetch_backbone(name) for name in self.backbones("score", label))
        return Job("verify_export", settings, (exported, *lists, *backbones), (self._module(label),))

    @cache  # noqa: B019
    def tabulate_export(self) -> Job:
        verified = tuple(self.verify_export(*key) for key in self.exports())
        scores = tuple(self.score(*key) for key in self.exports())
        settings = {"metrics": self.config["metrics"], "without": self._without_export()}
        return Job("tabulate_export", settings, verified + scores)

    def _without_export(self) -> list[list[str]]:
        """[system, source, reason] of every system that has nothing to export."""
        rows = []
        for label, facts in self._facts.items():
            if self.is_given(label):
                reason = "predictions were given, and no network"
            elif facts["kind"] != "deep":
                reason = REASONS[facts["kind"]]
            else:
                continue
            rows.append([label, *self.sources_of(label), reason])
        return rows

    @cache  # noqa: B019
    def tabulate(self) -> Job:
        scores = tuple(self.score(*key) for key in self.contestants())
        trainings = tuple(self.train(*key) for key in self.trainings())
        others = tuple(self.score_set(*key) for key in self.scored_as_sets())
        others += tuple(self.score(*key) for key in self.yardstick_keys())
        settings = {**self.titles(), "metrics": self.config["metrics"]}
        return Job(
            "tabulate", settings, scores + trainings + others, content=digest((PUBLISHED / "seeds.csv").read_bytes())
        )

    @cache  # noqa: B019
    def measure(self, label: str) -> Job:
        settings = {
            "system": self.registered_name(label),
            "settings": self.systems[label].get("settings", {}),
            "image_size": self.config["image_size"],
            "measurement": self.config["measurement"],
        }
        exports = tuple(self.export(*key) for key in self.measured_exports(label))
        return Job("measure", settings, exports, (self._module(label),))

    @cache  # noqa: B019
    def tabulate_complexity(self) -> Job:
        labels = self.labels(given=False)
        rows = [
            [label, self.registered_name(label), source, self.weights_path(label, source)]
            for label in labels
            for source in self.sources_of(label)
        ]
        upstream = (*map(self.measure, labels), *(self.train(*key) for key in self.trainings()))
        content = digest((PUBLISHED / "complexity.csv").read_bytes(), *map(self._weights_content, labels))
        return Job("tabulate_complexity", {**self.titles(), "rows": rows}, upstream, content=content)
