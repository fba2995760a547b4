"""What the systems cost, counted and measured, beside the published counts, as tidy tables."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.canonical import canonical_json
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.reporting.aggregation import system_and_source
from lacuna.reporting.titles import titles
from lacuna.sources import SHARED

COMPLEXITY = [
    *("system", "title", "source", "parameters", "parts", "parameters_authors", "height", "width", "macs_run_size"),
    *("macs_256", "macs_256_authors", "weights_mb", "training_seconds", "training_images_per_second"),
    *("training_peak_memory_mb", "parameters_published", "macs_published", "note"),
]
LATENCY = [
    *("system", "runtime", "device", "batch", "median_ms", "q1_ms", "q3_ms", "repeats", "peak_memory_mb"),
    *("height", "width", "machine", "threads", "busy", "startup_ms"),
]
MEBI = 2**20


def complexity(
    settings: dict, costs: Sequence[str | Path], records: Sequence[str | Path], published: pd.DataFrame
) -> pd.DataFrame:
    """One row a system and source, columns `COMPLEXITY`; what a system does not have is missing.

    settings: `rows` (lists of system, its registered name, source, file of its weights or null) and `systems` (titles).
    costs: `…/<system>.json`. records: `…/<system>/<source>/record.json` of the trainings. Memory and weights in
    MiB (2^20 bytes), `parts` as JSON: name → trainable parameters, the discriminator's last. published: counts, from
    `read_published`.
    """
    theirs = published.set_index("system")
    named, rows = titles(settings["systems"]), []
    measured, trainings = by_system(costs), {system_and_source(path): path for path in records}
    for system, registered, source, weights in settings["rows"]:
        row = {"system": system, "title": named[system], "source": source}
        row |= _counted(read_json(measured[system])) if system in measured else {}
        if weights:
            row["weights_mb"] = _bytes(Path(weights)) / MEBI
        if source not in SHARED:
            trained = read_json(trainings[system, source])
            row["training_seconds"] = trained["seconds"]
            row["training_images_per_second"] = trained["images_per_second"]
            row["training_peak_memory_mb"] = trained["peak_memory"] / MEBI
        if registered in theirs.index:
            counts = theirs.loc[registered]
            row |= {"parameters_published": counts["parameters"], "macs_published": counts["macs"]}
            row["note"] = counts["note"]
        rows.append(row)
    whole = dict.fromkeys(("parameters", "parameters_authors", "height", "width", "macs_run_size"), "Int64")
    whole |= dict.fromkeys(("macs_256", "macs_256_authors", "parameters_published", "macs_published"), "Int64")
    return pd.DataFrame(rows, columns=COMPLEXITY).astype(whole)


def by_system(costs: Sequence[str | Path]) -> dict[str, Path]:
    """System → its cost, `<system>.json`."""
    return {Path(path).stem: Path(path) for path in costs}


def _counted(cost: dict) -> dict:
    counts = cost["counts"]
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
        raise LacunaError(f"{path} cannot be read ({error.strerror}); run the rule that makes it first") from None


def latency(settings: dict, costs: Sequence[str | Path], outside: Sequence[str | Path] = ()) -> pd.DataFrame:
    """One row a system, runtime, device and batch, columns `LATENCY`: milliseconds a call, memory in MiB.

    outside: records of the predictions of contestants from outside, `…/<system>/<source>/<test_set>/record.json`: one
    row a system, of all its pictures.
    """
    rows, measured = [], by_system(costs)
    by_contestant: dict[str, list[dict]] = {}
    for path in outside:
        by_contestant.setdefault(Path(path).parts[-4], []).append(read_json(path))
    for system in dict.fromkeys(row[0] for row in settings["rows"]):
        if system in by_contestant:
            rows.append({"system": system, **_of_outside(by_contestant[system])})
            continue
        cost = read_json(measured[system])
        machine, (width, height) = cost["machine"], cost["image_size"]
        if cost["counts"]:
            height, width = cost["counts"]["run"]["height"], cost["counts"]["run"]["width"]
        for row in cost["rows"]:
            memory = row["peak_memory"]
            rows.append(
                {name: row[name] for name in LATENCY if name in row}
                | {"system": system, "peak_memory_mb": None if memory is None else memory / MEBI}
                | {"height": height, "width": width, "threads": machine["threads"], "busy": machine["busy"]}
                | {"machine": machine["gpu"] if row["device"] == "cuda" else machine["processor"]}
            )
    return pd.DataFrame(rows, columns=LATENCY)


def _of_outside(records: list[dict]) -> dict:
    """The row of a contestant from outside. A program that fills folders has a mean and no quartiles."""
    first, found = records[0], [record["outside"] for record in records]
    each = [1000 * seconds for one in found for seconds in one["each"]]
    number = sum(record["n"] for record in records)
    low, middle, high = np.quantile(each, (0.25, 0.5, 0.75)) if each else (None,) * 3
    mean = 1000 * sum(record["seconds"] for record in records) / number
    memory = [one["peak_memory"] for one in found if one["peak_memory"] is not None]
    starts = [1000 * one["startup"] for one in found if one["startup"] is not None]
    machine, (width, height) = first["machine"], first["image_size"]
    return {
        "runtime": found[0]["runtime"],
        "device": "cuda" if machine["gpus"] else "cpu",
        "batch": 1,
        "median_ms": mean if middle is None else middle,
        "q1_ms": low,
        "q3_ms": high,
        "repeats": number,
        "peak_memory_mb": max(memory) / MEBI if memory else None,
        "height": height,
        "width": width,
        "machine": first["device"] if machine["gpus"] else machine["processor"],
        "threads": machine["threads"],
        "busy": max(record["machine"]["busy"] for record in records),
        "startup_ms": max(starts) if starts else None,
    }
