"""Who takes part: systems, sources, sets and their combinations, as the config names them."""

from pathlib import Path

from lacuna.axes import (
    CONDITIONS,
    IMAGE_SIZE,
    REPEAT,
    SAMPLE,
    TEST_MASKS,
    TRAIN_MASKS,
    as_list,
    axes_of,
    selection_of,
    sizes_of,
)
from lacuna.config import complete, suggest, validate
from lacuna.contestants import PREDICTIONS
from lacuna.controls import TITLES as CONTROLS
from lacuna.data.sizes import width_and_height
from lacuna.data.truths import scored, truths_of_sets
from lacuna.errors import LacunaError
from lacuna.places import RESULTS, WEIGHTS
from lacuna.plan.remembered_facts import remembered_facts
from lacuna.released.catalogue import PREFIX, released
from lacuna.released.fetching import found
from lacuna.sources import CONTROL, ELSEWHERE, UNTRAINED


class Names:
    """The names of one config, checked. Names that it does not know are `LacunaError`s.

    results: the folder of all results, which is another one in a module with a prefix.
    """

    def __init__(self, config: dict, cache_folder: str | Path = ".snakemake/lacuna", results: str = RESULTS):
        validate(config)
        self.config = config = complete(config)
        self.cache_folder = Path(cache_folder)
        self.run: str = config["run"]
        self.results = results
        self.folder = f"{RESULTS}/{self.run}"
        self.sources: dict[str, dict] = config["sources"]
        self.every = axes_of(config)
        self.sizes = sizes_of(config)
        self.selection = selection_of(config)
        self.test_sets: list[str] = scored(config["image_sets"], config["test_sets"])
        self.unscored_sets: list[str] = [name for name in config["test_sets"] if name not in self.test_sets]
        self.truths: dict[str, str] = truths_of_sets(config["image_sets"], config["test_sets"])
        self.systems: dict[str, dict] = {name: self._resolved(entry) for name, entry in config["systems"].items()}
        self.control_names: list[str] = list(CONTROLS) if config["controls"] else []
        self.set_metrics: list[str] = config["set_metrics"]
        self._facts = {label: self._describe(label) for label in self.systems}
        for label, entry in self.systems.items():
            for key in sorted(entry.keys() & {"training", "training_on"}):
                if not self.is_trained(label):
                    raise LacunaError(f"in the config, systems.{label} has '{key}', but is not trained; remove it")
        trained = [label for label in self.systems if self.is_trained(label)]
        if trained and not self.sources:
            raise LacunaError("in the config, a system needs training but 'sources' is empty; add a training set")
        for label in trained:
            for size in self.sizes.values():
                self._require_size(label, size)
        self._require_axes(trained)

    def _resolved(self, entry: dict) -> dict:
        """A system's entry with its file in the place of `catalogue:NAME`, and the settings that belong to the file."""
        name = entry.get("weights") or ""
        if not name.startswith(PREFIX):
            return entry
        path, settings = found(name, self.placed(WEIGHTS)), {**released(name).settings, **entry.get("settings", {})}
        return {**entry, "weights": path.as_posix(), "settings": settings}

    def placed(self, path: str) -> str:
        """Where a path of the rules, which begins with `results/`, lies in truth."""
        return self.results + path.removeprefix(RESULTS)

    def asked(self, path: str) -> str:
        """The path by which a rule asks for a result: Snakemake puts a module's prefix before it."""
        return RESULTS + path.removeprefix(self.results)

    def _describe(self, label: str) -> dict:
        if self.is_given(label) or self.is_outside(label):
            return {
                "title": label,
                "kind": "outside" if self.is_outside(label) else "classical",
                "trained": False,
                "draws": False,
                "backbones": [],
                "augmentation": None,
                "scale": None,
            }
        return remembered_facts(self.registered_name(label), self.systems[label].get("settings", {}), self.cache_folder)

    def _require_size(self, label: str, image_size: int | list[int]) -> None:
        """Predictions are padded, but a network learns from images as they are."""
        width, height = width_and_height(image_size)
        minimal, multiple = (self._facts[label][name] for name in ("minimal_size", "size_multiple"))
        if min(width, height) < minimal or width % multiple or height % multiple:
            raise LacunaError(
                f"in the config, image_size is {width}×{height}, but systems.{label} is trained at sizes of at least "
                f"{minimal} pixels that are multiples of {multiple}; choose another size, or leave the system out"
            )

    def _require_axes(self, trained: list[str]) -> None:
        """An axis says something of one system at least, and given predictions differ where pictures do."""
        several = self.every.several
        for axis, key in ((TRAIN_MASKS, "train_masks names several mask sets"), (REPEAT, "repeats is above 1")):
            if axis in several and not trained:
                raise LacunaError(f"in the config, {key}, but no system is trained here; give one value")
        if SAMPLE in several and not self.drawing():
            raise LacunaError(
                "in the config, samples is above 1, but no system draws its predictions at its settings; give 1, or "
                "add a system that draws, such as tfill"
            )
        for label in self.labels(given=True):
            path = self.systems[label]["path"]
            for axis in (TEST_MASKS, IMAGE_SIZE):
                if axis in several and f"{{{axis}}}" not in path:
                    raise LacunaError(
                        f"in the config, {axis} has several values, but systems.{label}.path is '{path}', one folder "
                        f"for all of them; write {{{axis}}} where its value stands in the path"
                    )

    def axes(self) -> dict[str, list]:
        """The axes of masks and sizes with more than one value, and their values as rows have them."""
        return {axis: values for axis, values in self.every.several.items() if axis in CONDITIONS}

    @property
    def repeats(self) -> int:
        """How often every system is trained."""
        return len(self.every.values[REPEAT])

    @property
    def samples(self) -> int:
        """How many predictions a system that draws makes."""
        return len(self.every.values[SAMPLE])

    def drawing(self) -> list[str]:
        """The systems that draw their predictions."""
        return [label for label in self.systems if self._facts[label]["draws"]]

    @property
    def image_size(self) -> int | list[int]:
        """The size of what is shown."""
        return self.sizes[self.selection[IMAGE_SIZE]]

    def registered_name(self, label: str) -> str:
        """The registry's name of the system behind a label."""
        return self.systems[label].get("system", label)

    def is_given(self, label: str) -> bool:
        """Whether this system is a folder of somebody else's predictions."""
        return self.systems[label].get("kind") == PREDICTIONS

    def is_outside(self, label: str) -> bool:
        """Whether this system is somebody's program or network, which predicts here."""
        return self.systems[label].get("kind", PREDICTIONS) != PREDICTIONS

    def outside(self) -> list[str]:
        """The systems that are somebody's programs or networks."""
        return [label for label in self.systems if self.is_outside(label)]

    def is_trained(self, label: str) -> bool:
        """Whether this system is trained by this run, from random weights or from those that the config names."""
        entry = self.systems[label]
        return self._facts[label]["trained"] and ("weights" not in entry or "training" in entry)

    def uses_gpu(self, label: str) -> int:
        """The number of GPUs a prediction job of this system asks for."""
        if self.is_outside(label):
            return int(self.systems[label]["gpu"])
        return int(self._facts[label]["kind"] != "classical")

    def sources_of(self, label: str) -> list[str]:
        """The sources a system has results for: every source if it is trained here, else the one that says why not."""
        if self.is_trained(label):
            return list(self.sources)
        return [ELSEWHERE if {"kind", "weights"} & self.systems[label].keys() else UNTRAINED]

    def labels(self, given: bool) -> list[str]:
        """The systems that are folders of predictions, or those of the registry."""
        return [name for name in self.systems if self.is_given(name) == given and not self.is_outside(name)]

    def paged_sources(self) -> list[str]:
        """The sources whose tables are written: without any, the one of systems that need none."""
        return list(self.sources) or [UNTRAINED]

    def trainings(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are trained."""
        return [(label, source) for label in self.systems if self.is_trained(label) for source in self.sources]

    def contestants(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are compared."""
        return [(label, source) for label in self.systems for source in self.sources_of(label)]

    def predictions(self) -> list[tuple[str, str, str]]:
        """All (system, source, test set) combinations that are predicted and scored."""
        return [(*contestant, test_set) for contestant in self.contestants() for test_set in self.test_sets]

    def shown_predictions(self) -> list[tuple[str, str, str]]:
        """All (system, source, test set) combinations that are predicted and shown, where nobody knows the truth."""
        return [
            (label, source, test_set)
            for label in self.systems
            for source in self.sources_of(label)
            for test_set in self.unscored_sets
        ]

    def control_keys(self) -> list[tuple[str, str]]:
        """All (control, `control`) pairs, in the form of `contestants`."""
        return [(name, CONTROL) for name in self.control_names]

    def role_sets(self, role: str) -> list[str]:
        """The image sets of a role: `train`, `validation` or `test`."""
        if role == "test":
            return list(self.config["test_sets"])
        return list(dict.fromkeys(entry[role] for entry in self.sources.values()))

    def masked_sets(self) -> list[str]:
        """All image sets that masks are laid over."""
        return [name for role in ("train", "validation", "test") for name in self.role_sets(role)]

    def truth_sets(self) -> list[str]:
        """The image sets that are nothing but the truth of others."""
        return list(dict.fromkeys(self.truths.values()))

    def image_sets(self) -> list[str]:
        """All image sets that the run uses."""
        return [*self.masked_sets(), *self.truth_sets()]

    def masks_for(self, image_set: str) -> list[str]:
        """The mask sets that are laid over an image set, one after the other."""
        for role in ("train", "validation", "test"):
            if image_set in self.role_sets(role):
                own = self.config["image_sets"][image_set].get("masks")
                return [own] if own else as_list(self.config[f"{role}_masks"])
        raise LacunaError(
            f"image set '{image_set}' plays no role in the config; {suggest(image_set, self.masked_sets())}"
        )

    def mask_sets(self) -> list[str]:
        """All mask sets that the run uses."""
        return list(dict.fromkeys(masks for name in self.masked_sets() for masks in self.masks_for(name)))

    def is_exporting(self) -> bool:
        """Whether the run writes its networks as ONNX files, too."""
        return self.config["export"] is not False

    def exports(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are written as ONNX files: whatever has a network with weights."""
        if not self.is_exporting():
            return []
        kept = [label for label in self.systems if self._facts[label]["kind"] == "deep"]
        return [(label, source) for label in kept for source in self.sources_of(label)]

    def measured_exports(self, label: str) -> list[tuple[str, str]]:
        """The export that a system is timed with: that of its first source, if there is one."""
        return [key for key in self.exports() if key[0] == label][:1]

    def titles(self) -> dict:
        """What tables and figures call things: lists of [name, title], because their order is the config's."""
        image_sets = self.config["image_sets"]

        def named(sets: list[str]) -> list[list[str]]:
            return [[name, image_sets[name].get("title", name)] for name in sets]

        unscored = {"unscored_sets": named(self.unscored_sets)} if self.unscored_sets else {}
        return {
            "run": self.run,
            "title": self.config["title"],
            "demonstration": self.config["demonstration"],
            "systems": [
                [label, entry.get("title") or self._facts[label]["title"]] for label, entry in self.systems.items()
            ],
            "sources": [[name, entry.get("title", name)] for name, entry in self.sources.items()],
            "test_sets": named(self.test_sets),
            **unscored,
            **self._axes_in_words(),
        }

    def _axes_in_words(self) -> dict:
        """All values of the axes, and which are shown; nothing where there is one of each."""
        if not self.every.several:
            return {}
        values = {axis: list(self.every.values[axis]) for axis in CONDITIONS}
        chosen = {axis: self.selection[axis] for axis in self.axes()}
        return {"axes": values | {"repeats": self.repeats, "samples": self.samples}, "selection": chosen}
