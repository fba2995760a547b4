"""Config → the list of valid jobs, each with its settings and its digest. The rules ask; nothing here computes.

A job's settings are exactly the config subtree that its stage uses. Its digest also covers the bytes of the modules of
ours that it runs and the digests of the jobs it builds on, so equal digests mean equal results.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from lacuna.backbones.catalogue import backbone
from lacuna.canonical import canonical_json, digest
from lacuna.config import suggest, validate
from lacuna.data.fingerprint import contents_of, fingerprint
from lacuna.digests import code_digest
from lacuna.errors import LacunaError
from lacuna.metrics.per_image import METRICS
from lacuna.metrics.per_set import SET_METRICS
from lacuna.studio.web_runtime import FILES, LOCK_FOLDER, has_npm
from lacuna.system_facts import describe
from lacuna.yardsticks import SOURCE as YARDSTICK
from lacuna.yardsticks import TITLES as YARDSTICKS

UNTRAINED = "untrained"  # the source of a system that needs no training
ELSEWHERE = "elsewhere"  # the source of released weights and of given predictions
# Why a system of a kind is not exported.
REASONS = {
    "classical": "an algorithm, and no network",
    "fitted": "a network is fitted to every picture anew, so there is none to keep",
}
RULES = Path(__file__).parents[1] / "rules"
PUBLISHED = Path(__file__).parents[1] / "published"
# How long each of a system's predictions is repeated, in seconds, and the largest batches tried.
MEASUREMENT = {"seconds": 2.0, "largest_batch_cpu": 8, "largest_batch_gpu": 64}
STUDIO = Path(__file__).parent / "studio" / "static"
WEB_RUNTIME = "results/web_runtime"


@dataclass(frozen=True)
class Job:
    """One stage's work on one thing."""

    stage: str
    settings: dict
    upstream: tuple["Job", ...] = ()
    modules: tuple[str, ...] = ()
    content: str = ""  # digest of the user's own files that the job reads
    outcome: str = ""  # hash of the outcome where it is known beforehand; then code and settings do not matter

    @cached_property
    def settings_json(self) -> str:
        return canonical_json(self.settings)

    @cached_property
    def digest(self) -> str:
        if self.outcome:
            return digest(self.stage, self.outcome)
        code = code_digest((f"lacuna.commands.{self.stage}", *self.modules))
        return digest(self.stage, self.settings_json, code, self.content, *(job.digest for job in self.upstream))


class Plan:
    """All jobs of one config. Wildcard values that the config does not know are `LacunaError`s."""

    def __init__(self, config: dict, cache_folder: str | Path = ".snakemake/lacuna"):
        validate(config)
        self.config = config
        self.cache_folder = Path(cache_folder)
        self.run: str = config["run"]
        self.folder = f"results/{self.run}"
        self.sources: dict[str, dict] = config["sources"]
        self.test_sets: list[str] = config["test_sets"]
        self.systems: dict[str, dict] = {label: entry or {} for label, entry in config["systems"].items()}
        self.yardsticks: list[str] = list(YARDSTICKS) if config.get("sanity_rows", True) else []
        self.set_metrics: list[str] = config.get("set_metrics", [])
        self._check_names()
        self._facts = {label: self._describe(label) for label in self.systems}
        if any(self.is_trained(label) for label in self.systems) and not self.sources:
            raise LacunaError("in the config, a system needs training but 'sources' is empty; add a training set.")
        for metric in config["metrics"]:
            if metric not in METRICS:
                raise LacunaError(f"in the config, unknown metric '{metric}': {suggest(metric, METRICS)}")
        self._check_set_metrics()
        for label, _ in self.trainings():
            self._training_settings(label)
        for name in self.image_sets():
            self.pair(name)  # missing and empty folders are found here, before anything runs
        for key in self.predictions():
            self.predict(*key)

    # ---------------------------------------------------------------- names

    def _check_names(self) -> None:
        """Every name used must be defined, and an image set plays one role only."""
        used = [("test_sets", name) for name in self.test_sets]
        for source, entry in self.sources.items():
            used += [
                (f"sources.{source}.train", entry["train"]),
                (f"sources.{source}.validation", entry["validation"]),
            ]
        roles: dict[str, str] = {}
        for where, name in used:
            if name not in self.config["image_sets"]:
                hint = suggest(name, self.config["image_sets"])
                raise LacunaError(f"in the config, {where} names the unknown image set '{name}': {hint}")
            if name in roles:
                raise LacunaError(
                    f"in the config, image set '{name}' is used by both {roles[name]} and {where}; "
                    "what is trained on must not be tested on, so make two sets."
                )
            roles[name] = where
        for where in ("train_masks", "validation_masks", "test_masks"):
            if self.config[where] not in self.config["mask_sets"]:
                hint = suggest(self.config[where], self.config["mask_sets"])
                raise LacunaError(f"in the config, {where} names the unknown mask set '{self.config[where]}': {hint}")
        for name in {UNTRAINED, ELSEWHERE, YARDSTICK} & self.sources.keys():
            raise LacunaError(f"in the config, a source may not be called '{name}'; rename it.")

    def _check_set_metrics(self) -> None:
        """Known names only, and no test set that is too small for one of them."""
        for name in self.set_metrics:
            if name not in SET_METRICS:
                raise LacunaError(f"in the config, unknown set metric '{name}': {suggest(name, SET_METRICS)}")
            for test_set in self.test_sets:
                count = self.config["image_sets"][test_set].get("count")
                if count is not None and count < SET_METRICS[name].needs:
                    raise LacunaError(
                        f"in the config, the set metric '{name}' needs at least {SET_METRICS[name].needs} images, but "
                        f"test set '{test_set}' has {count}; enlarge it or drop '{name}'."
                    )

    def registered_name(self, label: str) -> str:
        """The registry's name of the system behind a label."""
        return self.systems[label].get("system", label)

    def _describe(self, label: str) -> dict:
        if self.is_given(label):
            return {"title": label, "kind": "classical", "trained": False, "backbones": []}
        return describe(self.registered_name(label), self.systems[label].get("settings", {}), self.cache_folder)

    def is_given(self, label: str) -> bool:
        """Whether this system is a folder of somebody else's predictions."""
        return self.systems[label].get("kind") == "predictions"

    def is_trained(self, label: str) -> bool:
        """Whether this system is trained by this run."""
        return self._facts[label]["trained"] and "weights" not in self.systems[label]

    def uses_gpu(self, label: str) -> int:
        """The number of GPUs a prediction job of this system asks for."""
        return int(self._facts[label]["kind"] != "classical")

    def sources_of(self, label: str) -> list[str]:
        """The sources a system has results for: every source if it is trained here, else the one that says why not."""
        if self.is_trained(label):
            return list(self.sources)
        return [ELSEWHERE if self.is_given(label) or "weights" in self.systems[label] else UNTRAINED]

    def labels(self, given: bool) -> list[str]:
        """The systems that are folders of predictions, or those that predict here."""
        return [label for label in self.systems if self.is_given(label) == given]

    def trainings(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are trained."""
        return [(label, source) for label in self.systems if self.is_trained(label) for source in self.sources]

    def contestants(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are compared."""
        return [(label, source) for label in self.systems for source in self.sources_of(label)]

    def predictions(self) -> list[tuple[str, str, str]]:
        """All (system, source, test set) combinations that are predicted and scored."""
        return [(*contestant, test_set) for contestant in self.contestants() for test_set in self.test_sets]

    def yardstick_keys(self) -> list[tuple[str, str]]:
        """All (yardstick, `yardstick`) pairs, in the form of `contestants`."""
        return [(name, YARDSTICK) for name in self.yardsticks]

    def yardstick_predictions(self) -> list[tuple[str, str, str]]:
        """All (yardstick, `yardstick`, test set) combinations, in the form of `predictions`."""
        return [(*key, test_set) for key in self.yardstick_keys() for test_set in self.test_sets]

    def set_scores(self) -> list[tuple[str, str, str]]:
        """All combinations of both kinds that are scored as whole sets: none without set metrics."""
        return [*self.predictions(), *self.yardstick_predictions()] if self.set_metrics else []

    def role_sets(self, role: str) -> list[str]:
        """The image sets of a role: `train`, `validation` or `test`."""
        if role == "test":
            return list(self.test_sets)
        return list(dict.fromkeys(entry[role] for entry in self.sources.values()))

    def is_exporting(self) -> bool:
        """Whether the run writes its networks as ONNX files, too."""
        return self.config.get("export", True) is not False

    def exports(self) -> list[tuple[str, str]]:
        """All (system, source) pairs that are written as ONNX files: whatever has a network with weights."""
        if not self.is_exporting():
            return []
        kept = [label for label in self.systems if self._facts[label]["kind"] == "deep"]
        return [(label, source) for label in kept for source in self.sources_of(label)]

    def measured_exports(self, label: str) -> list[tuple[str, str]]:
        """The export that a system is timed with: that of its first source, if there is one."""
        return [key for key in self.exports() if key[0] == label][:1]

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

    def image_sets(self) -> list[str]:
        """All image sets that the run uses."""
        return [name for role in ("train", "validation", "test") for name in self.role_sets(role)]

    def masks_for(self, image_set: str) -> str:
        """The mask set that is laid over an image set."""
        for role in ("train", "validation", "test"):
            if image_set in self.role_sets(role):
                return self.config[f"{role}_masks"]
        raise LacunaError(
            f"image set '{image_set}' plays no role in the config; {suggest(image_set, self.image_sets())}"
        )

    def mask_sets(self) -> list[str]:
        """All mask sets that the run uses."""
        return list(dict.fromkeys(self.masks_for(name) for name in self.image_sets()))

    def backbones(self, stage: str, label: str = "") -> list[str]:
        """Names of the pretrained backbones that training (`train`), scoring (`score`) or `features` loads."""
        if stage == "train":
            return list(self._facts[label]["backbones"])
        if stage == "features":
            return ["inception"]
        networks = {METRICS[metric].network for metric in self.config["metrics"]} - {None}
        return [f"lpips_{network}" for network in sorted(networks)]

    # ---------------------------------------------------------------- what the rules ask with wildcards

    def key(self, wildcards) -> tuple[str, str, str]:
        """(system, source, test set) of a rule's wildcards."""
        return wildcards.system, wildcards.source, wildcards.test_set

    def weights_of(self, wildcards) -> str | list:
        """The weights that a system predicts with: none for one that needs no training."""
        return self.weights_path(wildcards.system, wildcards.source) or []

    def weights_path(self, label: str, source: str) -> str | None:
        """The file of weights, trained here or named in the config; None for a system that needs none."""
        if not self.is_trained(label):
            return self.systems[label].get("weights")
        return f"{self.folder}/training/{label}/{source}/weights.safetensors"

    def weights_files(self) -> list[str]:
        """All files of weights that systems predict with."""
        files = (self.weights_path(label, source) for label in self.systems for source in self.sources_of(label))
        return [path for path in files if path]

    def given_folder(self, wildcards) -> str:
        """The folder of somebody else's predictions on a test set."""
        return self.systems[wildcards.system]["path"].replace("{test_set}", wildcards.test_set)

    def backbone_files(self, stage: str, label: str = "") -> list[str]:
        """Files of the backbones that a stage loads for a system."""
        return [f"results/backbones/{backbone(name).file}" for name in self.backbones(stage, label)]

    # ---------------------------------------------------------------- jobs

    def _content(self, entry: dict) -> str:
        """Digest of the user's own files behind a set: a changed photograph is seen, a touched one is not."""
        if "path" not in entry:
            return ""
        return self._fingerprint(entry["path"], entry.get("pattern", "**/*"))

    def _weights_content(self, label: str) -> str:
        """Digest of the file of weights that the config names for a system; empty without one."""
        weights = self.systems[label].get("weights")
        return contents_of([Path(weights)], self.cache_folder / "fingerprints.json")[0] if weights else ""

    def _fingerprint(self, folder: str | Path, pattern: str = "**/*") -> str:
        return fingerprint(folder, pattern, self.cache_folder / "fingerprints.json")

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
        return Job("pair", {"name": image_set, "mode": mode, "seed": self.config["seed"]}, upstream)

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

    def _trained(self, label: str, source: str) -> tuple[Job, ...]:
        return (self.train(label, source),) if self.is_trained(label) else ()

    @cache  # noqa: B019
    def import_predictions(self, label: str, test_set: str) -> Job:
        folder = self.systems[label]["path"].replace("{test_set}", test_set)
        settings = {"system": label, "test_set": test_set}
        return Job("import_predictions", settings, (self.pair(test_set),), content=self._fingerprint(folder))

    @cache  # noqa: B019
    def score(self, label: str, source: str) -> Job:
        """On all test sets: one start of torch and one loading of LPIPS for all of them."""
        settings = {
            "system": label,
            "source": source,
            "test_sets": self.test_sets,
            "metrics": self.config["metrics"],
        }
        predictions = tuple(self._predicted(label, source, test_set) for test_set in self.test_sets)
        return Job("score", settings, (*predictions, *self._fetched("score")))

    @cache  # noqa: B019
    def make_yardsticks(self) -> Job:
        settings = {"yardsticks": self.yardsticks, "test_sets": self.test_sets}
        return Job("yardsticks", settings, tuple(self.pair(name) for name in self.test_sets))

    @cache  # noqa: B019
    def features_of_truth(self, test_set: str) -> Job:
        return Job("features", {"test_set": test_set}, (self.pair(test_set), *self._fetched("features")))

    @cache  # noqa: B019
    def features(self, label: str, source: str, test_set: str) -> Job:
        settings = {"system": label, "source": source, "test_set": test_set}
        return Job("features", settings, (self._predicted(label, source, test_set), *self._fetched("features")))

    @cache  # noqa: B019
    def score_set(self, label: str, source: str, test_set: str) -> Job:
        settings = {"system": label, "source": source, "test_set": test_set, "metrics": self.set_metrics}
        return Job("score_set", settings, (self.features(label, source, test_set), self.features_of_truth(test_set)))

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
        chosen = self.config.get("export", True)
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

    @cache  # noqa: B019
    def tabulate(self) -> Job:
        scores = tuple(self.score(*key) for key in self.contestants())
        trainings = tuple(self.train(*key) for key in self.trainings())
        others = tuple(self.score_set(*key) for key in self.set_scores())
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
            "measurement": {**MEASUREMENT, **self.config.get("measurement", {})},
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

    @cache  # noqa: B019
    def plot_qualitative(self, test_set: str) -> Job:
        titles = self.titles()
        settings = {
            "run": self.run,
            "test_set": test_set,
            "title": dict(titles["test_sets"])[test_set],
            "systems": titles["systems"],
            "sources": titles["sources"],
            "images": self.config.get("figures", {}).get("qualitative_images", 3),
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
        return self.config.get("studio", True) and bool(self.exports())

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
        rules = sorted([RULES.parent.parent / "Snakefile", *RULES.glob("*.smk")])
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

    def _predicted(self, label: str, source: str, test_set: str) -> Job:
        """The job that made a system's or a yardstick's pictures of a test set."""
        return self.make_yardsticks() if source == YARDSTICK else self.predict(label, source, test_set)

    def _fetched(self, stage: str, label: str = "") -> tuple[Job, ...]:
        return tuple(self.fetch_backbone(name) for name in self.backbones(stage, label))

    def _module(self, label: str) -> str:
        return f"lacuna.systems.{self.registered_name(label)}"

    def titles(self) -> dict:
        """What tables and figures call things: lists of [name, title], because their order is the config's."""
        image_sets = self.config["image_sets"]
        return {
            "run": self.run,
            "title": self.config["title"],
            "demonstration": self.config.get("demonstration", False),
            "systems": [
                [label, entry.get("title") or self._facts[label]["title"]] for label, entry in self.systems.items()
            ],
            "sources": [[name, entry.get("title", name)] for name, entry in self.sources.items()],
            "test_sets": [[name, image_sets[name].get("title", name)] for name in self.test_sets],
        }
