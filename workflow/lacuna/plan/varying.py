"""What an axis of several values makes several of: trainings, contestants, test sets, images and masks."""

from collections.abc import Iterable
from functools import cached_property

from lacuna.axes import IMAGE_SIZE, REPEAT, SAMPLE, TEST_MASKS, TRAIN_MASKS, Variant
from lacuna.plan.names import Names
from lacuna.sources import ELSEWHERE, UNTRAINED


class Varying(Names):
    """All trainings (`learners`), contestants (`entrants`) and test sets (`cells`), by the names that stand in paths.

    What is shown is of one of each, which the config's names stand for: `contestants`, `predictions`, `exports` and the
    like are of the selection, of the first training and the first sample. Without an axis of several values, the names
    of paths are the config's, and the two are the same.
    """

    def _chosen(self, base: str, *axes: str) -> Variant:
        """The variant of a name that is shown."""
        return self.every.variant(base, {axis: self.selection.get(axis, 1) for axis in axes})

    def _learner_axes(self) -> tuple[str, ...]:
        return TRAIN_MASKS, IMAGE_SIZE, REPEAT

    def _entrant_axes(self, label: str) -> tuple[str, ...]:
        """A contestant is trained, drawn from, both or neither; at every size it is another training."""
        known = self._facts.get(label)  # neither controls nor adapted networks
        trained = (TRAIN_MASKS, REPEAT) if known and self.is_trained(label) else ()
        return (*trained, SAMPLE) if known and known["draws"] else trained

    @cached_property
    def learners(self) -> dict[str, Variant]:
        """Name → every training of a system: its source, masks, size and seed."""
        return _by_name(each for source in self.sources for each in self.every.variants(source, *self._learner_axes()))

    def learner(self, source: str, size: str = "", entrant: Variant | None = None) -> Variant:
        """The training of an entrant at a size; without them, the one that is shown."""
        chosen = dict(self._chosen(source, *self._learner_axes()).values)
        if entrant:
            chosen |= {axis: value for axis, value in entrant.values.items() if axis in chosen}
        return self.every.variant(source, chosen | ({IMAGE_SIZE: size} if size else {}))

    def every_training(self) -> list[tuple[str, str]]:
        """All (system, name of a training)."""
        return [(label, name) for label in self.systems if self.is_trained(label) for name in self.learners]

    def entrants_of(self, label: str) -> list[Variant]:
        """All contestants that a system is: by source, masks and seed of its training, and sample."""
        axes = self._entrant_axes(label)
        return [each for source in self.sources_of(label) for each in self.every.variants(source, *axes)]

    def entrant(self, label: str, name: str) -> Variant:
        """The contestant of a name of paths, or the one that is shown of a source."""
        return self._entrants(label).get(name) or self._chosen(name, *self._entrant_axes(label))

    def _entrants(self, label: str) -> dict[str, Variant]:
        if label not in self._entrants_by_name:
            self._entrants_by_name[label] = _by_name(self.entrants_of(label) if label in self.systems else [])
        return self._entrants_by_name[label]

    @cached_property
    def _entrants_by_name(self) -> dict[str, dict[str, Variant]]:
        return {}

    def entrants(self) -> list[tuple[str, str]]:
        """All (system, name) of contestants that are scored."""
        return [(label, each.name) for label in self.systems for each in self.entrants_of(label)]

    def samples_of(self, label: str) -> dict[str, list[str]]:
        """Name → the contestants that are samples of one training, or of a system that is not trained here."""
        axes = tuple(axis for axis in self._entrant_axes(label) if axis != SAMPLE)
        found: dict[str, list[str]] = {}
        for each in self.entrants_of(label):
            together = self.every.variant(each.base, {axis: each.values[axis] for axis in axes})
            found.setdefault(together.name, []).append(each.name)
        return found

    def sampled(self) -> list[tuple[str, str]]:
        """All (system, name) that several samples are drawn of."""
        return [(label, name) for label in self.drawing() for name in self.samples_of(label) if self.samples > 1]

    @cached_property
    def cells(self) -> dict[str, Variant]:
        """Name → every test set with a truth, under every masks and at every size."""
        return _by_name(each for name in self.test_sets for each in self.every.variants(name, TEST_MASKS, IMAGE_SIZE))

    @cached_property
    def listed(self) -> dict[str, Variant]:
        """Name → every list of images and masks. Test sets without a truth are only shown."""
        found = [
            each
            for role in ("train", "validation")
            for name in self.role_sets(role)
            for each in self.every.variants(name, *self._list_axes(name))
        ]
        found += [self._chosen(name, *self._list_axes(name)) for name in self.unscored_sets]
        return _by_name(found) | self.cells

    def list_of(self, image_set: str) -> Variant:
        """The list of a name of paths, or the one that is shown of an image set."""
        if image_set in self.listed:
            return self.listed[image_set]
        self.masks_for(image_set)  # refuses a name that plays no role
        return self._chosen(image_set, *self._list_axes(image_set))

    def _list_axes(self, image_set: str) -> tuple[str, ...]:
        if image_set in self.role_sets("validation"):
            return (IMAGE_SIZE,)
        return (TRAIN_MASKS if image_set in self.role_sets("train") else TEST_MASKS), IMAGE_SIZE

    def masks_of(self, listed: Variant) -> str:
        """The mask set of a list, as the config names it."""
        own = self.config["image_sets"][listed.base].get("masks")
        named = listed.values.get(TRAIN_MASKS) or listed.values.get(TEST_MASKS) or self.config["validation_masks"]
        return own or str(named)

    @cached_property
    def staged(self) -> dict[str, Variant]:
        """Name → every image set at every size."""
        return _by_name(each for name in self.image_sets() for each in self.every.variants(name, IMAGE_SIZE))

    @cached_property
    def masked(self) -> dict[str, Variant]:
        """Name → every mask set at every size."""
        return _by_name(each for name in self.mask_sets() for each in self.every.variants(name, IMAGE_SIZE))

    def at_size(self, base: str, size: str = "") -> str:
        """The name of an image or mask set at a size; without one, at the size that is shown."""
        return self.every.variant(base, {IMAGE_SIZE: size or self.selection[IMAGE_SIZE]}).name

    def names_in_paths(self, wildcard: str) -> list[str]:
        """All values that a wildcard of the rules may have."""
        known: dict[str, Iterable[str]] = {
            "source": [*self.sources, UNTRAINED, ELSEWHERE, *self.learners, *(name for _, name in self.entrants())],
            "test_set": [*self.config["test_sets"], *self.listed],
            "image_set": [*self.image_sets(), *self.staged, *self.listed],
            "mask_set": self.masked,
        }
        return list(dict.fromkeys(known[wildcard]))

    def places(self) -> dict:
        """For settings of what shows: `places` of `lacuna.axes.placed`; nothing where names are the config's."""
        if not self.every.several:
            return {}
        shown = {
            "images": {name: self.at_size(name) for name in self.image_sets()},
            "masks": {name: self.at_size(name) for name in self.mask_sets()},
            "lists": {name: self.list_of(name).name for name in self.masked_sets()},
            "training": {source: self.learner(source).name for source in self.sources},
            "predictions": {
                label: {source: self.entrant(label, source).name for source in self.sources_of(label)}
                for label in self.systems
            },
        }
        return {"places": shown}

    def control_predictions(self) -> list[tuple[str, str, str]]:
        """All (control, `control`, cell) combinations."""
        return [(*key, cell) for key in self.control_keys() for cell in self.cells]

    def scored_as_sets(self) -> list[tuple[str, str]]:
        """All (system or control, source) pairs whose pictures are scored as whole sets: none without set metrics."""
        return [*self.entrants(), *self.control_keys()] if self.set_metrics else []


def _by_name(variants: Iterable[Variant]) -> dict[str, Variant]:
    return {each.name: each for each in variants}
