"""The comparison for one training source: data sets and metrics down, systems across.

Many systems do not fit across a page: then they stand below each other, and the metrics across.
"""

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import DisplayTable, row_of, sentences
from lacuna.reporting.titles import PREDICTIONS, REGIONS, UNTRAINED_MARK, UNTRAINED_NOTE, check_known, titles
from lacuna.sources import SHARED

# Which numbers a source's page shows, in this order; the first is what the text means by "the table".
BLOCKS = (("composite", "image"), ("composite", "hole"), ("composite", "boundary"), ("raw", "image"))
ACROSS = 8  # systems that fit across a page


def shown(run, source: str) -> list[DisplayTable]:
    """All blocks of one source."""
    return comparisons(run.selected(run.table("quantitative")), run.settings, source)


def comparisons(quantitative, settings: dict, source: str) -> list[DisplayTable]:
    """All blocks of one source that hold a value, from `aggregation.quantitative`."""
    blocks = (comparison(quantitative, settings, source, *block) for block in BLOCKS)
    return [table for table in blocks if table.lines]


def comparison(quantitative, settings: dict, source: str, prediction: str, region: str) -> DisplayTable:
    """The table of one source for one kind of prediction and region, from `aggregation.quantitative`.

    Raises `LacunaError` for results that the settings do not name and for columns compared at different N.
    """
    systems, sets = titles(settings["systems"]), titles(settings["test_sets"])
    check_known(quantitative["system"], systems, "system")
    check_known(quantitative["test_set"], sets, "test set")
    chosen = quantitative[
        quantitative["source"].isin({source, *SHARED})
        & (quantitative["prediction"] == prediction)
        & (quantitative["region"] == region)
    ]
    means = chosen.set_index(["system", "test_set", "metric"])["mean"].to_dict()
    untrained = set(chosen.loc[chosen["source"].isin(SHARED), "system"])
    present = [name for name in systems if name in set(chosen["system"])]
    names = [systems[name] + f" {UNTRAINED_MARK}" * (name in untrained) for name in present]
    metrics = [name for name in settings["metrics"] if name in set(chosen["metric"])]
    groups = []
    for test_set, set_title in sets.items():
        numbers = sorted(set(chosen.loc[chosen["test_set"] == test_set, "n"]))
        if not numbers:
            continue
        if len(numbers) > 1:
            raise LacunaError(
                f"the systems were scored on different numbers of images of '{test_set}' ({numbers[0]} and "
                f"{numbers[-1]}), so their means do not compare; run the rule 'score' again"
            )
        cells = [row_of([means.get((system, test_set, metric)) for system in present], metric) for metric in metrics]
        groups.append((f"{set_title} ({numbers[0]})", cells))
    labels = [metric_by_name(metric).label for metric in metrics]
    head, down, lines = ("Metric", *names), labels, groups
    if len(present) > ACROSS:
        head, down = ("System", *labels), names
        lines = [(label, list(zip(*cells, strict=True))) for label, cells in groups]
    source_title = titles(settings["sources"]).get(source, "no source")
    return DisplayTable(
        title=f"Systems trained on {source_title}: {prediction}, {REGIONS[region]}",
        caption=sentences(
            TABLE.text(),
            f"Shown: {PREDICTIONS[prediction]}, {REGIONS[region]}.",
            "Images whose mask has no hole are left out." * (region != "image"),
            "↑ higher is better, ↓ lower is better; the best of each data set and metric is bold, before any test of "
            "significance.",
            UNTRAINED_NOTE * bool(untrained),
        ),
        head=("Data set (N)", *head),
        groups=tuple((label, tuple(zip(down, cells, strict=True))) for label, cells in lines),
    )


TABLE = Table(
    title="as the original comparison printed it",
    section="tables",
    caption="Means over the N test images of each data set.",
    columns={
        "layout": "data sets and metrics down, systems across; of more than eight systems, data sets and systems down",
        "blocks": "composites on the whole image, in the hole only and in a band along its edge, and raw predictions "
        "on the whole image",
    },
    inputs=("scores",),
    each="source",
    shown=shown,
    formats=("html", "md", "tex"),
)
