"""The table of bad inputs, and what Lacuna says to each: `python -m tests.config.bad_inputs` writes what it says anew.

A row of docs/bad_inputs.csv is a kind of input, where it stands, the input, and the sentence.
* `config`: the key `where` of config/config.yaml has the value `input`, as YAML; `(absent)`: the key is not there.
* `config file`, `list`, `index`, `settings`, `JSON`: a file of this kind, or the value of `--settings`, is `input`.
* `weights`, `graph`: a file that is said to be one holds `input` as text.
* `weights note`, `graph note`: the note in such a file is `input`; `network`: a system is built at such settings.
* `command`: `lacuna` with the words `where`, in a folder of good files (and of bad ones, in `bad/`) of which some were
  changed before as `input` says: what only a later step can see. `tests/config/workshop.py` makes and changes them.
"""

import csv
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from lacuna.arguments import json_settings
from lacuna.config import validate
from lacuna.config.reading import read_config
from lacuna.data.lists import read_list
from lacuna.errors import LacunaError
from lacuna.export.session import open_session
from lacuna.files import read_json, read_rows
from lacuna.inpainting.interfaces import read_note as graph_note
from lacuna.systems._outline import check_outline
from lacuna.systems._reading import METADATA_KEY, read_tensors
from lacuna.systems._reading import read_note as weights_note
from tests.config.workshop import Workshop

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "bad_inputs.csv"
COLUMNS = ["kind", "where", "input", "sentence"]
ABSENT = "(absent)"


@cache
def default() -> dict:
    """The config that is changed."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def changed(where: str, value: str) -> dict:
    """The default config with one key changed; a key that is no plain text is in quotes, as YAML has it."""
    config = entry = deepcopy(default())
    *path, last = [yaml.safe_load(part) if part.startswith('"') else part for part in where.split(".")]
    for name in path:
        entry = entry[name]
    if value == ABSENT:
        del entry[last]
    else:
        entry[last] = yaml.safe_load(value)
    return config


READERS = {
    "config file": read_config,
    "list": read_list,
    "index": lambda path: read_rows(path, "file"),
    "JSON": read_json,
    "settings": lambda path: json_settings(path.read_text()),
    "weights": read_tensors,
    "weights note": lambda path: weights_note({METADATA_KEY: path.read_text()}, path),
    "graph": lambda path: open_session(path, None, 1),
    "graph note": lambda path: graph_note(path.read_text()),
}


@cache
def workshop() -> Workshop:
    """Made at its first use."""
    return Workshop()


def said(kind: str, where: str, value: str, folder: Path) -> str:
    """The sentence of the error, the folder taken out; empty where there is none. Other errors pass through."""
    try:
        if kind == "command":
            return workshop().said(where, value)
        if kind == "config":
            validate(changed(where, value))
        elif kind == "network":
            check_outline(where, yaml.safe_load(value), "these")
        else:
            path = folder / "FILE"
            path.write_text(value)
            READERS[kind](path)
    except LacunaError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def rows() -> list[dict[str, str]]:
    """The rows of the table."""
    with TABLE.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        made = [row | {"sentence": said(row["kind"], row["where"], row["input"], Path(folder))} for row in rows()]
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
