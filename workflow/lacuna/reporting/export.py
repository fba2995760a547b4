"""The exported networks as tidy tables: what they are, how equal, and their metrics in ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.reporting.aggregation import identity, read_scores

LIMIT = 1e-3  # a quarter of the step between two of 256 levels: no 8-bit picture is likely to show it
SIZES = ("run_size", "other_size")  # keys of a parity
PARITY = ("n", "max_abs_difference", "max_abs_value", "max_abs_clamped", "psnr")
EXPORT = [
    *("system", "source", "exported", "verified", "equal", "opset", "exporter", "runtime", "providers", "device"),
    *("network_megabytes", "end_to_end_megabytes", "size_multiple", "size_minimum"),
    *(name for size in SIZES for name in (size, *(f"{size}_{what}" for what in PARITY))),
    *("end_to_end_size", "end_to_end_n", "end_to_end_hole_levels", "end_to_end_valid_changed", "reason"),
]
METRICS = ["system", "source", "metric", "region", "pytorch", "onnxruntime", "difference", "largest_difference", "n"]
SHOWN = ("image", "hole")  # regions that are compared
PAIR = ["system", "source", "test_set", "image", "mask", "prediction", "region", "metric"]


def export_rows(parities: Sequence[str | Path], without: Sequence[Sequence[str]]) -> pd.DataFrame:
    """One row for each system and source: columns `EXPORT`, sorted; what does not apply is missing.

    parities: parity.json files in `…/<system>/<source>/`, with the record.json of the export beside them. without:
    (system, source, reason) of what has no network. `equal` is `yes` where no value, clamped to [0, 1], differs by
    more than `LIMIT`, no byte of the end-to-end graph's by more than one level, and no pixel outside the hole at all.
    """
    rows = [_row(Path(path)) for path in parities]
    rows += [
        {"system": a, "source": b, "exported": "no", "verified": "no", "reason": reason} for a, b, reason in without
    ]
    table = pd.DataFrame(rows, columns=EXPORT).astype({"opset": "Int64"})
    return table.sort_values(["system", "source"], ignore_index=True)


def _row(path: Path) -> dict:
    system, source = identity(path)
    record, parity = read_json(path.with_name("record.json")), read_json(path)
    row = {"system": system, "source": source, "reason": parity.get("reason")}
    row |= {"exported": _yes(record["exported"]), "verified": _yes(parity["verified"])}
    if record["exported"]:
        network, end_to_end = (record["files"][name] for name in ("model.onnx", "end_to_end.onnx"))
        row |= {name: network[name] for name in ("opset", "exporter")}
        row |= {f"size_{name}": network["size"][name] for name in ("multiple", "minimum")}
        row |= {"network_megabytes": network["bytes"] / 1e6, "end_to_end_megabytes": end_to_end["bytes"] / 1e6}
    if parity["verified"]:
        row |= {name: parity[name] for name in ("runtime", "device")} | {"providers": ", ".join(parity["providers"])}
        for size in SIZES:
            found = parity[size]
            row |= {size: _sizes(found), **{f"{size}_{what}": found[what] for what in PARITY}}
        found = parity["end_to_end"]
        row |= {"end_to_end_size": _sizes(found)}
        row |= {f"end_to_end_{what}": found[what] for what in ("n", "hole_levels", "valid_changed")}
        largest = max(parity[size]["max_abs_clamped"] for size in SIZES)
        row["equal"] = _yes(largest <= LIMIT and found["hole_levels"] <= 1 and found["valid_changed"] == 0)
    return row


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _sizes(found: dict) -> str:
    return ", ".join(f"{height}×{width}" for height, width in found["sizes"])


def metric_rows(parities: Sequence[str | Path], scores: Sequence[str | Path], metrics: Sequence[str]) -> pd.DataFrame:
    """Means of the composites by PyTorch and by ONNX Runtime over the same images: columns `METRICS`, sorted.

    parities: as in `export_rows`; ONNX Runtime's scores are beside them. scores: PyTorch's, as `lacuna score` wrote
    them; they may hold more images. `difference` is ONNX Runtime's mean − PyTorch's, `largest_difference` that of one
    image. A score without its counterpart is a `LacunaError`.
    """
    files = [Path(path).with_name("scores.parquet") for path in parities if read_json(path)["verified"]]
    if not files:
        return pd.DataFrame(columns=METRICS)
    there, here = (_chosen(read_scores(paths)) for paths in (files, scores))
    both = there.merge(here, "left", on=PAIR, suffixes=("_there", "_here"), validate="one_to_one")
    alone = both[both["value_here"].isna()]
    if len(alone):
        row = alone.iloc[0]
        raise LacunaError(
            f"the scores hold no {row['metric']} of {row['image']} by {row['system']} ({row['source']}), which was "
            "verified in ONNX Runtime; run the rules 'score' and 'verify_export' again."
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


def _chosen(rows: pd.DataFrame) -> pd.DataFrame:
    kept = (rows["prediction"] == "composite") & rows["region"].isin(SHOWN)
    return rows.loc[kept, [*PAIR, "value"]]
