"""What keys of a config say together: names that must be known, sizes that must fit, numbers that must agree."""

from itertools import product
from math import prod

from lacuna.adaptation.experiments import chosen
from lacuna.adaptation.naming import contestant
from lacuna.axes import SAMPLE, TEST_MASKS, as_list, axes_of, selection_of, sizes_of
from lacuna.config.sections import RESERVED_RUNS, MaskSet
from lacuna.data import image_sources, masks
from lacuna.data.masks.bins import coverage_bins
from lacuna.data.sizes import width_and_height
from lacuna.data.truths import NONE, scored, truths_of_sets
from lacuna.errors import LacunaError
from lacuna.keys import filled
from lacuna.metrics.facts import DIVERSITY, INCEPTION
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.places import PUBLISHED_DATA
from lacuna.recorded import photograph
from lacuna.registry import suggest
from lacuna.released.catalogue import PREFIX, released
from lacuna.sources import CONTROL, ELSEWHERE, UNTRAINED

# Values of one batch of images; four bytes each, and a network holds hundreds of times as many.
MOST_BATCH_VALUES = 2**33


def check_consistency(config: dict) -> None:
    """Raise a one-line `LacunaError` for the first contradiction; every key by itself is valid by now."""
    if config["run"].lower() in RESERVED_RUNS:
        raise LacunaError(f"run is '{config['run']}', a folder of results/ that no run may have; choose another name")
    _check_names(config)
    _check_axes(config)
    _check_truths(config)
    _check_published(config)
    for name, entry in config["image_sets"].items():
        image_sources.load(entry["kind"]).check(_unrecorded(entry), f"image_sets.{name}")
    for name, entry in config["mask_sets"].items():
        for size in sizes_of(config).values():
            _check_masks(entry, f"mask_sets.{name}", size)
    _check_sources_of_systems(config)
    _check_released(config)
    _check_metrics(config)
    _check_batches(config)
    if config.get("adaptation") is not None:
        _check_adaptation(config, config["adaptation"])


def _unrecorded(entry: dict) -> dict:
    """An image set without the pictures of packages that are known though they are not installed beside Snakemake."""
    if "images" not in entry:
        return entry
    return {**entry, "images": [spec for spec in entry["images"] if not photograph(spec)]}


def _check_names(config: dict) -> None:
    """Every name used must be defined, and an image set plays one role only."""
    used = [("test_sets", name) for name in config["test_sets"]]
    for source, entry in config["sources"].items():
        used += [(f"sources.{source}.{role}", entry[role]) for role in ("train", "validation")]
    roles: dict[str, str] = {}
    for where, name in used:
        if name not in config["image_sets"]:
            raise LacunaError(f"{where} names the unknown image set '{name}': {suggest(name, config['image_sets'])}")
        if name in roles:
            raise LacunaError(
                f"image set '{name}' is used by both {roles[name]} and {where}; what is trained on must not be tested "
                "on, so make two sets"
            )
        roles[name] = where
    for test_set, name in truths_of_sets(config["image_sets"], config["test_sets"]).items():
        where = f"image_sets.{test_set}.truth"
        if name not in config["image_sets"]:
            raise LacunaError(f"{where} names the unknown image set '{name}': {suggest(name, config['image_sets'])}")
        if name in roles:
            raise LacunaError(
                f"{where} names the image set '{name}', which is {roles[name]}, too; give the truth a set of its own"
            )
    keys = ("train_masks", "validation_masks", "test_masks")
    named = [(where, name) for where in keys for name in as_list(config[where])]
    own = [(f"image_sets.{name}.masks", entry.get("masks")) for name, entry in config["image_sets"].items()]
    for where, name in [*named, *((where, name) for where, name in own if name is not None)]:
        if name not in config["mask_sets"]:
            raise LacunaError(f"{where} names the unknown mask set '{name}': {suggest(name, config['mask_sets'])}")
    for name in sorted({UNTRAINED, ELSEWHERE, CONTROL} & config["sources"].keys()):
        raise LacunaError(f"a source may not be called '{name}'; rename it")


def _check_axes(config: dict) -> None:
    """No value of an axis stands twice, and what the leaderboard names is among them."""
    given, known = config["image_size"], axes_of(config)
    if not isinstance(given, int) and not isinstance(given[0], int) and len(sizes_of(config)) < len(given):
        raise LacunaError("image_size names one size twice; remove one")
    for axis, name in selection_of(config).items():
        if name not in known.values[axis]:
            hint = suggest(name, map(str, known.values[axis]))
            raise LacunaError(f"leaderboard.{axis} is '{name}', which {axis} does not name: {hint}")
    smallest = min(min(width_and_height(size)) for size in sizes_of(config).values())
    if len(known.values[SAMPLE]) > 1 and smallest < metric_by_name(DIVERSITY).minimal_size:
        raise LacunaError(
            f"samples is {config['samples']}, and LPIPS says how much they differ, which needs images of at least "
            f"{metric_by_name(DIVERSITY).minimal_size} pixels; choose a larger image_size, or leave samples out"
        )
    if len(known.values[TEST_MASKS]) > 1:
        for name in config["test_sets"]:
            if (own := config["image_sets"][name].get("masks")) is not None:
                raise LacunaError(
                    f"image_sets.{name}.masks is '{own}', but test_masks names several mask sets, which are laid over "
                    "every test set; remove that key, or give test_masks one value"
                )


def _check_truths(config: dict) -> None:
    """Only test sets have another truth or masks of their own, and pictures and truth show the same of a photograph."""
    sets = config["image_sets"]
    if NONE in sets:
        raise LacunaError(f"an image set may not be called '{NONE}', which is what a missing truth is; rename it")
    for name, entry in sets.items():
        for key in ("truth", "masks"):
            if entry.get(key) is not None and name not in config["test_sets"]:
                raise LacunaError(
                    f"image_sets.{name}.{key} is '{entry[key]}', but the set is not among test_sets; remove that key"
                )
    for test_set, truth in truths_of_sets(sets, config["test_sets"]).items():
        for name in (test_set, truth):
            if sets[name].get("crop", "center") != "center" or sets[name].get("recolour"):
                raise LacunaError(
                    f"image_sets.{test_set}.truth pairs its pictures with those of '{truth}', so both must show the "
                    f"same: give '{name}' crop: center and no recolour"
                )


def _check_released(config: dict) -> None:
    """Weights of the catalogue are there, of their own system, and of a kind that a run takes."""
    for label, entry in config["systems"].items():
        name = (entry or {}).get("weights") or ""
        if not name.startswith(PREFIX):
            continue
        try:
            weights = released(name)
        except LacunaError as error:
            raise LacunaError(f"at systems.{label}.weights, {error}") from None
        system = entry.get("system") or label
        if weights.system != system:
            raise LacunaError(
                f"systems.{label}.weights is {name}, of system '{weights.system}', not '{system}'; "
                f"name weights of '{system}'"
            )
        if weights.stored.endswith(".onnx"):
            raise LacunaError(
                f"systems.{label}.weights is {name}, a graph, which a run does not take; name other weights"
            )


def _check_masks(entry: dict, where: str, image_size: int | list[int]) -> None:
    """A drawn set has a number, its bins hold what its family fixes, and no bin lies between two numbers of pixels."""
    if entry["count"] is None and not masks.is_given(entry["kind"]):
        raise LacunaError(f"{where}.count is empty; give the number of masks to draw")
    width, height = width_and_height(image_size)
    entry = filled(entry, MaskSet)
    for each in coverage_bins(entry["coverage"], entry["bins"]):
        fewest, most = each.pixels(width * height)
        if fewest > most:
            raise LacunaError(
                f"{where} asks for coverage in {each.label}, but no mask of {width}x{height} pixels has one; "
                "ask for fewer bins or a wider coverage"
            )
    family = masks.load(entry["kind"])
    if hasattr(family, "hole_pixels"):
        few, many = family.hole_pixels((width, height), family.Options(**entry["options"]))
        if few < fewest or many > most:
            coverages = dict.fromkeys(f"{pixels / width / height:.4f}" for pixels in (few, many))
            raise LacunaError(
                f"{where}.coverage is {entry['coverage']}, but masks of kind {entry['kind']} with these options cover "
                f"{' to '.join(coverages)} of {width}x{height} pixels; leave 'coverage' out, or change the options"
            )


def _check_published(config: dict) -> None:
    """Published results are known, and stand beside a test set that is scored."""
    for test_set, data in (config.get("published") or {}).items():
        known = scored(config["image_sets"], config["test_sets"])
        if test_set not in known:
            hint = suggest(test_set, known)
            raise LacunaError(f"published names '{test_set}', which is not a test set with scores: {hint}")
        if data not in PUBLISHED_DATA:
            raise LacunaError(f"published.{test_set} is '{data}': {suggest(data, PUBLISHED_DATA)}")


def _check_metrics(config: dict) -> None:
    """No metric that needs larger images, no set metric that needs more of them."""
    for name, size in product(config["metrics"], sizes_of(config).values()):
        width, height = width_and_height(size)
        if min(width, height) < metric_by_name(name).minimal_size:
            raise LacunaError(metric_by_name(name).too_small(width, height))
    for metric in map(metric_by_name, config["metrics"]):
        if metric.network:
            _need_backbone(f"metric '{metric.name}'", metric.network, config)
            if config["backbones"][metric.network].get("patch") is None:
                raise LacunaError(
                    f"the metric '{metric.name}' compares patches, but backbones.{metric.network} has no 'patch', the "
                    "side of its patches in pixels; add it"
                )
    if metric_by_name(config["metrics"][0]).network:
        raise LacunaError(
            f"metrics begins with '{config['metrics'][0]}', but the first metric chooses and orders pictures in all "
            "parts of the report, and this one is not in all of them; begin with another"
        )
    for name in config.get("set_metrics", []):
        of_sets = set_metric_by_name(name)
        if of_sets.network != INCEPTION:
            _need_backbone(f"set metric '{name}'", of_sets.network, config)
        for test_set in scored(config["image_sets"], config["test_sets"]):
            count, needs = config["image_sets"][test_set].get("count"), of_sets.needs
            if count is not None and count < needs:
                raise LacunaError(
                    f"the set metric '{name}' needs at least {needs} images, but test set '{test_set}' has {count}; "
                    f"enlarge it or drop '{name}'"
                )


def _need_backbone(what: str, name: str, config: dict) -> None:
    known = config.get("backbones") or {}
    if name not in known:
        raise LacunaError(
            f"the {what} is of the backbone '{name}', which 'backbones' does not name: {suggest(name, known)}"
        )


def _check_sources_of_systems(config: dict) -> None:
    """A budget for one source is for one that there is."""
    for label, entry in config["systems"].items():
        for source in (entry or {}).get("training_on", {}):
            if source not in config["sources"]:
                raise LacunaError(
                    f"systems.{label}.training_on names the unknown source '{source}': "
                    f"{suggest(source, config['sources'])}"
                )


def _check_batches(config: dict) -> None:
    """A batch that no memory holds is a slip of the pen."""
    width, height = max(map(width_and_height, sizes_of(config).values()), key=prod)
    budgets = {"training": config["training"]}
    for label, entry in config["systems"].items():
        entry = entry or {}
        budgets[f"systems.{label}.training"] = entry.get("training", {})
        for source, budget in entry.get("training_on", {}).items():
            budgets[f"systems.{label}.training_on.{source}"] = budget
    for where, budget in budgets.items():
        size = budget.get("batch_size")
        if size and size * width * height * 3 > MOST_BATCH_VALUES:
            raise LacunaError(f"{where}.batch_size is {size} at {width}x{height}, which no memory holds; lower it")


def _check_adaptation(config: dict, asked: dict) -> None:
    """Experiments and names are known, and no adapted system is called what another one is."""
    known = {"systems": config["systems"], "sources": config["sources"], "test_sets": config["test_sets"]}
    for what, names in known.items():
        for name in asked.get(what) or ():
            if name not in names:
                raise LacunaError(f"adaptation.{what} names '{name}', which is not there: {suggest(name, names)}")
    sets = config["image_sets"]
    for name in asked.get("test_sets") or ():
        if sets[name].get("truth") is not None:
            raise LacunaError(
                f"adaptation.test_sets names '{name}', whose truth is not its own pictures; leave it out, because "
                "adapted networks are judged by the pictures themselves"
            )
    if all(sets[name].get("truth") is not None for name in config["test_sets"]):
        raise LacunaError(
            "adaptation finds no test set whose truth is its own pictures; add one, or leave the adaptation out"
        )
    on = asked.get("choose_on")
    if on is not None:
        fitting = [*(entry["validation"] for entry in config["sources"].values()), *config["test_sets"]]
        if on not in fitting:
            raise LacunaError(
                f"adaptation.choose_on is '{on}', which is neither a validation nor a test set: {suggest(on, fitting)}"
            )
        if set(asked.get("test_sets") or config["test_sets"]) == {on}:
            raise LacunaError(
                f"adaptation.choose_on is '{on}', the one test set that is reported on; choose on a validation set"
            )
    for label, losses in (asked.get("losses") or {}).items():
        if label not in config["systems"]:
            raise LacunaError(f"adaptation.losses names '{label}': {suggest(label, config['systems'])}")
        if losses not in ("thesis", "own"):
            raise LacunaError(f"adaptation.losses.{label} is '{losses}'; give thesis or own")
    try:
        chosen(asked["experiments"], asked.get("changes"), asked.get("common"))
    except LacunaError as error:
        raise LacunaError(f"under adaptation, {error}") from None
    taken = dict.fromkeys(config["systems"], "a system")
    for label in asked.get("systems") or config["systems"]:
        for experiment in asked["experiments"]:
            name = contestant(label, experiment)
            if name in taken:
                raise LacunaError(
                    f"'{name}' is the name of {taken[name]} and of '{label}' adapted by '{experiment}'; rename one"
                )
            taken[name] = f"'{label}' adapted by '{experiment}'"
