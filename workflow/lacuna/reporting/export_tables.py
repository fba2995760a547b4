"""The exported networks as the report shows them."""

from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.metrics.per_image import named
from lacuna.reporting.export import LIMIT, PARITY, SHOWN, SIZES
from lacuna.reporting.tables import Cell, Table
from lacuna.reporting.titles import PREDICTIONS, REGIONS, check_known, titles
from lacuna.sources import ELSEWHERE, UNTRAINED

COLUMNS = ("PyTorch", "ONNX Runtime", "difference")


def export_tables(folder: str | Path, settings: dict) -> list[Table]:
    """What the report shows of `export.csv` and `export_metrics.csv` in `folder`; tables without a row are left out.

    settings: systems, sources, metrics. A table that is missing is a `LacunaError`.
    """
    read = {}
    for name in ("export", "export_metrics"):
        path = Path(folder) / f"{name}.csv"
        try:
            read[name] = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise LacunaError(
                f"{path} cannot be read as a table ({error}); run the rule 'tabulate_export' first."
            ) from None
    systems = titles(settings["systems"])
    sources = titles(settings["sources"]) | {UNTRAINED: "no training", ELSEWHERE: "elsewhere"}
    rows, metrics = read.values()
    check_known(rows["system"], systems, "system")
    check_known(rows["source"], sources, "source")
    shown = (
        parity_table(rows[rows["verified"] == "yes"], systems, sources),
        metrics_table(metrics, systems, sources, settings["metrics"]),
        missing_table(rows[rows["verified"] != "yes"], systems, sources),
    )
    return [table for table in shown if table.groups]


def _ordered(rows: pd.DataFrame, systems: dict, sources: dict) -> list:
    """The rows in the config's order, each with its systems' and sources' titles in front: `Madf, Place2`."""
    found = {(row.system, row.source): row for row in rows.itertuples()}
    names = {(a, b): f"{systems[a]}, {sources[b]}" for a in systems for b in sources}
    return [(name, found[key]) for key, name in names.items() if key in found]


def parity_table(rows: pd.DataFrame, systems: dict, sources: dict) -> Table:
    """How far ONNX Runtime's predictions are from PyTorch's, from verified rows of `export.export_rows`."""
    ordered = _ordered(rows, systems, sources)
    differing = "; ".join(name for name, row in ordered if row.equal != "yes")
    verdict = f"Not equal by this measure: {differing}." if differing else "All are equal by this measure."
    devices = ", ".join(sorted({f"{row.runtime}, {row.providers} on {row.device}" for row in rows.itertuples()}))
    opsets = sorted({f"{row.exporter}, opset {row.opset:.0f}" for row in rows.itertuples()})
    return Table(
        title="ONNX Runtime beside PyTorch",
        caption="The same weights on the same N test images, whole: raw predictions of the network's graph at the "
        "run's size and at a larger one that is not square, and composites of the graph from bytes to bytes at an odd "
        "size. Δ: "
        "largest absolute difference of any value on the [0, 1] scale, beside the largest value itself, for a network "
        "may go beyond [0, 1]; then Δ and PSNR with both clamped to [0, 1]. Bytes: Δ in levels of 255; outside the "
        f"hole they have to be the picture's own. Equal: no clamped Δ above {LIMIT:g}, no byte farther than 1 level, "
        f"none changed outside the hole. {verdict} What a network draws at random is off here. Computed by {devices}. "
        f"Written by {'; '.join(opsets)}.",
        head=("System, trained on", "Graph, height×width", "MB", "N", "Δ", "Largest value", "Clamped Δ", "PSNR (dB)"),
        groups=tuple((f"{name} ({_verdict(row)})", _parity_lines(row)) for name, row in ordered),
    )


def _verdict(row) -> str:
    return "equal" if row.equal == "yes" else "not equal"


def _parity_lines(row) -> tuple:
    lines = []
    for size in SIZES:
        n, raw, largest, clamped, psnr = (getattr(row, f"{size}_{what}") for what in PARITY)
        texts = [f"{row.network_megabytes:.1f}", f"{n:.0f}", f"{raw:.1e}", f"{largest:.3g}", f"{clamped:.1e}"]
        lines.append((f"network, {getattr(row, size)}", [*texts, "identical" if pd.isna(psnr) else f"{psnr:.0f}"]))
    levels, changed = row.end_to_end_hole_levels, row.end_to_end_valid_changed
    bytes_differ = f"{levels:.0f} level{'s' * (levels != 1)}" + f", {changed:.0f} outside" * (changed > 0)
    texts = [f"{row.end_to_end_megabytes:.1f}", f"{row.end_to_end_n:.0f}", "–", "–", bytes_differ, "–"]
    lines.append((f"end to end, {row.end_to_end_size}", texts))
    return tuple((label, tuple(map(Cell, cells))) for label, cells in lines)


def metrics_table(metrics: pd.DataFrame, systems: dict, sources: dict, order: list[str]) -> Table:
    """The metrics of both, from `export.metric_rows`."""
    values = {(row.system, row.source, row.metric, row.region): row for row in metrics.itertuples()}
    groups = []
    for system, source in [(a, b) for a in systems for b in sources]:
        lines = []
        for name in order:
            found = [values.get((system, source, name, region)) for region in SHOWN]
            if any(found):
                lines.append((named(name).label, tuple(cell for row in found for cell in _metric_cells(row, name))))
        if lines:
            n = {key[-1]: row.n for key, row in values.items() if key[:2] == (system, source)}
            numbers = ", ".join(str(n[region]) for region in SHOWN if region in n)
            groups.append((f"{systems[system]}, {sources[source]} ({numbers})", tuple(lines)))
    return Table(
        title="The metrics, recomputed from ONNX Runtime's predictions",
        caption="Means over N of the test images of all data sets (N of the whole image, then of the hole), of "
        f"{PREDICTIONS['composite']}, scored by the same code from 8-bit pictures: the run's own predictions by "
        "PyTorch, and those of the ONNX file. In brackets, the largest difference of one image. A network that draws "
        "at random in the run's predictions does not in the ONNX file, and differs by that.",
        head=("System, trained on (N)", "Index", *(f"{REGIONS[region]}: {of}" for region in SHOWN for of in COLUMNS)),
        groups=tuple(groups),
    )


def _metric_cells(row, metric: str) -> list[Cell]:
    if row is None:
        return [Cell("–")] * len(COLUMNS)
    number = f".{named(metric).decimals}f"
    texts = [f"{row.pytorch:{number}}", f"{row.onnxruntime:{number}}"]
    difference = f"{_power(row.difference, '+')} [{_power(row.largest_difference)}]"
    return [Cell(text) for text in [*texts, difference]]


def _power(value: float, sign: str = "") -> str:
    return f"{value:{sign}.0e}" if value else "0"


def missing_table(rows: pd.DataFrame, systems: dict, sources: dict) -> Table:
    """What has no ONNX file, or one that ONNX Runtime does not run, and why."""
    return Table(
        title="Not in ONNX Runtime",
        caption="Systems without ONNX files, or with some that could not be verified.",
        head=("System, trained on", "Exported", "Reason"),
        groups=tuple((name, ((row.exported, (Cell(row.reason),)),)) for name, row in _ordered(rows, systems, sources)),
    )
