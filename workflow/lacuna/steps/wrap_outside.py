"""Write somebody's graph as one from bytes to bytes, for the studio; a record says what it is, or why not."""

from lacuna import contestants
from lacuna.contestants._setting import Measured, Setting, files_of, near
from lacuna.files import sha256_of, write_json

GRAPH = "end_to_end.onnx"


def run(task) -> None:
    settings, output = task.settings, task.out("record").absolute()
    entry, label = settings["entry"], settings["label"]
    log = output.parents[3] / "logs" / "outside" / f"{label}.{settings['source']}.studio.log"
    setting = Setting(label, near(log), 0, task.threads, 0, Measured(entry["kind"]))
    graph = output.with_name(GRAPH)
    graph.unlink(missing_ok=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    files = files_of(entry, label, task.files("exported"))
    reason = contestants.load(entry["kind"]).wrapped(entry, setting, files, graph)
    record = {"system": label, "source": settings["source"], "exported": not reason}
    if reason:
        record["reason"] = reason
    else:
        record["files"] = {GRAPH: {"bytes": graph.stat().st_size, "sha256": sha256_of(graph)}}
    write_json(output, record)
    print(f"{label}: {f'not in the studio, because {reason}' if reason else f'wrote {near(graph)}'}")
