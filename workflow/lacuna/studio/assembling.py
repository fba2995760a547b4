"""The studio's folder, static files all of it: the page, the runtime, the graphs of a run, some of its test images."""

import os
import shutil
from pathlib import Path

from lacuna.axes import placed
from lacuna.data.lists import read_list
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json
from lacuna.studio.web_runtime import read_record

STATIC = Path(__file__).with_name("static")
DATA_FILE = "models.json"
GRAPH = "end_to_end.onnx"
TESTS_PER_SET = 2


def assemble(settings: dict, results: str | Path, runtime: str | Path, output: str | Path) -> dict:
    """Make the folder `output`, whole or as it was; returns what `models.json` says.

    settings: `{run, title, demonstration, image_size, systems, sources, test_sets, exports}`, the last a list of
    [system, source], and maybe `places` (`lacuna.axes.placed`).
    Reads `export/<system>/<source>/` and `lists/` under `results`, and the folder `runtime` of `lacuna
    fetch-web-runtime`. Raises `LacunaError` for files that are missing and for an `output` that is something else.
    """
    results, output = Path(results), Path(output)
    if output.exists() and not (output / DATA_FILE).is_file() and (not output.is_dir() or any(output.iterdir())):
        raise LacunaError(f"{output} would be replaced, but it is not a studio; name another folder for the output")
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        shutil.copytree(STATIC, partial)
        data = _describe(settings, results, Path(runtime), partial)
        write_json(partial / DATA_FILE, data)
        if output.exists():
            shutil.rmtree(output)
        partial.replace(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return data


def _describe(settings: dict, results: Path, runtime: Path, folder: Path) -> dict:
    record = read_record(runtime)
    systems, reasons = _systems(settings, results, folder)
    data = {
        "run": settings["run"],
        "title": settings["title"],
        "demonstration": settings["demonstration"],
        "side": max(width_and_height(settings["image_size"])),
        "systems": systems,
        "tests": _tests(settings, results, folder),
        "about": _about(settings, record, systems, reasons),
        "notice": "",
    }
    if not record["available"]:
        data |= {"systems": [], "notice": f"Nothing can be filled here: when this page was made, {record['reason']}."}
        return data
    for name in ("record.json", *record["files"]):
        copy(runtime / name, folder / "runtime" / name)
    if not systems:
        data["notice"] = "Nothing can be filled here: no system of this run was exported as a graph."
    return data


def _systems(settings: dict, results: Path, folder: Path) -> tuple[list[dict], list[str]]:
    """The graphs, copied, and for each system without one the reason."""
    names, sources = dict(settings["systems"]), dict(settings["sources"])
    found, reasons = [], []
    for label, source in settings["exports"]:
        origin = results / "export" / label / source
        record = read_json(origin / "record.json")
        title = f"{names[label]}, trained on {sources[source]}" if source in sources else f"{names[label]}, {source}"
        if not record["exported"]:
            reasons.append(f"{title}: {record['reason']}")
            continue
        file = f"models/{label}.{source}.onnx"
        copy(origin / GRAPH, folder / file)
        facts = record["files"][GRAPH]
        found.append({"id": f"{label}/{source}", "label": label, "title": title, "file": file, "bytes": facts["bytes"]})
    return found, reasons


def _tests(settings: dict, results: Path, folder: Path) -> list[dict]:
    """The first test images of each set, copied, with the masks that the run laid over them."""
    found = []
    for name, title in dict(settings["test_sets"] + settings.get("unscored_sets", [])).items():
        listed = results / "lists" / f"{placed(settings, 'lists', name)}.txt"
        pairs = read_list(listed, validate=False)
        for number, pair in enumerate(pairs[:TESTS_PER_SET]):
            files = {}
            for kind, path in zip(("image", "mask"), pair, strict=True):
                files[kind] = f"tests/{name}.{number}.{kind}{Path(path).suffix}"
                copy(Path(path), folder / files[kind])
            found.append({"name": f"{name}_{Path(pair.image).name}", "title": f"{title}, {number + 1}", **files})
    return found


def _about(settings: dict, runtime: dict, systems: list[dict], reasons: list[str]) -> str:
    """What the page says about where its computing comes from, and which systems are not there."""
    said = []
    if runtime["available"]:
        said.append(
            f"It computes with {runtime['package']} {runtime['version']} ({runtime['licence']} licence, in runtime/)."
        )
    exported = {label for label, _ in settings["exports"]}
    others = [title for label, title in dict(settings["systems"]).items() if label not in exported]
    if others:
        said.append(f"Without a graph, so not in the browser: {', '.join(others)}.")
    said += [f"Not exported, {reason}" for reason in reasons]
    return " ".join(said)


def copy(origin: Path, target: Path) -> None:
    """A hard link where the disk allows it, because graphs are large; else a copy."""
    if not origin.is_file():
        raise LacunaError(f"{origin} does not exist, so the studio cannot hold it; run the rule that makes it again")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(origin.resolve(), target)
    except OSError:
        shutil.copyfile(origin, target)
