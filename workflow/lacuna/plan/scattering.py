"""Large test sets in parts: jobs of their own predict and score each, and the jobs of the whole set put them together.

A part is not among what the whole set's job depends on, but only what that waits for: its digest, and so whatever was
made before, is the same with and without parts.
"""

from collections.abc import Iterable, Mapping, Sequence

from lacuna.data.indexes import TABLE
from lacuna.plan.job import PARTS, Artifact
from lacuna.plan.stages import Work, declare
from lacuna.plan.varying import Varying

BATCHES = 8  # a multiple of the pictures that `steps/predict.py` and `metrics/scoring.py` compute at once
PREDICTED = "{folder}/parts/predictions/{system}/{source}/{test_set}/{part}/"
SCORED = "{folder}/parts/scores/{system}/{source}/{test_set}/{part}.parquet"


class Scattering(Varying):
    """The parts of the test sets that have more pictures than `scatter`."""

    def parts(self, test_set: str) -> list[str]:
        """The names of a test set's parts: none where one job does all of it.

        Only a set that says its `count` has any: of others nobody knows how many pictures they have before they are
        staged.
        """
        count, most = self._count(test_set), self._most
        return [str(number + 1) for number in range(-(-count // most))] if count and most and count > most else []

    def part(self, test_set: str, part: str) -> dict[str, int]:
        """Which pictures of its test set are a part's: from `start` up to, but not including, `stop`."""
        start = (int(part) - 1) * self._most
        return {"start": start, "stop": min(start + self._most, self._count(test_set) or 0)}

    def _count(self, test_set: str) -> int | None:
        """How many pictures the config says that a test set has."""
        return self.config["image_sets"][self.list_of(test_set).base].get("count")

    @property
    def _most(self) -> int:
        """Pictures a part, in whole batches, so that every batch of a part is one of the whole set; 0: no parts."""
        return self.config.get("scatter", 0) // BATCHES * BATCHES

    @declare("torch", {"index": PREDICTED + "index.csv", "record": PREDICTED + "record.json"}, beside=("*.png", TABLE))
    def predict_part(self, system: str, source: str, test_set: str, part: str) -> Work:
        whole = self._predicting(system, source, test_set)
        return Work({**whole.settings, **self.part(test_set, part)}, whole.inputs, modules=whole.modules)

    def predicted_parts(self, system: str, source: str, test_set: str) -> Mapping[str, Sequence[Artifact]]:
        """What the prediction of a whole test set waits for, as `Work.after` takes it."""
        parts = [self.predict_part(system, source, test_set, part) for part in self.parts(test_set)]
        return {PARTS: [job.outputs["index"][0] for job in parts]} if parts else {}

    @declare("torch", {"scores": SCORED})
    def score_part(self, system: str, source: str, test_set: str, part: str) -> Work:
        settings = {
            **self._named_rows(system, source, [test_set]),
            **self._scored_by(),
            **self.part(test_set, part),
        }
        return Work(settings, self._scoring(system, source, [test_set]))

    def scored_parts(self, system: str, source: str) -> Mapping[str, Sequence[Artifact]]:
        """What the scores of all test sets wait for, as `Work.after` takes it."""
        parts = [
            self.score_part(system, source, test_set, part) for test_set in self.cells for part in self.parts(test_set)
        ]
        return {PARTS: [job.outputs["scores"][0] for job in parts]} if parts else {}

    def _predicting(self, system: str, source: str, test_set: str) -> Work:
        """Of the floor above: the prediction of a whole test set."""
        raise NotImplementedError

    def _named_rows(self, system: str, source: str, cells: Iterable[str]) -> dict:
        """Of a floor above: what rows of scores say of a contestant and these test sets."""
        raise NotImplementedError

    def _scored_by(self) -> dict:
        """Of a floor above: the metrics of images."""
        raise NotImplementedError

    def _scoring(self, system: str, source: str, cells: list[str]) -> dict[str, list[Artifact] | list[str]]:
        """Of a floor above: what scoring these test sets takes."""
        raise NotImplementedError
