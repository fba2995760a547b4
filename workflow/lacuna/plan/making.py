"""The jobs that make things: images, masks, lists, weights, predictions."""

from functools import cache
from pathlib import Path

from lacuna.backbones.catalogue import backbone
from lacuna.canonical import digest
from lacuna.data.fingerprint import contents_of, fingerprint
from lacuna.data.packages import files_of_packages
from lacuna.errors import LacunaError
from lacuna.plan.files import FileNames
from lacuna.plan.job import Job
from lacuna.yardsticks import SOURCE as YARDSTICK


class Making(FileNames):
    """From the staging of images to the pictures of every system and yardstick."""

    @cache  # noqa: B019 - a plan lives as long as the program
    def stage(self, name: str) -> Job:
        entry = self.config["image_sets"][name]
        settings = {
            "name": name,
            "title": name,
            "crop": "center",
            "crop_scale": [1.0, 1.0],
            "count": None,
            "licence": "not stated",
            "note": "",
            "seed": self.config["seed"],
            **entry,
            "image_size": self.config["image_size"],
        }
        return Job("stage", settings, content=self._content(entry))

    @cache  # noqa: B019
    def make_masks(self, name: str) -> Job:
        entry = self.config["mask_sets"][name]
        settings = {
            "name": name,
            "coverage": [0.01, 0.6],
            "bins": 6,
            "options": {},
            "seed": self.config["seed"],
            **entry,
            "image_size": self.config["image_size"],
        }
        return Job("make_masks", settings, (), (f"lacuna.data.masks.{entry['kind']}",), self._content(entry))

    @cache  # noqa: B019
    def pair(self, image_set: str) -> Job:
        mode = "drawn" if image_set in self.role_sets("train") else "paired"
        upstream = (self.stage(image_set), self.make_masks(self.masks_for(image_set)))
        settings = {"name": image_set, "mode": mode, "seed": self.config["seed"]}
        pairing = self.config["mask_sets"][self.masks_for(image_set)].get("pairing", "drawn")
        return Job("pair", settings if pairing == "drawn" else {**settings, "pairing": pairing}, upstream)

    @cache  # noqa: B019
    def check_splits(self) -> Job:
        return Job("check_splits", {}, tuple(self.stage(name) for name in self.image_sets()))

    @cache  # noqa: B019
    def fetch_backbone(self, name: str) -> Job:
        entry = backbone(name)
        return Job("fetch_backbone", {"name": name}, outcome=entry.weights_sha256 or entry.origins[0].sha256)

    @cache  # noqa: B019
    def train(self, label: str, source: str) -> Job:
        entry, sets = self.systems[label], self.sources[source]
        settings = {
            "system": self.registered_name(label),
            "settings": entry.get("settings", {}),
            "source": source,
            "image_size": self.config["image_size"],
            "seed": self.config["seed"],
            "training": self._training_settings(label),
        }
        lists = (self.pair(sets["train"]), self.pair(sets["validation"]))
        return Job("train", settings, (*lists, *self._fetched("train", label)), (self._module(label),))

    @cache  # noqa: B019
    def predict(self, label: str, source: str, test_set: str) -> Job:
        if self.is_given(label):
            return self.import_predictions(label, test_set)
        settings = {
            "system": self.registered_name(label),
            "settings": self.systems[label].get("settings", {}),
            "source": source,
            "test_set": test_set,
            "image_size": self.config["image_size"],
            "seed": self.config["seed"],
        }
        upstream = (self.pair(test_set), *self._trained(label, source))
        return Job("predict", settings, upstream, (self._module(label),), self._weights_content(label))

    @cache  # noqa: B019
    def import_predictions(self, label: str, test_set: str) -> Job:
        folder = self.systems[label]["path"].replace("{test_set}", test_set)
        settings = {"system": label, "test_set": test_set}
        return Job("import_predictions", settings, (self.pair(test_set),), content=self._fingerprint(folder))

    @cache  # noqa: B019
    def make_yardsticks(self) -> Job:
        settings = {"yardsticks": self.yardsticks, "test_sets": self.test_sets}
        return Job("yardsticks", settings, tuple(self.pair(name) for name in self.test_sets))

    def _all_predicted(self, label: str, source: str) -> tuple[Job, ...]:
        """The jobs that made a system's or a yardstick's pictures of all test sets."""
        if source == YARDSTICK:
            return (self.make_yardsticks(),)
        return tuple(self.predict(label, source, test_set) for test_set in self.test_sets)

    def _trained(self, label: str, source: str) -> tuple[Job, ...]:
        return (self.train(label, source),) if self.is_trained(label) else ()

    def _fetched(self, stage: str, label: str = "") -> tuple[Job, ...]:
        return tuple(self.fetch_backbone(name) for name in self.backbones(stage, label))

    def _module(self, label: str) -> str:
        return f"lacuna.systems.{self.registered_name(label)}"

    def _training_settings(self, label: str) -> dict:
        """The budget of a system: its own keys over the config's; at most one of `iterations` and `seconds`."""
        own = self.systems[label].get("training", {})
        common = dict(self.config["training"])
        if {"iterations", "seconds"} & own.keys():
            common = {key: value for key, value in common.items() if key not in ("iterations", "seconds")}
        merged = {key: value for key, value in {**common, **own}.items() if value is not None}
        if "iterations" in merged and "seconds" in merged:
            raise LacunaError(
                f"in the config, the training of '{label}' takes either 'iterations' or 'seconds'; give one of them."
            )
        return merged

    def _content(self, entry: dict) -> str:
        """Digest of the user's own files behind a set: a changed photograph is seen, a touched one is not."""
        if "images" in entry:
            return digest(*contents_of(files_of_packages(entry["images"]), self.cache_folder / "fingerprints.json"))
        if "path" not in entry:
            return ""
        return self._fingerprint(entry["path"], entry.get("pattern", "**/*"))

    def _weights_content(self, label: str) -> str:
        """Digest of the file of weights that the config names for a system; empty without one."""
        weights = self.systems[label].get("weights")
        return contents_of([Path(weights)], self.cache_folder / "fingerprints.json")[0] if weights else ""

    def _fingerprint(self, folder: str | Path, pattern: str = "**/*") -> str:
        return fingerprint(folder, pattern, self.cache_folder / "fingerprints.json")
