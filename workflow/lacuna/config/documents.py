"""What follows from the keys: the JSON schemas in workflow/schemas/ and the tables of config/README.md.

`python -m lacuna.config` writes them; a test holds them together with the keys.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lacuna import contestants
from lacuna.config.sections import (
    Adaptation,
    Config,
    Contestant,
    Cost,
    Embedding,
    Export,
    Figures,
    ImageSet,
    Leaderboard,
    MaskSet,
    Source,
    System,
    Votes,
    of_kind,
)
from lacuna.data import image_sources, masks
from lacuna.data.augmentation import Augmentation
from lacuna.keys import Entry, FilePath, Limits, Name, Note, Title, entries, expected
from lacuna.training.settings import Budget

ROOT = Path(__file__).parents[3]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
MADE = "made by `python -m lacuna.config` from workflow/lacuna/; do not edit it here"
# Sections with a schema of their own, and what stands in the name of its file.
FILES = {Config: "config", ImageSet: "image_set", MaskSet: "mask_set", System: "system"}
KINDS = {ImageSet: image_sources, MaskSet: masks, Contestant: contestants}


def documents() -> dict[Path, str]:
    """path → text of every file that follows from the keys."""
    schemas = {
        ROOT / "workflow" / "schemas" / f"{name}.schema.yaml": f"# {MADE}\n{_yaml(schema(section))}"
        for section, name in FILES.items()
    }
    readme = ROOT / "config" / "README.md"
    return {**schemas, readme: with_tables(readme.read_text(encoding="utf-8"))}


def _yaml(value: dict) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


# ---------------------------------------------------------------------- schemas


def schema(section: type) -> dict:
    """The JSON schema of a section that has a file of its own."""
    made = _of_section(section)
    if section in KINDS:
        made = _with_kinds(made, section)
    elif section is System:
        made = _with_contestants(made)
    head = {"$schema": DRAFT} if section is Config else {}
    return {**head, "description": _first_line(section), **made}


def _of_section(section: Any) -> dict:
    known = entries(section)
    required = [name for name, entry in known.items() if entry.required]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {name: _of_entry(entry) for name, entry in known.items()},
        "additionalProperties": False,
    }


def _of_entry(entry: Entry) -> dict:
    default = {} if entry.required or entry.default is None else {"default": _plain(entry.default)}
    return {"description": entry.limits.what, **default, **_of_type(entry.type, entry.limits)}


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _of_type(wanted, limits: Limits) -> dict:
    options = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    made = [_of_option(option, limits) for option in options]
    return made[0] if len(made) == 1 else {"anyOf": made}


def _of_option(wanted, limits: Limits) -> dict:
    origin, inside = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if wanted in FILES and wanted is not Config:
        return {"$ref": f"{FILES[wanted]}.schema.yaml"}
    if dataclasses.is_dataclass(wanted):
        return _of_section(wanted)
    if origin is types.NoneType:
        return {"type": "null"}
    if origin is bool:
        return {"type": "boolean"}
    if origin in (int, float):
        bounds = {
            "minimum": limits.minimum,
            "maximum": limits.maximum,
            "exclusiveMinimum": limits.above,
            "exclusiveMaximum": limits.below,
        }
        kind = "integer" if origin is int else "number"
        return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}
    if origin is tuple:
        number = {"minItems": len(inside), "maxItems": len(inside)}
        return {"type": "array", **number, "items": _of_option(inside[0], limits)}
    if origin is list:
        least = {"minItems": limits.least} if limits.least else {}
        return {
            "type": "array",
            **least,
            **({} if limits.repeats else {"uniqueItems": True}),
            "items": _of_option(inside[0], limits),
        }
    if origin is dict and inside:
        least = {"minProperties": limits.least} if limits.least else {}
        names = {"propertyNames": _of_option(Name, Limits(""))}
        return {"type": "object", **least, **names, "additionalProperties": _of_type(inside[1], Limits(""))}
    return {"type": "object"} if origin is dict else _of_text(wanted, limits)


def _of_text(wanted: type, limits: Limits) -> dict:
    if names := limits.names():
        if not limits.families:
            return {"enum": list(names)}
        of_family = {"type": "string", "pattern": rf"^({'|'.join(limits.families())})_[A-Za-z0-9][A-Za-z0-9_-]*$(?!\n)"}
        return {"anyOf": [{"enum": list(names)}, of_family]}
    if issubclass(wanted, Name):
        return {"type": "string", "maxLength": wanted.longest, "pattern": r"^[A-Za-z0-9][A-Za-z0-9_-]*$(?!\n)"}
    if limits.form:
        return {"type": "string", "pattern": f"^{re.sub(r'[(][?]P<[a-z]+>', '(', limits.form[0])}$"}
    least = {} if wanted is Note else {"minLength": 1}
    return {"type": "string", **least, **({"maxLength": wanted.longest} if wanted in (Title, Note, FilePath) else {})}


def _with_kinds(made: dict, section: type) -> dict:
    """All keys of all kinds, and for each kind which of them are needed and which do not go with it."""
    kinds = {kind: _of_section(of_kind(section, KINDS[section], kind)) for kind in KINDS[section].names()}
    properties, first = dict(made["properties"]), dict(made["properties"])
    for kind, own in kinds.items():
        for name, value in own["properties"].items():
            first.setdefault(name, value)
            if name == "options":
                value = {"type": "object", "description": "the family's own options", "default": {}}
            elif name not in made["properties"]:
                value = {**value, "description": f"({kind}) {value['description']}"}
            properties.setdefault(name, value)
    cases = []
    for kind, own in kinds.items():
        others = {name: False for name in properties if name not in own["properties"]}
        instead = {
            name: value for name, value in own["properties"].items() if name == "options" or value != first[name]
        }
        then = {"required": own["required"], "properties": {**others, **instead}}
        cases.append({"if": {"properties": {"kind": {"const": kind}}}, "then": then})
    return {**made, "properties": properties, "allOf": cases}


def _with_contestants(made: dict) -> dict:
    """A system's keys, or those of a contestant from outside where there is a `kind`."""
    there = _with_kinds(_of_section(Contestant), Contestant)
    strangers = [name for name in made["properties"] if name not in there["properties"]]
    return {
        **made,
        "properties": {**there["properties"], **made["properties"]},
        "if": {"required": ["kind"]},
        "then": {
            "required": there["required"],
            "properties": dict.fromkeys(strangers, False),
            "allOf": there["allOf"],
        },
        "else": {"properties": {name: False for name in there["properties"] if name not in made["properties"]}},
    }


def _first_line(section: type) -> str:
    return str(section.__doc__).strip().splitlines()[0]


# ---------------------------------------------------------------------- tables


def with_tables(text: str) -> str:
    """The text with every table between `<!-- keys: NAME -->` and `<!-- end -->` made anew."""

    def made(match: re.Match) -> str:
        return f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- keys: (\w+) -->)\n.*?(<!-- end -->)", made, text, flags=re.DOTALL)


def _table(section: type) -> str:
    return "\n".join(["| key | default | value | meaning |", "|---|---|---|---|", *_rows(entries(section).values())])


# Words of sentences, shorter for a table.
_SHORT = {
    "text (in quotes where it looks like a number)": "text",
    "keys and values": "mapping",
    "a list of texts": "list of texts",
}


def _short(words: str) -> str:
    for long, short in _SHORT.items():
        words = words.replace(long, short)
    name = r"a (name of at most \d+) ASCII letters, digits, '_' and '-' that begins with a letter or digit"
    return re.sub(name, r"\1 characters", words).removeprefix("a ")


def _rows(some, *before: str) -> list[str]:
    rows = []
    for entry in some:
        meaning = entry.limits.what[0].upper() + entry.limits.what[1:]
        cells = [*before, f"`{entry.name}`", _default(entry), _short(expected(entry.type, entry.limits)), meaning]
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return rows


def _default(entry: Entry) -> str:
    if entry.limits.shown:
        return entry.limits.shown
    if entry.required:
        return "**required**"
    if entry.default is None or entry.default == "":
        return "none"
    text = {True: "true", False: "false"}.get(entry.default) if isinstance(entry.default, bool) else None
    return f"`{text or _plain(entry.default)}`"


def _kinds(section: type) -> Callable[[], str]:
    """The kinds with what each of them is, and a table of their own keys and options."""

    def table() -> str:
        registry, common = KINDS[section], entries(section)
        described, rows = [], []
        for kind in registry.names():
            whole = of_kind(section, registry, kind)
            described.append(f"* `{kind}`: {_first_line(registry.load(kind)).rstrip('.')}")
            own = [entry for name, entry in entries(whole).items() if name != "options" and entry != common.get(name)]
            rows += _rows(own, f"`{kind}`")
            if "options" in entries(whole):
                rows += _rows(entries(registry.load(kind).Options).values(), f"`{kind}`, in `options`")
        head = ["| kind | key | default | value | meaning |", "|---|---|---|---|---|"]
        return "\n".join([*described, "", *head, *rows])

    return table


TABLES: dict[str, Callable[[], str]] = {
    "config": lambda: _table(Config),
    "embedding": lambda: _table(Embedding),
    "source": lambda: _table(Source),
    "image_set": lambda: _table(ImageSet),
    "image_sources": _kinds(ImageSet),
    "mask_set": lambda: _table(MaskSet),
    "masks": _kinds(MaskSet),
    "system": lambda: _table(System),
    "contestant": lambda: _table(Contestant),
    "contestants": _kinds(Contestant),
    "training": lambda: _table(Budget),
    "adaptation": lambda: _table(Adaptation),
    "export": lambda: _table(Export),
    "figures": lambda: _table(Figures),
    "augment": lambda: _table(Augmentation),
    "votes": lambda: _table(Votes),
    "cost": lambda: _table(Cost),
    "leaderboard": lambda: _table(Leaderboard),
}
