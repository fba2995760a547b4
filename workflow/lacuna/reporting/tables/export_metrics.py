"""The metrics of the exported networks, recomputed from the predictions of ONNX Runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import FIRST, Table
from lacuna.reporting.display import Cell, DisplayTable
from lacuna.reporting.tables.export import names_of
from lacuna.reporting.titles import PREDICTIONS, REGIONS

METRICS = ["system", "source", "metric", "region", "pytorch", "onnxruntime", "difference", "largest_difference", "n"]
SHOWN = ("image", "hole")  # regions that are compared
PAIR = ["system", "source", "test_set", "image", "mask", "prediction", "region", "metric"]
COLUMNS = ("PyTorch", "ONNX Runtime", "difference")


def rows(run):
    """`metric_rows` of the networks of the run."""
    return metric_rows(run.files("parity"), run.files("scores"), run.metrics, run.selection)


def metric_rows(
    parities: Sequence[str | Path],
    scores: Sequence[str | Path],
    metrics: Sequence[str],
    selection: Mapping[str, str] = MappingProxyType({}),
):
    """Means of the composites by PyTorch and by ONNX Runtime over the same images: columns `METRICS`, sorted.

    parities: as in `export_rows`; ONNX Runtime's scores are beside them. scores: PyTorch's, as `lacuna score` wrote
    them; they may hold more images. `difference` is ONNX Runtime's mean − PyTorch's, `largest_difference` that of one
    image. selection: the cell that is exported, where scores are of several (`replicates.selected`): its first training
    and first sample. A score without its counterpart is a `LacunaError`.
    """
    import pandas as pd

    from lacuna.reporting.aggregation import read_scores
    from lacuna.reporting.replicates import firsts, selected

    files = [Path(path).with_name("scores.parquet") for path in parities if read_json(path)["verified"]]
    if not files:
        return pd.DataFrame(columns=METRICS)
    there, here = _chosen(read_scores(files)), _chosen(firsts(selected(read_scores(scores), selection)))
    both = there.merge(here, "left", on=PAIR, suffixes=("_there", "_here"), validate="one_to_one")
    alone = both[both["value_here"].isna()]
    if len(alone):
        row = alone.iloc[0]
        raise LacunaError(
            f"the scores hold no {row['metric']} of {row['image']} by {row['system']} ({row['source']}), which was "
            "verified in ONNX Runtime; run the rules 'score' and 'verify_export' again"
        )
    both["difference"] = both["value_there"] - both["value_here"]
    both["size"] = both["difference"].abs()
    table = both.groupby(METRICS[:4]).agg(
        pytorch=("value_here", "mean"),
        onnxruntime=("value_there", "mean"),
        difference=("difference", "mean"),
        largest_difference=("size", "max"),
        n=("difference", "size"),
    )
    order = {name: place for place, name in enumerate(metrics)}
    return table.reset_index().sort_values(
        METRICS[:4], key=lambda c: c.map(order) if c.name == "metric" else c, ignore_index=True
    )


def _chosen(rows):
    kept = (rows["prediction"] == "composite") & rows["region"].isin(SHOWN)
    return rows.loc[kept, [*PAIR, "value"]]


def shown(run, _="") -> list[DisplayTable]:
    """One table; none where no network was verified."""
    table = metrics_table(run.table("export_metrics"), *names_of(run), run.metrics)
    return [table] if table.groups else []


def metrics_table(metrics, systems: dict, sources: dict, order: list[str]) -> DisplayTable:
    """The metrics of both, from `metric_rows`."""
    values = {(row.system, row.source, row.metric, row.region): row for row in metrics.itertuples()}
    groups = []
    for system, source in [(a, b) for a in systems for b in sources]:
        lines = []
        for name in order:
            found = [values.get((system, source, name, region)) for region in SHOWN]
            if any(found):
                lines.append(
                    (metric_by_name(name).label, tuple(cell for row in found for cell in _metric_cells(row, name)))
                )
        if lines:
            n = {key[-1]: row.n for key, row in values.items() if key[:2] == (system, source)}
            numbers = ", ".join(str(n[region]) for region in SHOWN if region in n)
            groups.append((f"{systems[system]}, {sources[source]} ({numbers})", tuple(lines)))
    return DisplayTable(
        title="The metrics, recomputed from ONNX Runtime's predictions",
        caption=TABLE.text(),
        head=("System, trained on (N)", "Metric", *(f"{REGIONS[region]}: {of}" for region in SHOWN for of in COLUMNS)),
        groups=tuple(groups),
    )


def _metric_cells(row, metric: str) -> list[Cell]:
    if row is None:
        return [Cell("–")] * len(COLUMNS)
    number = f".{metric_by_name(metric).decimals}f"
    texts = [f"{row.pytorch:{number}}", f"{row.onnxruntime:{number}}"]
    difference = f"{_power(row.difference, '+')} [{_power(row.largest_difference)}]"
    return [Cell(text) for text in [*texts, difference]]


def _power(value: float, sign: str = "") -> str:
    return f"{value:{sign}.0e}" if value else "0"


TABLE = Table(
    title="metrics in ONNX Runtime",
    section="export",
    place=20,
    category="Export",
    demonstration="",
    caption="Means over N of the test images of all data sets (N of the whole image, then of the hole only), of "
    f"{PREDICTIONS['composite']}, scored by the same code from 8-bit pictures: the run's own predictions by PyTorch, "
    "and those of the ONNX file. In brackets, the largest difference of one image. A network that draws at random in "
    "the run's predictions does not in the ONNX file, and differs by that.",
    inputs=("parity", "scores"),
    cells=FIRST,
    applies=lambda plan: plan.is_exporting(),
    rows=rows,
    shown=shown,
)
