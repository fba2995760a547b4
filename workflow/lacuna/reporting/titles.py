"""What things are called, and in which order they are shown."""

from collections.abc import Iterable

from lacuna.errors import LacunaError
from lacuna.metrics import regions
from lacuna.metrics.facts import METRICS, Metric
from lacuna.metrics.per_image import metric_by_name
from lacuna.sources import SHARED

PREDICTIONS = {
    "composite": "composites (the prediction inside the hole, the image itself outside)",
    "raw": "raw predictions (everything as the system returned it, outside the hole too)",
}
REGIONS = {name: region.title for name, region in regions.REGIONS.items()}
# What a validation column measures, by what follows the metric's name in it.
READINGS = {
    "": "composite, whole image",
    "_raw": "raw, whole image",
    "_hole": "raw, hole only",
    "_valid": "raw, outside the hole",
}
UNTRAINED_MARK = "†"
UNTRAINED_NOTE = f"{UNTRAINED_MARK} not trained in this run: the same predictions whatever the source."


def titles_of_sets(settings: dict) -> dict[str, str]:
    """Those of the test sets, and of the pictures that experiments of test-time training are only chosen on."""
    return titles(settings.get("chosen_on", [])) | titles(settings["test_sets"])


def titles(entries) -> dict[str, str]:
    """Name → title in the order given; `entries` is a mapping or, where order matters, a list of [name, title]."""
    return dict(entries.items() if isinstance(entries, dict) else entries)


def reading_of(column: str) -> tuple[Metric, str]:
    """The metric and the reading of a validation column such as `psnr`, `psnr_raw` or `l1_hole`."""
    for suffix in sorted(READINGS, key=len, reverse=True):
        name = column.removesuffix(suffix)
        if column.endswith(suffix) and name in METRICS:
            return metric_by_name(name), READINGS[suffix]
    return metric_by_name(column), READINGS[""]


def label_of(title: str, source: str, sources: dict[str, str]) -> str:
    """A system by its title, with what it was trained on, or the mark of those that were not trained here."""
    return f"{title} {UNTRAINED_MARK}" if source in SHARED else f"{title}, {sources[source]}"


def check_known(found: Iterable[str], known: dict[str, str], what: str) -> None:
    """Every name found in the results must have a title in the settings."""
    for name in sorted(set(found) - set(known)):
        raise LacunaError(f"the results hold the {what} '{name}', which the settings do not name; make them again")
