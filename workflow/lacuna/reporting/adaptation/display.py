"""What the tables and captions of test-time training say alike."""

from lacuna.metrics.facts import METRICS, Metric, SetMetric
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.reporting.adaptation.experiments import title_of
from lacuna.reporting.display import interval_text, is_missing
from lacuna.reporting.titles import titles, titles_of_sets

CONFIG = ("adaptation", "metrics")
COMPOSITES = "composites (the prediction inside the hole, the picture itself outside)"
IMPROVES, WORSENS, UNCLEAR = "improves", "worsens", "shows no change beyond chance"


def metric_of(name: str) -> Metric | SetMetric:
    """The facts of a metric of pictures or of sets."""
    return metric_by_name(name) if name in METRICS else set_metric_by_name(name)


def metrics_in(table, settings: dict) -> list[str]:
    """The metrics of a table: those of pictures in the order of the config, then those of sets."""
    found = set(table["metric"])
    return [name for name in settings["metrics"] if name in found] + sorted(found - set(settings["metrics"]))


def is_adapting(plan) -> bool:
    """Whether a plan adapts anything."""
    return bool(plan.adaptation)


def percent_text(value: float, low: float, high: float) -> str:
    """`+4.2 % [+1.0, +7.3]`."""
    if is_missing(value):
        return "–"
    number = percent_format(value, low, high)
    return f"{value:+{number}} % {interval_text(low, high, '+' + number)}"


def percent_format(*values: float) -> str:
    """Two decimals as in print, four where all are so small that two would show nothing but zeros."""
    return ".2f" if any(abs(value) >= 0.1 for value in values) or not any(values) else ".4f"


def verdict(low: float, high: float) -> str:
    """What an interval of a gain says; without one nothing is said to have changed."""
    if not is_missing(low) and low > 0:
        return IMPROVES
    return WORSENS if not is_missing(high) and high < 0 else UNCLEAR


def job_title(key: tuple[str, str, str], settings: dict) -> str:
    """`Structure, trained on Places2 → Faces` of (system, source, test set)."""
    systems, sources, sets = titles(settings["systems"]), titles(settings["sources"]), titles_of_sets(settings)
    system, source, test_set = key
    of = f", trained on {sources[source]}" if source in sources else ""
    return f"{systems.get(system, system)}{of} → {sets.get(test_set, test_set)}"


def jobs_in_order(table, settings: dict) -> list[tuple[str, str, str]]:
    """(system, source, test set) of a table, in the order of the config."""
    systems, sources, sets = (list(titles(settings[name])) for name in ("systems", "sources", "test_sets"))

    def place(key: tuple[str, str, str]) -> tuple:
        return tuple(
            (known.index(name) if name in known else len(known), name)
            for known, name in zip((systems, sources, sets), key, strict=True)
        )

    return sorted(set(zip(table["system"], table["source"], table["test_set"], strict=True)), key=place)


def rows_of_job(table, key: tuple[str, str, str]):
    """The rows of a table that are about one of `jobs_in_order`."""
    system, source, test_set = key
    return table[(table["system"] == system) & (table["source"] == source) & (table["test_set"] == test_set)]


def chosen_words(settled: dict) -> str:
    """Which experiments were taken, and how they were chosen."""
    ways = dict.fromkeys(settled.values())
    return "; ".join(f"{title_of(experiment)}, {how}" for experiment, how in ways)
