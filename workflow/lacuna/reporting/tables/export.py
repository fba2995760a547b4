"""The exported networks: what they are, and how equal their predictions by ONNX Runtime and by PyTorch are."""

from collections.abc import Sequence
from pathlib import Path

from lacuna.files import read_json
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, sentences
from lacuna.reporting.titles import check_known, titles
from lacuna.sources import ELSEWHERE, UNTRAINED

LIMIT = 1e-3  # a quarter of the step between two of 256 levels: no 8-bit picture is likely to show it
SIZES = ("run_size", "other_size")  # keys of a parity
PARITY = ("n", "max_abs_difference", "max_abs_value", "max_abs_clamped", "psnr")
EXPORT = [
    *("system", "source", "exported", "verified", "equal", "opset", "exporter", "runtime", "providers", "device"),
    *("network_megabytes", "end_to_end_megabytes", "size_multiple", "size_minimum"),
    *(name for size in SIZES for name in (size, *(f"{size}_{what}" for what in PARITY))),
    *("end_to_end_size", "end_to_end_n", "end_to_end_hole_levels", "end_to_end_valid_changed", "reason"),
]


def rows(run):
    """`export_rows` of the networks of the run."""
    return export_rows(run.files("parity"), run.settings["without"])


def export_rows(parities: Sequence[str | Path], without: Sequence[Sequence[str]]):
    """One row for each system and source: columns `EXPORT`, sorted; what does not apply is missing.

    parities: parity.json files in `…/<system>/<source>/`, with the record.json of the export beside them. without:
    (system, source, reason) of what has no network. `equal` is `yes` where no value, clamped to [0, 1], differs by
    more than `LIMIT`, no byte of the end-to-end graph's by more than one level, and no pixel outside the hole at all.
    """
    import pandas as pd

    from lacuna.reporting.aggregation import system_and_source

    rows = [_row(Path(path), *system_and_source(path)) for path in parities]
    rows += [
        {"system": a, "source": b, "exported": "no", "verified": "no", "reason": reason} for a, b, reason in without
    ]
    table = pd.DataFrame(rows, columns=EXPORT).astype({"opset": "Int64"})
    return table.sort_values(["system", "source"], ignore_index=True)


def _row(path: Path, system: str, source: str) -> dict:
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


def shown(run, _="") -> list[DisplayTable]:
    """How equal the verified networks are, and what could not be verified; tables without a row are left out."""
    found = run.table("export")
    systems, sources = names_of(run)
    check_known(found["system"], systems, "system")
    check_known(found["source"], sources, "source")
    tables = (
        parity_table(found[found["verified"] == "yes"], systems, sources),
        missing_table(found[found["verified"] != "yes"], systems, sources),
    )
    return [table for table in tables if table.groups]


def names_of(run) -> tuple[dict[str, str], dict[str, str]]:
    """Titles of the systems and of everything that stands in the place of a source."""
    return run.systems, titles(run.settings["sources"]) | {UNTRAINED: "no training", ELSEWHERE: "elsewhere"}


def ordered_rows(rows, systems: dict, sources: dict) -> list:
    """The rows in the config's order, each with its systems' and sources' titles in front: `Madf, Place2`."""
    found = {(row.system, row.source): row for row in rows.itertuples()}
    names = {(a, b): f"{systems[a]}, {sources[b]}" for a in systems for b in sources}
    return [(name, found[key]) for key, name in names.items() if key in found]


def parity_table(rows, systems: dict, sources: dict) -> DisplayTable:
    """How far ONNX Runtime's predictions are from PyTorch's, from verified rows of `export_rows`."""
    ordered = ordered_rows(rows, systems, sources)
    differing = "; ".join(name for name, row in ordered if row.equal != "yes")
    verdict = f"Not equal by this measure: {differing}." if differing else "All are equal by this measure."
    devices = ", ".join(sorted({f"{row.runtime}, {row.providers} on {row.device}" for row in rows.itertuples()}))
    opsets = sorted({f"{row.exporter}, opset {row.opset:.0f}" for row in rows.itertuples()})
    return DisplayTable(
        title="ONNX Runtime beside PyTorch",
        caption=sentences(TABLE.text(), verdict, f"Computed by {devices}. Written by {'; '.join(opsets)}."),
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
        lines.append((f"network, {getattr(row, size)}", [*texts, "identical" if is_missing(psnr) else f"{psnr:.0f}"]))
    levels, changed = row.end_to_end_hole_levels, row.end_to_end_valid_changed
    bytes_differ = f"{levels:.0f} level{'s' * (levels != 1)}" + f", {changed:.0f} outside" * (changed > 0)
    texts = [f"{row.end_to_end_megabytes:.1f}", f"{row.end_to_end_n:.0f}", "–", "–", bytes_differ, "–"]
    lines.append((f"end to end, {row.end_to_end_size}", texts))
    return tuple((label, tuple(map(Cell, cells))) for label, cells in lines)


def missing_table(rows, systems: dict, sources: dict) -> DisplayTable:
    """What has no ONNX file, or one that ONNX Runtime does not run, and why."""
    return DisplayTable(
        title="Not in ONNX Runtime",
        caption="Systems without ONNX files, or with some that could not be verified.",
        head=("System, trained on", "Exported", "Reason"),
        groups=tuple(
            (name, ((row.exported, (Cell(row.reason),)),)) for name, row in ordered_rows(rows, systems, sources)
        ),
    )


TABLE = Table(
    title="ONNX files and their parity",
    section="export",
    place=10,
    category="Export",
    demonstration="",
    caption="The same weights on the same N test images, whole: raw predictions of the network's graph at the run's "
    "size and at a larger one that is not square, and composites of the graph from bytes to bytes at an odd size. Δ: "
    "largest absolute difference of any value on the [0, 1] scale, beside the largest value itself, for a network may "
    "go beyond [0, 1]; then Δ and PSNR with both clamped to [0, 1]. Bytes: Δ in levels of 255; outside the hole they "
    f"have to be the picture's own. Equal: no clamped Δ above {LIMIT:g}, no byte farther than 1 level, none changed "
    "outside the hole. What a network draws at random is off here.",
    columns={
        "run_size_…, other_size_…": "what the caption says, at each of the two sizes",
        "end_to_end_…": "of the graph from bytes to bytes",
        "reason": "why a system has no network, or none that could be exported or verified",
    },
    inputs=("parity", "scores"),
    applies=lambda plan: plan.is_exporting(),
    rows=rows,
    shown=shown,
    unfolded=2,
)
