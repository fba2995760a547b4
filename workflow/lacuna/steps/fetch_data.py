"""Download the files of an image set, verified by their hashes."""

from lacuna.data.downloads import fetch
from lacuna.files import write_json


def run(task) -> None:
    found = fetch(task.settings["addresses"], task.settings["folder"])
    write_json(task.out("record"), {"files": found})
    print(f"{len(found)} files, {sum(each['bytes'] for each in found) / 1e6:,.1f} MB, hashes verified")
