"""The jobs that judge: scores of images and sets, exports compared with their networks, costs."""

from collections.abc import Iterable

from lacuna import contestants
from lacuna.axes import SAMPLE
from lacuna.data.truths import NONE
from lacuna.metrics.facts import DIVERSITY, INCEPTION
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.plan.adapting import Adapting
from lacuna.plan.job import Artifact
from lacuna.plan.stages import Work, declare

# Why a system of a kind is not exported.
REASONS = {
    "classical": "an algorithm, and no network",
    "fitted": "a network is fitted to every picture anew, so there is none to keep",
    "outside": "a contestant from outside, whose network is not written anew",
    "adapted": "a copy of the network is adapted to every picture anew, so there is none to keep",
}


def _each_test_set(pattern: str):
    """One output a test set with a truth; a rule needs an output, even in a run that never asks for it."""
    return lambda plan: [pattern.replace("{test_set}", test_set) for test_set in list(plan.cells) or [NONE]]


class Judging(Adapting):
    """From pictures to scores and costs."""

    @declare("torch", {"scores": _each_test_set("{folder}/scores/{system}/{source}/{test_set}.parquet")})
    def score(self, system: str, source: str) -> Work:
        """On all test sets, as `features` and `score_set`: one start of torch and one loading of networks for all."""
        settings = {**self._named_rows(system, source, self.cells), **self._scored_by()}
        inputs = self._scoring(system, source, list(self.cells))
        return Work(settings, inputs, after=self.scored_parts(system, source))

    def _scored_by(self) -> dict:
        """Which metrics images are scored by, and the user's networks that some of them need."""
        embeddings = self._embeddings({metric_by_name(name).network for name in self.config["metrics"]})
        return {"metrics": self.config["metrics"], **({"embeddings": embeddings} if embeddings else {})}

    def _scoring(self, system: str, source: str, cells: list[str]) -> dict[str, list[Artifact] | list[str]]:
        predictions = dict(zip(self.cells, self._indexes(system, source), strict=True))
        embeddings = [entry["path"] for entry in self._scored_by().get("embeddings", {}).values()]
        return {
            "pairs": self._lists(*cells),
            "predictions": [predictions[cell] for cell in cells],
            "backbones": self._fetched(self.backbones_of_scores()),
            **({"embeddings": embeddings} if embeddings else {}),
        }

    def _embeddings(self, asked: set[str]) -> dict[str, dict]:
        """The config's own backbones among the names."""
        return {name: entry for name, entry in self.config["backbones"].items() if name in asked}

    @declare("torch", {"features": "{folder}/features/truth/{test_set}.safetensors"})
    def features_of_truth(self, test_set: str) -> Work:
        networks, inputs = self._of_sets()
        settings = {"test_sets": [self.list_of(test_set).base], **networks}
        return Work(settings, {"pairs": self._lists(test_set), **inputs})

    @declare("torch", {"features": _each_test_set("{folder}/features/{system}/{source}/{test_set}.safetensors")})
    def features(self, system: str, source: str) -> Work:
        networks, files = self._of_sets()
        settings = {**self._named_rows(system, source, self.cells), **networks}
        pairs, predictions = self._lists(*self.cells), self._indexes(system, source)
        return Work(settings, {"pairs": pairs, "predictions": predictions, **files})

    def _of_sets(self) -> tuple[dict, dict]:
        """Which networks look at whole sets: settings of a step that extracts features, and the files that it reads."""
        asked = {set_metric_by_name(name).network for name in self.set_metrics}
        inception = INCEPTION in asked or bool(self.adaptation.get("set_metrics"))
        embeddings = self._embeddings(asked)
        files = {
            "backbones": self._fetched([INCEPTION] * inception),
            "embeddings": [entry["path"] for entry in embeddings.values()],
        }
        return {"inception": inception, "embeddings": embeddings}, {name: each for name, each in files.items() if each}

    @declare("torch", {"scores": _each_test_set("{folder}/set_scores/{system}/{source}/{test_set}.parquet")})
    def score_set(self, system: str, source: str) -> Work:
        settings = {**self._named_rows(system, source, self.cells), "metrics": self.set_metrics}
        inputs = {
            "features": self.features(system, source).outputs["features"],
            "reference": [self.features_of_truth(name).outputs["features"][0] for name in self.cells],
        }
        return Work(settings, inputs)

    @declare("torch", {"diversity": _each_test_set("{folder}/diversity/{system}/{source}/{test_set}.parquet")})
    def diversity(self, system: str, source: str) -> Work:
        """Of all samples of a training together, or of a system that is not trained here."""
        drawn = self.samples_of(system)[source]
        settings = {**self._named_rows(system, drawn[0], self.cells), "samples": len(drawn)}
        settings["columns"] = [{axis: each[axis] for axis in each if axis != SAMPLE} for each in settings["columns"]]
        inputs = {
            "pairs": self._lists(*self.cells),
            "predictions": [
                self.predicted(system, name, cell).outputs["index"][0] for cell in self.cells for name in drawn
            ],
            "backbones": self._fetched([DIVERSITY]),
        }
        return Work(settings, inputs)

    @declare("torch", {"record": "{folder}/export/{system}/{source}/record.json"}, beside=("*.onnx*",))
    def export(self, system: str, source: str) -> Work:
        settings = {
            "system": self.registered_name(system),
            "settings": self.systems[system].get("settings", {}),
            "source": source,
            "image_size": self.image_size,
        }
        return Work(settings, {"weights": self.shown_weights(system, source)}, modules=self._modules(system))

    @declare("torch", {"record": "{folder}/export/{system}/{source}/record.json"}, beside=("*.onnx*",))
    def wrap_outside(self, system: str, source: str) -> Work:
        """Somebody's graph as the studio takes it, where it can be one."""
        entry = {name: value for name, value in self.systems[system].items() if name != "title"}
        kind = contestants.load(entry["kind"])
        contents = {path: self._content_of(system, path) for path in kind.pinned(entry)}
        settings = {"label": system, "source": source, "entry": entry}
        modules = (f"lacuna.contestants.{entry['kind']}",)
        return Work(settings, {"exported": self._exported_for(system)}, modules=modules, contents=contents)

    def studio_records(self) -> dict[tuple[str, str], Artifact]:
        """(system, source) of what the studio may hold, and the record of its graph."""
        found = {key: self.export(*key).outputs["record"][0] for key in self.exports()}
        graphs = [(name, *self.sources_of(name)) for name in self.outside() if self.systems[name]["kind"] == "onnx"]
        return found | {(name, source): self.wrap_outside(name, source).outputs["record"][0] for name, source in graphs}

    def _record_of_export(self, system: str, source: str) -> tuple[Artifact, ...]:
        return self.export(system, source).outputs["record"]

    @declare(
        "torch",
        {
            "parity": "{folder}/export/{system}/{source}/parity.json",
            "scores": "{folder}/export/{system}/{source}/scores.parquet",
        },
    )
    def verify_export(self, system: str, source: str) -> Work:
        chosen = self.config["export"]
        exported = self.export(system, source)
        settings = {
            **exported.settings,
            "label": system,
            "test_sets": self.test_sets,
            "metrics": self.metrics_without_embeddings(),
            "images": None if chosen is True else chosen.get("images"),
        }
        inputs = {
            "record": exported.outputs["record"],
            "weights": self.shown_weights(system, source),
            "pairs": self._lists(*self.test_sets),
            "backbones": self._fetched(self.backbones_of_scores()),
        }
        return Work(settings, inputs, modules=self._modules(system))

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
        for label, (system, _) in self.adapted_contestants().items():
            rows += [[label, source, REASONS["adapted"]] for source in self.sources_of(system)]
        return rows

    @declare("torch", {"cost": "{folder}/cost/{system}.json"})
    def measure(self, system: str) -> Work:
        """The network is the same whatever source it was trained on; its ONNX file is that of the first source."""
        settings = {
            "system": self.registered_name(system),
            "settings": self.systems[system].get("settings", {}),
            "image_size": self.image_size,
            "cost": self.config["cost"],
        }
        first = [key for key in self.exports() if key[0] == system][:1]
        inputs = {"exported": [self.export(*key).outputs["record"][0] for key in first]}
        return Work(settings, inputs, modules=self._modules(system))

    @declare("report", {"holes": _each_test_set("{folder}/holes/{test_set}.csv")})
    def describe_holes(self) -> Work:
        return Work({}, {"pairs": self._lists(*self.cells)})

    def has_ballot(self) -> bool:
        """Whether there are two fills of a hole that people can vote on."""
        return len(self.contestants()) > 1 and bool(self.predictions())

    def has_votes(self) -> bool:
        """Whether somebody has voted."""
        return bool(self.config["votes"]["files"])

    @declare("report", {"folder": "{folder}/votes", "key": "{folder}/votes_key.csv"})
    def votes(self) -> Work:
        settings = {"seed": self.config["seed"], "questions": self.config["votes"]["questions"]}
        inputs = {
            "pairs": self._lists(*self.test_sets),
            "predictions": [self.predicted(*key).outputs["index"][0] for key in self.predictions()],
        }
        return Work(settings, inputs)

    def _named_rows(self, system: str, source: str, cells: Iterable[str]) -> dict:
        """What rows call a contestant and these test sets; where axes have several values, further `columns`."""
        entrant, of = self.entrant(system, source), [self.cells[name] for name in cells]
        named = {"system": system, "source": entrant.base, "test_sets": [cell.base for cell in of]}
        if not self.every.several:
            return named
        return {**named, "columns": [self.every.columns(entrant, cell) for cell in of]}

    def shown_scores(self) -> list[str]:
        """The files of scores of what is shown."""
        keys = [(system, self.entrant(system, source).name) for system, source in self.contestants()]
        shown = {f"{self.list_of(name).name}.parquet" for name in self.test_sets}
        return [path for path in self.scores_of(keys) if path.rpartition("/")[2] in shown]

    def scores_of(self, keys: list[tuple[str, str]]) -> list[str]:
        """The files of scores of (system, source) pairs, every test set's."""
        return [path for key in keys for path in self.score(*key).outputs["scores"]]
