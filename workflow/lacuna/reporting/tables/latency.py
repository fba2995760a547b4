"""Time and memory of a prediction, measured."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, number, sentences
from lacuna.reporting.titles import check_known, titles

RUNTIMES = {"pytorch": "PyTorch", "onnxruntime": "ONNX Runtime", "classical": ""}
RUNTIMES |= {"command": "a program", "torchscript": "TorchScript", "diffusers": "diffusers"}
DEVICES = {"cpu": "CPU", "cuda": "GPU"}


def rows(run):
    """`cost_tables.latency` of the systems that predict here."""
    from lacuna.reporting.cost_tables import latency

    return latency(run.settings, run.files("costs"), run.files("outside_records"))


def latency_table(rows, settings: dict) -> DisplayTable:
    """Time and memory of a prediction, from a non-empty `latency`."""
    systems, groups = titles(settings["systems"]), []
    check_known(rows["system"], systems, "system")
    for system, some in rows.groupby("system", sort=False):
        lines = []
        for row in some.itertuples():
            times = (row.median_ms, row.q1_ms, row.q3_ms, row.median_ms / row.batch)
            median, low, high, each = ("–" if is_missing(time) else number(time) for time in times)
            memory = "–" if is_missing(row.peak_memory_mb) else f"{row.peak_memory_mb:.0f}"
            cells = (median, f"{low} – {high}" if low != "–" else "–", each, str(row.repeats), memory)
            start = "" if is_missing(row.startup_ms) else f"start {number(row.startup_ms)} ms"
            parts = (RUNTIMES[row.runtime], DEVICES[row.device], f"batch {row.batch}", start)
            what = ", ".join(filter(None, parts))
            lines.append((what, tuple(map(Cell, cells))))
        sizes = f"{some['width'].iloc[0]}×{some['height'].iloc[0]}"
        groups.append((f"{systems[system]} ({sizes})", tuple(lines)))
    return DisplayTable(
        title="Time and memory of a prediction",
        caption=_caption(rows),
        head=("System", "Runtime, device, batch", "Median (ms)", "Quartiles (ms)", "An image (ms)", "N", "Peak (MiB)"),
        groups=tuple(groups),
    )


def _caption(rows) -> str:
    machines = ", ".join(
        f"{row.machine} ({row.threads} thread{'s' * (row.threads > 1)})" if row.device == "cpu" else row.machine
        for row in rows[["machine", "device", "threads"]].drop_duplicates().itertuples()
    )
    busy = " to ".join(dict.fromkeys(f"{each:.1f}" for each in (rows["busy"].min(), rows["busy"].max())))
    return sentences(f"Measured on {machines}; load average: {busy}.", TABLE.text())


TABLE = Table(
    title="time and memory (tidy)",
    category="Cost",
    demonstration="Demonstration: small networks on small pictures.",
    caption="N calls each after one that warms up, in single precision, of random pictures in memory with a hole of a "
    "quarter of the area; reading, padding and writing files are not in it. Batch 1 and the largest that fits, within "
    "the config's bound; algorithms without a network take one picture after the other; a fit is timed once. Peak: "
    "what weights, pictures and everything between took of memory at most; on a CPU what the process took beyond what "
    "it held before the network was made, on a GPU what PyTorch's tensors took. Each measurement asks for eight cores, "
    "so that on a machine of no more nothing else of this workflow ran beside it; what other programs did shows in the "
    "quartiles, and in the load average of the minute before each. Measured numbers differ from run to run. "
    "Contestants from outside: times of the run's own pictures, beside other jobs of the workflow, after a start that "
    "is timed apart where it can be told; the peak is of their processes whole. A program that fills a folder at once "
    "has a mean in the place of the median, and no quartiles.",
    columns={
        "median_ms, q1_ms, q3_ms": "median and quartiles of the milliseconds of a call",
        "repeats": "N",
        "peak_memory_mb": "in MiB",
        "busy": "the load average",
        "startup_ms": "of contestants from outside: before the first picture",
    },
    inputs=("costs",),
    rows=rows,
)
