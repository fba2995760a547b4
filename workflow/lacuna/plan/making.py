"""The jobs that make things: images, masks, lists, weights, predictions.

Each method is a stage: its parameters are the rule's wildcards, its outputs the only place where these paths stand.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lacuna import contestants, recorded, sidecars
from lacuna.axes import IMAGE_SIZE, REPEAT, SAMPLE, TEST_MASKS, TRAIN_MASKS
from lacuna.backbones import catalogue
from lacuna.canonical import canonical_json, digest, seed_of
from lacuna.data import image_sources, masks
from lacuna.data.downloads import wanted
from lacuna.data.fingerprint import contents_of, fingerprint
from lacuna.data.indexes import TABLE
from lacuna.data.packages import files_of_packages
from lacuna.data.walking import files_below
from lacuna.digests import code_digests
from lacuna.downloading import split_address
from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.places import RESULTS
from lacuna.plan.job import Artifact, Job, is_made
from lacuna.plan.scattering import Scattering
from lacuna.plan.stages import Stage, Work, declare
from lacuna.sources import CONTROL

PREDICTIONS = {
    "index": "{folder}/predictions/{system}/{source}/{test_set}/index.csv",
    "record": "{folder}/predictions/{system}/{source}/{test_set}/record.json",
}
PICTURES = ("*.png", TABLE)


class Making(Scattering):
    """From the staging of images to the pictures of every system and control."""

    def _job(self, declared: Stage, key: dict[str, str], work: Work) -> Job:
        """The job of a stage's work. Where its result was accepted for what is asked for now, it has that digest."""
        inputs = {name: tuple(paths) for name, paths in work.inputs.items()}
        plain = [path for paths in inputs.values() for path in paths if not is_made(path)]
        hashes = contents_of([Path(path) for path in plain], self.cache_folder / "fingerprints.json") if plain else []
        patterns = declared.patterns(self) | work.outputs
        outputs = {
            name: tuple(self.placed(filled(each, key)) for each in each_of) for name, each_of in patterns.items()
        }
        computing = not work.outcome
        job = Job(
            declared.name,
            key,
            work.settings,
            inputs,
            outputs,  # type: ignore[arg-type]  # the job makes its artifacts of these paths
            {name: tuple(paths) for name, paths in work.after.items()},
            {**work.contents, **dict(zip(plain, hashes, strict=True))},
            code_digests((f"lacuna.steps.{declared.name}", *work.modules)) if computing else {},
            declared.packages if computing else {},
            work.outcome,
            declared.beside,
        )
        head = sidecars.head(job.first)
        return replace(job, accepted_as=head.digest) if job.own_digest in head.accepted else job

    @declare(
        "data",
        {
            "index": "{folder}/images/{image_set}/index.csv",
            "card": "{folder}/images/{image_set}/card.json",
            "quarantine": "{folder}/images/{image_set}/quarantine.csv",
        },
        beside=PICTURES,
    )
    def stage(self, image_set: str) -> Work:
        staged = self.staged[image_set]
        name, entry = staged.base, self.config["image_sets"][staged.base]
        settings = {
            "name": name,
            "title": name,
            "seed": self.config["seed"],
            **{key: value for key, value in entry.items() if key not in ("truth", "masks")},
            "image_size": self.sizes[staged.size],
        }
        modules = (f"lacuna.data.image_sources.{entry['kind']}",)
        inputs = {"downloads": self.fetch_data(name).outputs["record"]} if self._addresses(name) else {}
        return Work(settings, inputs, modules=modules, contents=self._content(entry, "photographs"))

    @declare("data", {"record": "{folder}/downloads/{image_set}.json"})
    def fetch_data(self, image_set: str) -> Work:
        """The files themselves lie where all runs find them."""
        addresses = self._addresses(image_set)
        hashes = [
            each["checksum"] or canonical_json(each["urls"]) if isinstance(each, dict) else split_address(each)[1]
            for each in addresses
        ]
        settings = {"addresses": addresses, "folder": self.placed(f"{RESULTS}/downloads")}
        return Work(settings, outcome=digest(*hashes))

    @declare(
        "data",
        {"index": "{folder}/masks/{mask_set}/index.csv", "card": "{folder}/masks/{mask_set}/card.json"},
        beside=PICTURES,
    )
    def make_masks(self, mask_set: str) -> Work:
        masked = self.masked[mask_set]
        entry = self.config["mask_sets"][masked.base]
        settings = {
            "name": masked.base,
            "seed": self.config["seed"],
            **entry,
            "image_size": self.sizes[masked.size],
        }
        modules = (f"lacuna.data.masks.{entry['kind']}",)
        return Work(settings, modules=modules, contents=self._content(entry, "masks"))

    @declare("data", {"list": "{folder}/lists/{image_set}.txt"})
    def pair(self, image_set: str) -> Work:
        listed = self.list_of(image_set)
        name, masks, size = listed.base, self.masks_of(listed), listed.size
        mode = "drawn" if name in self.role_sets("train") else "paired"
        pairing = self.config["mask_sets"][masks].get("pairing", "drawn")
        settings = {"name": name, "mode": mode, "seed": self.config["seed"], "pairing": pairing}
        inputs = {
            "images": self.stage(self.at_size(name, size)).outputs["index"],
            "masks": self.make_masks(self.at_size(masks, size)).outputs["index"],
        }
        if name in self.truths:
            inputs["truths"] = self.stage(self.at_size(self.truths[name], size)).outputs["index"]
        return Work(settings, inputs)

    @declare("data", {"splits": "{folder}/images/splits.json"})
    def check_splits(self) -> Work:
        """At one size: the photographs of another are the same."""

        def indexes(*roles: str) -> list[Artifact]:
            return self._images(name for role in roles for name in self.role_sets(role))

        truths = self._images(self.truth_sets())
        return Work({}, {"training": indexes("train"), "evaluation": [*indexes("validation", "test"), *truths]})

    @declare("torch", {"weights": "results/backbones/{backbone}.{extension}"})
    def fetch_backbone(self, backbone: str, extension: str) -> Work:
        entry = catalogue.backbone(backbone)
        return Work({"name": backbone}, outcome=entry.weights_sha256 or entry.origins[0].sha256)

    @declare(
        "torch",
        {
            "weights": "{folder}/training/{system}/{source}/weights.safetensors",
            "state": "{folder}/training/{system}/{source}/training_state.safetensors",
            "losses": "{folder}/training/{system}/{source}/losses.csv",
            "validation": "{folder}/training/{system}/{source}/validation.csv",
            "record": "{folder}/training/{system}/{source}/record.json",
            "samples": "{folder}/training/{system}/{source}/samples.png",
        },
    )
    def train(self, system: str, source: str) -> Work:
        learner = self.learners[source]
        masks, size = learner.values[TRAIN_MASKS], learner.size
        settings = {
            "system": self.registered_name(system),
            "settings": self.systems[system].get("settings", {}),
            "source": learner.base,
            "image_size": self.sizes[size],
            "seed": self._seed(REPEAT, learner.values[REPEAT]),
            "training": self._training_settings(system, learner.base),
        }
        sets = self.sources[learner.base]
        learns_from = self.every.variant(sets["train"], {TRAIN_MASKS: masks, IMAGE_SIZE: size})
        inputs = {
            "train": self.pair(learns_from.name).outputs["list"],
            "validation": self.pair(self.at_size(sets["validation"], size)).outputs["list"],
            "backbones": self._fetched(self._facts[system]["backbones"]),
            "initial": self._named_weights(system),
        }
        return Work(settings, inputs, modules=self._modules(system))

    @declare("torch", PREDICTIONS, beside=PICTURES)
    def predict(self, system: str, source: str, test_set: str) -> Work:
        return replace(self._predicting(system, source, test_set), after=self.predicted_parts(system, source, test_set))

    def _predicting(self, system: str, source: str, test_set: str) -> Work:
        """A network completes pictures of the size that it learned from."""
        entrant, cell = self.entrant(system, source), self.list_of(test_set)
        size = cell.size
        settings = {
            "system": self.registered_name(system),
            "settings": self.systems[system].get("settings", {}),
            "source": entrant.base,
            "test_set": cell.base,
            "image_size": self.sizes[size],
            "seed": self._seed(SAMPLE, entrant.values.get(SAMPLE, 1)),
        }
        weights = self.weights_of(system, self.learner(entrant.base, size, entrant).name)
        return Work(
            settings, {"pairs": self.pair(cell.name).outputs["list"], "weights": weights}, modules=self._modules(system)
        )

    @declare("data", PREDICTIONS, beside=PICTURES)
    def import_predictions(self, system: str, source: str, test_set: str) -> Work:
        """Their folder may be made later, from the staged pictures: until then it has no content."""
        cell = self.list_of(test_set)
        folder = self.systems[system]["path"].replace("{test_set}", cell.base)
        for axis in (TEST_MASKS, IMAGE_SIZE):
            folder = folder.replace(f"{{{axis}}}", str(cell.values[axis]))
        content = self._fingerprint(folder) if Path(folder).is_dir() else "not there"
        settings = {"system": system, "test_set": cell.base, "folder": folder}
        return Work(settings, {"pairs": self.pair(cell.name).outputs["list"]}, contents={"predictions": content})

    @declare("torch", PREDICTIONS, beside=PICTURES)
    def predict_outside(self, system: str, source: str, test_set: str) -> Work:
        """Somebody's program or network, pinned by what its files hold."""
        entry = {name: value for name, value in self.systems[system].items() if name != "title"}
        kind, cell = contestants.load(entry["kind"]), self.list_of(test_set)
        settings = {"label": system, "source": source, "test_set": cell.base, "entry": entry}
        contents = {path: self._content_of(system, path) for path in kind.pinned(entry)}
        inputs = {"pairs": self.pair(cell.name).outputs["list"], "exported": self._exported_for(system)}
        modules = (f"lacuna.contestants.{entry['kind']}",)
        return Work({**settings, "seed": self.config["seed"]}, inputs, modules=modules, contents=contents)

    @declare("torch", {"script": "{folder}/export/{system}/{source}/script.pt"})
    def script(self, system: str, source: str) -> Work:
        """Only where a contestant of kind `torchscript` asks for it."""
        settings = {
            "system": self.registered_name(system),
            "settings": self.systems[system].get("settings", {}),
            "image_size": self.image_size,
        }
        return Work(settings, {"weights": self.shown_weights(system, source)}, modules=self._modules(system))

    @declare(
        "data",
        {
            "indexes": lambda plan: [
                f"{{folder}}/predictions/{name}/{source}/{test_set}/index.csv"
                for name, source, test_set in plan.control_predictions()
            ]
        },
        beside=PICTURES,
    )
    def controls(self) -> Work:
        settings = {"controls": self.control_names, "test_sets": list(self.cells)}
        return Work(settings, {"pairs": self._lists(*self.cells)})

    def predicted(self, system: str, source: str, test_set: str) -> Job:
        """The job that makes a system's predictions, or takes in given ones; by names of paths, or what is shown."""
        source, test_set = self.entrant(system, source).name, self.list_of(test_set).name
        if self.is_outside(system):
            return self.predict_outside(system, source, test_set)
        given = self.is_given(system)
        return (self.import_predictions if given else self.predict)(system, source, test_set)

    def weights_of(self, system: str, source: str) -> list[str]:
        """The weights that a system predicts with, of a training or named in the config; none for one without."""
        if self.is_trained(system):
            return list(self.train(system, source).outputs["weights"])
        return self._named_weights(system)

    def shown_training(self, system: str, source: str) -> Job:
        """The training that is shown of a source."""
        return self.train(system, self.learner(source).name)

    def shown_weights(self, system: str, source: str) -> list[str]:
        """The weights of the training that is shown of a source, as `weights_of`."""
        return self.weights_of(system, self.learner(source).name)

    def _named_weights(self, system: str) -> list[str]:
        """The file of weights that the config names: a training begins with it, and without training it predicts."""
        return [path for path in [self.systems[system].get("weights")] if path]

    def _exported_for(self, label: str) -> list[Artifact]:
        """What the run itself writes for a contestant from outside; none for one with a file of its own."""
        entry = self.systems[label]
        if "exported" not in entry:
            return []
        system, _, source = entry["exported"].partition("/")
        known = [f"{name}/{each}" for name in self.labels(given=False) for each in self.sources_of(name)]
        known = [each for each in known if self._facts[each.partition("/")[0]]["kind"] == "deep"]
        if entry["exported"] not in known:
            raise LacunaError(
                f"in the config, systems.{label}.exported is '{entry['exported']}', which this run does not write; "
                f"give one of {', '.join(known) or 'none, for there is none'}"
            )
        if entry["kind"] == "torchscript":
            return list(self.script(system, source).outputs["script"])
        return list(self._record_of_export(system, source))

    def _record_of_export(self, system: str, source: str) -> tuple[Artifact, ...]:
        """Of the floor above, which exports."""
        raise NotImplementedError

    def _content_of(self, label: str, path: str) -> str:
        """Digest of a file, or of the names and contents of all files of a folder, that pins a contestant."""
        cache, whole = self.cache_folder / "fingerprints.json", Path(path)
        if whole.is_dir():
            files = files_below(whole, "**/*")
            contents = contents_of([whole / each for each in files], cache)
            return digest(*(part for pair in zip(map(str, files), contents, strict=True) for part in pair))
        if not whole.is_file():
            raise LacunaError(f"in the config, systems.{label} names {path}, which does not exist; correct it")
        return contents_of([whole], cache)[0]

    def metrics_without_embeddings(self) -> list[str]:
        """The config's metrics but those of its own backbones, which exports and adapted copies are not judged by."""
        return [name for name in self.config["metrics"] if not metric_by_name(name).network]

    def backbones_of_scores(self) -> list[str]:
        """Names of the pretrained networks that the metrics need."""
        return sorted({name for metric in self.config["metrics"] for name in metric_by_name(metric).backbones})

    def _lists(self, *image_sets: str) -> list[Artifact]:
        return [self.pair(self.list_of(name).name).outputs["list"][0] for name in image_sets]

    def _images(self, image_sets: Iterable[str]) -> list[Artifact]:
        """The indexes of image sets, at the size that is shown."""
        return [self.stage(self.at_size(name)).outputs["index"][0] for name in image_sets]

    def _seed(self, axis: str, number: str | int) -> int:
        """The seed of a repeat or a sample: the first has the run's."""
        return self.config["seed"] if number == 1 else seed_of(axis, number, self.config["seed"])

    def _indexes(self, system: str, source: str) -> list[Artifact]:
        """The indexes of a system's or a control's pictures, one a test set."""
        if source == CONTROL:
            made = dict(zip(self.control_predictions(), self.controls().outputs["indexes"], strict=True))
            return [made[system, source, cell] for cell in self.cells]
        return [self.predicted(system, source, cell).outputs["index"][0] for cell in self.cells]

    def _fetched(self, names: list[str]) -> list[Artifact]:
        """The files of pretrained networks."""
        files = (catalogue.backbone(name).file.rsplit(".", 1) for name in names)
        return [self.fetch_backbone(*file).outputs["weights"][0] for file in files]

    def _modules(self, system: str) -> tuple[str, ...]:
        return (f"lacuna.systems.{self.registered_name(system)}",)

    def _training_settings(self, label: str, source: str) -> dict:
        """The budget of a system on a source: that source's keys over the system's own, and those over the config's.

        Of `iterations` and `seconds` there is at most one.
        """
        entry, merged = self.systems[label], dict(self.config["training"])
        for own in (entry.get("training", {}), entry.get("training_on", {}).get(source, {})):
            if {"iterations", "seconds"} & own.keys():
                merged = {key: value for key, value in merged.items() if key not in ("iterations", "seconds")}
            merged |= own
        merged = {key: value for key, value in merged.items() if value is not None}
        if "iterations" in merged and "seconds" in merged:
            raise LacunaError(
                f"in the config, the training of '{label}' takes either 'iterations' or 'seconds'; give one of them"
            )
        if merged.get("augment") == "authors" and self._facts[label]["augmentation"] is None:
            raise LacunaError(
                f"in the config, the training of '{label}' has augment: authors, but what its authors do to pictures "
                "and masks is not known or cannot be done here; give keys of your own, or leave it out"
            )
        return merged

    def _addresses(self, image_set: str) -> list[str] | list[dict]:
        """What of an image set comes from the network, as `lacuna.data.downloads.fetch` takes it."""
        entry = self.config["image_sets"][image_set]
        kind = image_sources.load(entry["kind"])
        found = kind.downloads(entry) if hasattr(kind, "downloads") else []
        return wanted(kind.CARD, found) if hasattr(kind, "CARD") else found

    def _content(self, entry: dict, what: str) -> dict[str, str]:
        """Digest of the user's own files behind a set: a changed photograph is seen, a touched one is not."""
        if "images" in entry:
            return {what: digest(*self._contents_of_packages(entry["images"]))}
        kind = (image_sources if what == "photographs" else masks).load(entry["kind"])
        if hasattr(kind, "files"):
            paths = kind.files(entry)
            contents = contents_of(paths, self.cache_folder / "fingerprints.json")
            names = [os.fsencode(path.name) for path in paths]
            return {what: digest(*(part for pair in zip(names, contents, strict=True) for part in pair))}
        if entry.get("annotations") is not None:
            return {what: contents_of([Path(entry["annotations"])], self.cache_folder / "fingerprints.json")[0]}
        if entry.get("path") is None:
            return {}
        return {what: self._fingerprint(entry["path"], entry.get("pattern", "**/*"))}

    def _contents_of_packages(self, specs: list[str]) -> list[str]:
        """SHA-256 of every file of the specs, each once; as recorded where its package is not beside Snakemake."""
        known = {spec: recorded.photograph(spec) for spec in specs}
        if not any(known.values()):
            return contents_of(files_of_packages(specs), self.cache_folder / "fingerprints.json")
        one = {spec: known[spec] or contents_of(files_of_packages([spec]))[0] for spec in specs}
        return list({spec.partition("[")[0]: content for spec, content in one.items()}.values())

    def _fingerprint(self, folder: str | Path, pattern: str = "**/*") -> str:
        return fingerprint(folder, pattern, self.cache_folder / "fingerprints.json")


def filled(pattern: str, key: dict[str, str]) -> str:
    """A path with the values of its wildcards."""
    for name, value in key.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern
