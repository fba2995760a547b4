"""Reading the files of a config. Snakemake reads them, too, but lets the last of two equal keys win without a word."""

import json
from pathlib import Path

import yaml

from lacuna.errors import LacunaError
from lacuna.keys import shown

MOST_VALUES = 100_000


def read_config(path: str | Path) -> dict:
    """The config in a file, YAML or JSON. Errors: as in `refuse_ambiguous`; no mapping is a `LacunaError`, too."""
    refuse_ambiguous(path)
    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # a tag of Python's, or a day that no calendar has
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise LacunaError(f"{path} holds a value that cannot be read: {problem}") from None
    if not isinstance(config, dict):
        raise LacunaError(
            f"{path} holds {'nothing' if config is None else shown(config)}; write keys and values, as "
            "config/README.md describes"
        )
    return config


def refuse_ambiguous(path: str | Path) -> None:
    """Refuse a file in which a key stands twice, or whose aliases multiply beyond measure or hold themselves.

    The nodes of the file are looked at, each once, so that nothing multiplies here.
    Errors: a one-line `LacunaError`; also for a file that cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise LacunaError(f"{path} cannot be read ({getattr(error, 'strerror', None) or 'it is not UTF-8'})") from None
    try:
        json.loads(text, object_pairs_hook=lambda pairs: _refuse_pairs(path, pairs))
        return
    except (ValueError, RecursionError):
        pass  # not JSON
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None and _count(path, node, {}) > MOST_VALUES:
            raise LacunaError(
                f"{path} holds more than {MOST_VALUES:,} values; its aliases (&, *) multiply, take them away"
            )
    except (yaml.YAMLError, RecursionError) as error:
        problem = " ".join(
            str(getattr(error, "problem", None) or getattr(error, "reason", "it is nested too deeply")).split()
        )
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise LacunaError(f"{path}{where} is not valid YAML: {problem}") from None


def _refuse_pairs(path, pairs: list[tuple[str, object]]) -> dict:
    seen = dict(pairs)
    if len(seen) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise LacunaError(f"in {path}, the key {shown(twice)} stands twice in one place; remove one of them")
    return seen


def _count(path, node: yaml.Node, counted: dict[int, int | None]) -> int:
    """The number of values that a node stands for when aliases are followed; None in `counted` is a node under way."""
    if id(node) in counted:
        known = counted[id(node)]
        if known is None:
            raise LacunaError(
                f"{path}, line {node.start_mark.line + 1} holds itself by an alias (*); take the alias away"
            )
        return known
    counted[id(node)] = None
    number = 1
    if isinstance(node, yaml.MappingNode):
        _refuse_twice(path, node)
        number += sum(_count(path, item, counted) for _, item in node.value)
    elif isinstance(node, yaml.SequenceNode):
        number += sum(_count(path, item, counted) for item in node.value)
    counted[id(node)] = number
    return number


def _refuse_twice(path, node: yaml.MappingNode) -> None:
    lines: dict[tuple[str, str], int] = {}
    for name, _ in node.value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode):
            raise LacunaError(f"{path}, line {line} has a list or a mapping for a key; write a text")
        if (name.tag, name.value) in lines:
            first = lines[name.tag, name.value]
            raise LacunaError(
                f"in {path}, the key {shown(name.value)} stands twice in one place, in lines {first} and {line}; "
                "remove one of them"
            )
        lines[name.tag, name.value] = line
