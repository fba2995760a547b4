"""Have somebody's program or network predict the holes of every picture of a list; raw predictions as PNG."""

import os

from PIL import Image

from lacuna import contestants
from lacuna.canonical import seed_of
from lacuna.contestants._setting import Measured, Pictures, Setting, files_of, near
from lacuna.cost.machine import processor
from lacuna.data.indexes import write_index
from lacuna.data.lists import read_list
from lacuna.files import empty_folder, write_json

RUNTIMES = {"onnx": "onnxruntime"}  # as the costs of exported graphs call it


def run(task) -> None:
    settings, index = task.settings, task.out("index")
    entry, label = settings["entry"], settings["label"]
    kind, pairs = contestants.load(entry["kind"]), read_list(task.file("pairs"))
    measured = Measured(RUNTIMES.get(entry["kind"], entry["kind"]))
    key = (label, settings["source"], settings["test_set"])
    log = index.absolute().parents[4] / "logs" / "outside" / f"{'.'.join(index.parts[-4:-1])}.log"
    seed = seed_of("predict", *key, settings["seed"])
    setting = Setting(label, near(log), task.gpus, task.threads, seed, measured)
    busy = os.getloadavg()[0]  # of the last minute, before this began
    files = files_of(entry, label, task.files("exported"))

    folder = empty_folder(index.parent, [path for pair in pairs for path in pair] + files)
    rows = list[dict]()
    for pair, prediction in zip(pairs, kind.answers(entry, Pictures(pairs), setting, files), strict=True):
        name = f"{len(rows):04d}.png"
        Image.fromarray(prediction).save(folder / name, compress_level=3)
        rows.append({"file": name, **pair._asdict()})
    found = {
        "kind": entry["kind"],
        "runtime": measured.runtime,
        "startup": measured.startup,
        "each": measured.each,
        "peak_memory": measured.peak_memory,
        "returns": measured.returns,
        "notes": measured.notes,
    }
    machine = {"processor": processor(), "threads": task.threads, "busy": busy, "gpus": task.gpus}
    size = Image.open(pairs[0].image).size
    result = {"seconds": measured.seconds, "device": measured.device, "n": len(rows), "image_size": list(size)}
    write_json(task.out("record"), {**result, "outside": found, "machine": machine})
    write_index(index, rows, ["file", "image", "mask"], len(rows))
    start = "" if measured.startup is None else f" after {measured.startup:.1f} s to start"
    print(
        f"{label} predicted {len(rows)} pictures in {measured.seconds:.1f} s{start} ({measured.device}), into {folder}"
    )
    for note in measured.notes:
        print(f"{label}: {note}")
