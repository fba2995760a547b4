"""Table 3: what the systems cost, counted and measured, beside the published counts."""

from pathlib import Path

import pandas as pd

from lacuna.canonical import canonical_json
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.reporting.tables import Cell, Table
from lacuna.reporting.titles import check_known, titles
from lacuna.sources import ELSEWHERE, UNTRAINED

COMPLEXITY = [
    *("system", "title", "source", "parameters", "parts", "parameters_authors", "height", "width", "macs_run_size"),
    *("macs_256", "macs_256_authors", "weights_mb", "training_seconds", "training_images_per_second"),
    *("training_peak_memory_mb", "parameters_published", "macs_published", "note"),
]
LATENCY = [
    *("system", "runtime", "device", "batch", "median_ms", "q1_ms", "q3_ms", "repeats", "peak_memory_mb"),
    *("height", "width", "machine", "threads", "busy"),
]
PUBLISHED = ["system", "parameters", "macs", "note"]
RUNTIMES = {"pytorch": "PyTorch", "onnxruntime": "ONNX Runtime", "classical": ""}
DEVICES = {"cpu": "CPU", "cuda": "GPU"}
MEBI = 2**20


def read_published(path: str | Path) -> pd.DataFrame:
    """Published counts with columns `PUBLISHED`, by system; an unreadable file is a `LacunaError`."""
    try:
        return pd.read_csv(path)[PUBLISHED].set_index("system")
    except (OSError, ValueError, KeyError) as error:
        raise LacunaError(f"{path} cannot be read as published counts ({error}); restore the file.") from None


# ---------------------------------------------------------------------- from files to tidy tables


def complexity(settings: dict, results: Path, published: pd.DataFrame) -> pd.DataFrame:
    """One row a system and source, columns `COMPLEXITY`; what a system does not have is missing.

    settings: `rows` (lists of system, its registered name, source, file of its weights or null) and `systems` (titles).
    results: the run's folder, with `measurements/<system>.json` and `training/<system>/<source>/record.json`. Memory
    and weights in MiB (2^20 bytes), `parts` as JSON: name → trainable parameters, the discriminator's last.
    """
    named, rows = titles(settings["systems"]), []
    for system, registered, source, weights in settings["rows"]:
        row = {"system": system, "title": named[system], "source": source}
        row |= _counted(read_json(results / "measurements" / f"{system}.json"))
        if weights:
            row["weights_mb"] = _bytes(Path(weights)) / MEBI
        record = results / "training" / system / source / "record.json"
        if source not in (UNTRAINED, ELSEWHERE):
            trained = read_json(record)
            row["training_seconds"] = trained["seconds"]
            row["training_images_per_second"] = trained["images_per_second"]
            row["training_peak_memory_mb"] = trained["peak_memory"] / MEBI
        if registered in published.index:
            theirs = published.loc[registered]
            row |= {"parameters_published": theirs["parameters"], "macs_published": theirs["macs"]}
            row["note"] = theirs["note"]
        rows.append(row)
    whole = dict.fromkeys(("parameters", "parameters_authors", "height", "width", "macs_run_size"), "Int64")
    whole |= dict.fromkeys(("macs_256", "macs_256_authors", "parameters_published", "macs_published"), "Int64")
    return pd.DataFrame(rows, columns=COMPLEXITY).astype(whole)


def _counted(measurement: dict) -> dict:
    counts = measurement["counts"]
    if counts is None:
        return {"parameters": 0, "parameters_authors": 0}
    run = counts["run"]
    parts = {name: part["parameters"] for name, part in run["parts"].items()}
    return {
        "parameters": run["parameters"],
        "parts": canonical_json(parts | ({"discriminator": run["discriminator"]} if run["discriminator"] else {})),
        "parameters_authors": counts["authors_256"]["parameters"],
        "height": run["height"],
        "width": run["width"],
        "macs_run_size": run["macs"],
        "macs_256": counts["run_256"]["macs"],
        "macs_256_authors": counts["authors_256"]["macs"],
    }


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise LacunaError(f"{path} cannot be read ({error.strerror}); run the rule that makes it first.") from None


def latency(settings: dict, results: Path) -> pd.DataFrame:
    """One row a system, runtime, device and batch, columns `LATENCY`: milliseconds a call, memory in MiB."""
    rows = []
    for system in dict.fromkeys(row[0] for row in settings["rows"]):
        measurement = read_json(results / "measurements" / f"{system}.json")
        machine, (width, height) = measurement["machine"], measurement["image_size"]
        if measurement["counts"]:
            height, width = measurement["counts"]["run"]["height"], measurement["counts"]["run"]["width"]
        for row in measurement["rows"]:
            memory = row["peak_memory"]
            rows.append(
                {name: row[name] for name in LATENCY if name in row}
                | {"system": system, "peak_memory_mb": None if memory is None else memory / MEBI}
                | {"height": height, "width": width, "threads": machine["threads"], "busy": machine["busy"]}
                | {"machine": machine["gpu"] if row["device"] == "cuda" else machine["processor"]}
            )
    return pd.DataFrame(rows, columns=LATENCY)


# ---------------------------------------------------------------------- as a reader sees them


def complexity_table(rows: pd.DataFrame, settings: dict) -> Table:
    """The published layout (counts down, systems across) from a non-empty `complexity`, with what it leaves out."""
    check_known(rows["system"], titles(settings["systems"]), "system")
    once = rows.drop_duplicates("system")
    sizes = sorted(set(once[["width", "height"]].dropna().itertuples(index=False, name=None)))
    size = f"{int(sizes[0][0])}×{int(sizes[0][1])}" if len(sizes) == 1 else "the run's size"
    parameters, operations = "# of parameters (M)", "FLOPs (GMac)"
    groups = []
    if once["macs_published"].notna().any():
        groups.append(("Published, 256×256", [(parameters, _row(once["parameters_published"], 1e6))]))
        groups[-1][1].append((operations, _row(once["macs_published"], 1e9)))
    groups.append(
        (
            "Counted, authors' settings, 256×256",
            [
                (parameters, _row(once["parameters_authors"], 1e6)),
                (operations, _row(once["macs_256_authors"], 1e9)),
            ],
        )
    )
    groups.append(
        (
            "Counted, this run's settings",
            [
                (parameters, _row(once["parameters"], 1e6)),
                (f"FLOPs at {size} (GMac)", _row(once["macs_run_size"], 1e9)),
                ("FLOPs at 256×256 (GMac)", _row(once["macs_256"], 1e9)),
            ],
        )
    )
    for source, title in {**titles(settings["sources"]), ELSEWHERE: "elsewhere"}.items():
        here = rows[rows["source"] == source].set_index("system").reindex(once["system"])
        lines = [("Weights (MiB)", _row(here["weights_mb"], 1))]
        if source != ELSEWHERE:
            lines += [
                ("Training (s)", _row(here["training_seconds"], 1)),
                ("Training (images/s)", _row(here["training_images_per_second"], 1)),
                ("Training, peak memory (MiB)", _row(here["training_peak_memory_mb"], 1)),
            ]
        if here["weights_mb"].notna().any():
            groups.append((f"Trained {'' if source == ELSEWHERE else 'on '}{title}", lines))
    return Table(
        title="Complexity",
        caption=_caption(once, settings["demonstration"]),
        head=("Source of the number", "Count", *once["title"]),
        groups=tuple((label, tuple(lines)) for label, lines in groups),
    )


def _row(values: pd.Series, unit: float) -> tuple[Cell, ...]:
    return tuple(Cell("–" if pd.isna(value) else number(value / unit)) for value in values)


def number(value: float) -> str:
    """Two decimals; from 100 on none, and below 1 three significant digits."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def _caption(once: pd.DataFrame, demonstration: bool) -> str:
    notes = once.loc[once["note"].notna(), ["title", "note"]].itertuples(index=False)
    published = " ".join(f"{row.title}: {row.note}" for row in notes)
    sentences = [
        "Demonstration: this run's networks are smaller than the authors'." * demonstration,
        "Of everything that predicts, without what only training uses; trainable parameters; multiply-accumulates "
        "(MACs) of one picture, counted operator by operator as PyTorch runs them: convolutions (transposed ones by "
        "their input; those inside partial, gated and dynamic ones too), products of matrices (attention too) and "
        "Fourier transforms (5/2 N log2 N operations for N real points); not biases, normalisation, activations, "
        "resizing and element-wise products. Pictures are enlarged to the next size that a network takes; a network "
        "of one fixed size resizes them and costs the same for all. A fitted network's MACs are those of one pass, of "
        "the many of a fit. Training: seconds of the work itself with its validations, images a second of the steps "
        "alone, and peak memory of the whole process (on a GPU: of its tensors).",
        f"Published: a student's comparison, table 3. {published}" * bool(published),
    ]
    return " ".join(filter(None, sentences))


def latency_table(rows: pd.DataFrame, settings: dict) -> Table:
    """Time and memory of a prediction, from a non-empty `latency`."""
    systems, groups = titles(settings["systems"]), []
    check_known(rows["system"], systems, "system")
    for system, some in rows.groupby("system", sort=False):
        lines = []
        for row in some.itertuples():
            times = (row.median_ms, row.q1_ms, row.q3_ms, row.median_ms / row.batch)
            median, low, high, each = map(number, times)
            memory = "–" if pd.isna(row.peak_memory_mb) else f"{row.peak_memory_mb:.0f}"
            cells = (median, f"{low} – {high}", each, str(row.repeats), memory)
            what = ", ".join(filter(None, (RUNTIMES[row.runtime], DEVICES[row.device], f"batch {row.batch}")))
            lines.append((what, tuple(map(Cell, cells))))
        sizes = f"{some['width'].iloc[0]}×{some['height'].iloc[0]}"
        groups.append((f"{systems[system]} ({sizes})", tuple(lines)))
    return Table(
        title="Time and memory of a prediction",
        caption=_latency_caption(rows, settings["demonstration"]),
        head=("System", "Runtime, device, batch", "Median (ms)", "Quartiles (ms)", "An image (ms)", "N", "Peak (MiB)"),
        groups=tuple(groups),
    )


def _latency_caption(rows: pd.DataFrame, demonstration: bool) -> str:
    machines = ", ".join(
        f"{row.machine} ({row.threads} thread{'s' * (row.threads > 1)})" if row.device == "cpu" else row.machine
        for row in rows[["machine", "device", "threads"]].drop_duplicates().itertuples()
    )
    busy = " to ".join(dict.fromkeys(f"{each:.1f}" for each in (rows["busy"].min(), rows["busy"].max())))
    return (
        "Demonstration: small networks on small pictures. "
        * demonstration
        + f"Measured on {machines}; N calls each after one that warms up, in single precision, of random pictures in "
        "memory with a hole of a quarter of the area; reading, padding and writing files are not in it. Batch 1 and "
        "the largest that fits, within the config's bound; algorithms without a network take one picture after the "
        "other; a fit is timed once. Peak: what weights, pictures and everything between took of memory at most; on a "
        "CPU what the process took beyond what it held before the network was made, on a GPU what PyTorch's tensors "
        "took. Each measurement asks for eight cores, so that on a machine of no more nothing else of this workflow "
        "ran beside it; what other programs did shows in the quartiles, and in the load average of the minute before "
        f"each: {busy}."
    )
