"""Every key of a config. What is chosen by name (kinds, metrics, systems) is asked of the folder that holds it."""

from dataclasses import dataclass, fields
from functools import cache

from lacuna import contestants, systems
from lacuna.data import image_sources, masks
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, Name, Note, Title, key, shown
from lacuna.metrics.facts import EMBEDDED, EMBEDDED_METRICS
from lacuna.metrics.per_image import METRICS
from lacuna.metrics.per_set import SET_METRICS
from lacuna.registry import suggest
from lacuna.training.settings import Budget

LONGEST_RUN = 100
# Folders below results/ that belong to no run.
RESERVED_RUNS = ("backbones", "downloads", "environments", "web_runtime", "weights")
MOST_SEED = 2**63 - 1
MOST_ITEMS = 10_000_000
MOST_REPEATS = 1000


class RunName(Name):
    """The name of a folder below results/."""

    longest = LONGEST_RUN


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """One set of images. Its kind, a file of `data/image_sources/`, adds keys of its own."""

    kind: str = key("where the photographs come from", choices=image_sources.names)
    count: int | None = key(
        "number of images; fewer readable ones than this is an error", None, minimum=1, maximum=MOST_ITEMS, shown="all"
    )
    crop: str = key(
        "`center`: the largest crop that fits; `random`: seeded crops, spread over the photographs",
        "center",
        choices=("center", "random"),
    )
    crop_scale: tuple[float, float] = key(
        "side of a random crop relative to the largest that fits", (1.0, 1.0), above=0, maximum=1, widening=True
    )
    recolour: float = key(
        "how strongly the colours of each image are changed at random, for a training set of few or of grey "
        "photographs: its channels change places, and each gets a curve of its own; 0 leaves them alone",
        0.0,
        minimum=0,
        maximum=1,
    )
    seed: int = key("seed of this set alone", None, minimum=0, maximum=MOST_SEED, shown="the run's")
    truth: Name = key(
        "of a test set, what its pictures are scored against: `none` if nobody knows it (then they are completed and "
        "shown, and have no scores), or another image set with pictures of the same names, such as the scene without "
        "the object that the mask hides",
        None,
        shown="the pictures themselves",
    )
    masks: Name = key("of a test set, the mask set laid over it", None, shown="`test_masks`")
    title: Title = key("heading in tables and figures", None, shown="the name")
    licence: Note = key("licence of the photographs, for the data card", "not stated")
    note: Note = key("remark for the data card", "")

    @classmethod
    def chosen(cls, value: dict, where: str = "") -> type:
        """The section of the kind that `value` names."""
        return _of_kind(cls, image_sources, value, where)


@dataclass(frozen=True, kw_only=True)
class MaskSet:
    """One frozen set of masks. Its kind, a file of `data/masks/`, adds keys and `options` of its own."""

    kind: str = key("the family of masks", choices=masks.names)
    count: int | None = key(
        "number of masks; a test or validation set needs exactly as many as images. `null`: all given masks",
        minimum=1,
        maximum=MOST_ITEMS,
    )
    coverage: tuple[float, float] = key(
        "smallest and largest fraction of the image that is hole", (0.01, 0.6), minimum=0, maximum=1, rising=True
    )
    bins: int = key("equal numbers of masks for each of these bins of coverage", 6, minimum=1, maximum=1000)
    seed: int = key("seed of this set alone", None, minimum=0, maximum=MOST_SEED, shown="the run's")

    @classmethod
    def chosen(cls, value: dict, where: str = "") -> type:
        """The section of the kind that `value` names."""
        return _of_kind(cls, masks, value, where)


def _of_kind(section: type, registry, value: dict, where: str) -> type:
    kind = value.get("kind")
    if "kind" not in value:
        raise LacunaError(f"key 'kind' is missing at {where}; give one of {', '.join(registry.names())}")
    if not isinstance(kind, str) or kind not in registry.names():
        raise LacunaError(f"{where}.kind is {shown(kind)}: {suggest(shown(kind), registry.names())}")
    return of_kind(section, registry, kind)


@cache
def of_kind(section: type, registry, kind: str) -> type:
    """The keys that every entry has and those of its kind: `Keys` of the kind's file, `options` by its `Options`.

    A key of the kind stands in the place of one that every entry has.
    """
    module = registry.load(kind)
    bases = (module.Keys, section) if hasattr(module, "Keys") else (section,)
    others = keys_of_kinds(registry, f", and this is kind: {kind}")
    namespace = {"__doc__": module.__doc__, "excluded": others | getattr(section, "excluded", {})}
    if hasattr(module, "Options"):
        namespace["options"] = key("options of the family", {}, partial=True)
        namespace["__annotations__"] = {"options": module.Options}
    return dataclass(frozen=True, kw_only=True)(type(kind, bases, namespace))


def keys_of_kinds(registry, here: str = "") -> dict[str, str]:
    """key → what to do about it, of the keys that kinds of a registry have. here: what stands where it is not known."""
    found: dict[str, list[str]] = {}
    for kind in registry.names():
        module = registry.load(kind)
        keys = getattr(module, "Keys", None)
        names = [field.name for field in fields(keys)] if keys else []
        for name in names + ["options"] * hasattr(module, "Options"):
            found.setdefault(name, []).append(kind)
    return {name: f"it belongs to kind: {' or '.join(kinds)}{here}" for name, kinds in found.items()}


class _KeysOfKinds:
    """`keys_of_kinds` as an attribute of a section: the kinds' files are imported when a wrong key asks for it."""

    def __init__(self, registry):
        self.registry = registry

    def __get__(self, instance, owner: type) -> dict[str, str]:
        return keys_of_kinds(self.registry)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One training source."""

    title: Title = key("heading in tables and figures", None, shown="the name")
    train: Name = key("the image set that systems learn from")
    validation: Name = key("the image set that is looked at during training")


@dataclass(frozen=True, kw_only=True)
class System:
    """One system under comparison: trained here, with given weights, or in no need of training."""

    system: str = key(
        "name of the system, when the label differs (two variants of one system)", None, shown="the label"
    )
    title: Title = key("heading in tables and figures", None, shown="the system's")
    settings: dict = key("settings that differ from the authors', such as `width` or `learning_rate`", {})
    training: Budget = key("keys of the top-level `training` for this system alone", None, partial=True)
    training_on: dict[Name, Budget] = key(
        "source → keys of `training` for this system on that source alone, over all others", None, partial=True
    )
    weights: FilePath = key(
        "a file of weights, ours or released by the authors (their key names), or `catalogue:NAME` of "
        "[those that can be fetched](../docs/weights.md): the system is then not trained here, "
        "unless `training` stands beside it ([fine-tuning](#fine-tuning-and-longer-trainings)). How "
        "TFill's files become one: [use.md](../docs/use.md); DeepFillv2's published weights need its setting "
        "`form: tensorflow`",
        None,
    )

    excluded = _KeysOfKinds(contestants)

    @classmethod
    def chosen(cls, value: dict, where: str = "") -> type:
        """A contestant from outside has a `kind`."""
        return Contestant.chosen(value, where) if "kind" in value else cls

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """The system is one of the registry."""
        name = value.get("system", where.rpartition(".")[2])
        if name not in systems.names():
            raise LacunaError(f"unknown system {shown(name)} at {where}: {suggest(name, systems.names())}")


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One contestant from outside instead of a system. Its kind, a file of `contestants/`, adds keys of its own."""

    kind: str = key("what stands in the place of a system", choices=contestants.names)
    title: Title = key("heading in tables and figures", None, shown="the label")

    _of_systems = ("system", "settings", "training", "training_on", "weights")
    excluded = dict.fromkeys(_of_systems, "this is no system of the registry")

    @classmethod
    def chosen(cls, value: dict, where: str = "") -> type:
        """The section of the kind that `value` names."""
        return _of_kind(cls, contestants, value, where)

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """What the kind's file knows of its keys."""
        kind = contestants.load(value["kind"])
        if hasattr(kind, "check"):
            kind.check(value, where)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What of a run is compared in ONNX Runtime."""

    images: int | None = key(
        "images of each test set that are compared", None, minimum=1, maximum=MOST_ITEMS, shown="all"
    )


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How figures are drawn."""

    qualitative_images: int = key("images of each test set in the qualitative grids", 3, minimum=1, maximum=100)
    columns: str = key(
        "`bins`: one more figure of each test set, whose columns are the bins of coverage and whose rows are the hole, "
        "every system and the truth",
        None,
        choices=("bins",),
    )


@dataclass(frozen=True, kw_only=True)
class Votes:
    """What people are asked which of two fills is better, and what they answered."""

    questions: int = key(
        "the most questions on the page `results/<run>/votes/index.html`", 100, minimum=1, maximum=100_000
    )
    files: list[FilePath] = key(
        "files of votes that were saved from that page: they are evaluated in the report "
        "([docs/votes.md](../docs/votes.md))",
        [],
    )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """How time and memory are measured."""

    seconds: float = key("how long each kind of prediction is timed", 2.0, above=0, maximum=3600)
    largest_batch_cpu: int = key("largest batch that is tried on the CPU", 8, minimum=1, maximum=4096)
    largest_batch_gpu: int = key("largest batch that is tried on a GPU", 64, minimum=1, maximum=4096)


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """One network behind metrics that turns a picture N×3×H×W into numbers."""

    path: FilePath = key("the file: ONNX (`.onnx`) or TorchScript; one input, one output of floats")
    sha256: str = key(
        "its SHA-256: another file is an error",
        form=(r"[0-9a-f]{64}", "the SHA-256 of the file: 64 digits 0-9 and a-f"),
    )
    size: int | tuple[int, int] = key(
        "side, or `[width, height]`, in pixels to which pictures are resized for it", minimum=1, maximum=8192
    )
    mean: tuple[float, float, float] = key("what is taken from pictures in [0, 1], by channel", (0.0, 0.0, 0.0))
    std: tuple[float, float, float] = key("what they are divided by then", (1.0, 1.0, 1.0), above=0)
    patch: int = key(
        "side in pixels of its patches, for metrics of parts of a picture: it answers a token for each, row by row, "
        "after tokens of the whole",
        None,
        minimum=1,
        maximum=1024,
    )


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """Test-time training: copies of the trained networks learn on from every test picture."""

    experiments: list[Name] = key(
        "names of experiments ([docs/adaptation.md](../docs/adaptation.md)), or of `changes`", least=1
    )
    changes: dict[str, dict] = key(
        "the run's own experiments, each as its difference from another, such as `{base: combination_I, steps: 10}`", {}
    )
    common: dict = key("settings laid over every experiment of the run, such as `{steps: 30, evaluate_every: 10}`", {})
    systems: list[Name] = key("labels of the systems that are adapted", None, least=1, shown="all that can be adapted")
    sources: list[Name] = key("training sources whose networks are adapted", None, least=1, shown="all")
    test_sets: list[Name] = key("test sets whose pictures are adapted to", None, least=1, shown="all")
    images: int | None = key(
        "pictures of each set, the first ones, that are adapted to", None, minimum=1, maximum=MOST_ITEMS, shown="all"
    )
    choose_on: Name = key(
        "a validation or test set: the experiment that gains most there is reported as the chosen one on the others",
        None,
    )
    choice: bool = key(
        "a free-form part of each picture (5 to 10 %) is held out of training, and decides whether and after how many "
        "steps the adaptation is kept; `false`: experiments learn from all that is known, as in the thesis",
        True,
    )
    set_metrics: list[str] = key(
        "scores of whole sets after every evaluated step: an Inception run over each", [], choices=("fid", "kid")
    )
    losses: dict[str, str] = key(
        "label → `thesis` (by region) or `own` (those that the system is trained by); the thesis' where a system has "
        "them, unless it is named here",
        {},
    )


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """What the leaderboard, the statistics and everything printed and drawn are of, where a run has several values."""

    train_masks: Name = key("the mask set of training", None, shown="the first")
    test_masks: Name = key("the mask set over test images", None, shown="the first")
    image_size: int | tuple[int, int] = key(
        "the size of images, in pixels", None, minimum=8, maximum=8192, shown="the first"
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """A comparison."""

    run: RunName = key(
        "name of the run: all results go to `results/<run>/`; `backbones`, `downloads`, `environments`, "
        "`web_runtime` and `weights` are taken"
    )
    title: Title = key("heading of the report")
    demonstration: bool = key(
        "`true` puts a banner on the report: its numbers say nothing about the systems at full scale", False
    )
    seed: int = key(
        "every random choice is derived from this number and the names of things", minimum=0, maximum=MOST_SEED
    )
    image_size: int | tuple[int, int] | list[tuple[int, int]] = key(
        "side of the square images, or `[width, height]`, in pixels; or several sizes, as a list of "
        "`[width, height]` ([Axes](#axes))",
        minimum=8,
        maximum=8192,
        least=1,
    )
    image_sets: dict[str, ImageSet] = key("named sets of images, see below", least=1)
    mask_sets: dict[str, MaskSet] = key("named, frozen sets of masks, see below", least=1)
    sources: dict[str, Source] = key("training sources: name → `title`, `train` and `validation` (image sets)")
    train_masks: Name | list[Name] = key("the mask set laid over training images, or several ([Axes](#axes))", least=1)
    validation_masks: Name = key("the mask set laid over validation images")
    test_masks: Name | list[Name] = key("the mask set laid over test images, or several ([Axes](#axes))", least=1)
    test_sets: list[Name] = key("the image sets that scores are reported on; each plays this one role", least=1)
    systems: dict[str, System | None] = key("what is compared, see below", least=1)
    training: Budget = key("the budget that all trained systems share, see below")
    repeats: int = key(
        "how often every system is trained, each time from another seed ([Axes](#axes))",
        None,
        minimum=1,
        maximum=MOST_REPEATS,
        shown="1",
    )
    samples: int = key(
        "how many predictions a system that draws makes of every hole ([Axes](#axes))",
        None,
        minimum=1,
        maximum=MOST_REPEATS,
        shown="1",
    )
    leaderboard: Leaderboard = key(
        "which masks and which size the leaderboard and the printed tables are of, see below", None
    )
    metrics: list[str] = key(
        "metrics of single images; [docs/metrics.md](../docs/metrics.md) defines them. Those with NAME are of a "
        "backbone NAME of your own; the first metric, which orders pictures, is not",
        choices=lambda: tuple(METRICS),
        families=lambda: tuple(EMBEDDED_METRICS),
        least=1,
    )
    set_metrics: list[str] = key(
        "scores of whole sets. They need an Inception run over every prediction (on two CPU cores about 0.1 s an "
        "image) and many images. `cmmd_NAME` and `fd_NAME` are of a backbone NAME of your own instead",
        [],
        choices=lambda: tuple(SET_METRICS),
        families=lambda: tuple(EMBEDDED),
    )
    backbones: dict[str, Embedding] = key("networks of your own behind metrics, see below", {})
    scatter: int | None = key(
        "pictures that a job predicts or scores at most, in whole batches of 8: test sets whose `count` is larger are "
        "done in parts, by jobs that may run side by side; what they make is the same",
        None,
        minimum=8,
        maximum=MOST_ITEMS,
        shown="all of a test set",
    )
    controls: bool = key(
        "mean fill, the masked input and the ground truth are scored beside the systems, outside ranks and tests", True
    )
    export: bool | Export = key(
        "`true`: every network is written as ONNX files, and ONNX Runtime's predictions and metrics are compared with "
        "PyTorch's; `{images: 8}` compares only that many images per test set; `false`: no ONNX files",
        True,
    )
    studio: bool = key("the in-browser inpainting page ([docs/studio.md](../docs/studio.md))", True)
    adaptation: Adaptation = key("test-time training of the networks, see below", None)
    analyses: list[str] = key(
        "more tables: the colour of fills by training source, error against contrast around the hole, windows of "
        "partial convolutions without a valid pixel ([docs/experiments](../docs/experiments/claims.md))",
        None,
        choices=("contrast", "dead_windows", "fill_colour"),
    )
    published: dict[str, str] = key(
        "test set → `places2` or `celeba_hq`: what authors and re-implementers published of this data "
        "(workflow/published/other_results.csv) stands beside our means on the test set",
        None,
    )
    figures: Figures = key("how figures are drawn, see below", {})
    votes: Votes = key("votes on which of two fills is better, see below", {})
    cost: Cost = key("how time and memory are measured, see below", {})

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """What no key alone can show."""
        from lacuna.config.consistency import check_consistency

        check_consistency(value)
