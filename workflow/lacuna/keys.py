"""One description for each key of a config: its type, default, range and meaning stand in a frozen dataclass, once.

A section of the config is a dataclass whose fields are made by `key`. `check` compares values with it, `filled` adds
the defaults, and `lacuna.config.documents` makes the JSON schemas and the tables of config/README.md from it. Only the
standard library is used: the plan asks at every start of Snakemake.
"""

import dataclasses
import math
import re
import types
import typing
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lacuna.errors import LacunaError
from lacuna.registry import suggest

REQUIRED = dataclasses.MISSING
_SHOWN = 60  # characters of a wrong value in a sentence


class Name(str):
    """What becomes a part of a path: ASCII letters, digits, `_` and `-`, at most 60 of them."""

    longest = 60


class Title(str):
    """Text on one line that readers see."""

    longest = 300


class Note(str):
    """Text that may have several lines."""

    longest = 10_000


class FilePath(str):
    """A path or a glob pattern."""

    longest = 4000


@dataclass(frozen=True)
class Limits:
    """What is known about a key besides its type and default. Ranges hold for every number in the value.

    minimum, maximum: with the bounds; above, below: without. choices: what a text may be, or a function that lists it.
    rising, widening: of two numbers the second must be above, or not below, the first. least: fewest entries of a list
    or a mapping; repeated entries of a list are refused, unless `repeats`. form: a regular expression that a text
    matches as a whole, with an example in words. shown: the default in words, where it depends on something else.
    partial: keys that are left out stay out, because they override others.
    families: beginnings of further choices, each followed by `_` and a name.
    """

    what: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] | None = None
    rising: bool = False
    widening: bool = False
    least: int = 0
    form: tuple[str, str] | None = None
    shown: str | None = None
    partial: bool = False
    repeats: bool = False
    families: Callable[[], tuple[str, ...]] | None = None

    def names(self) -> tuple[str, ...] | None:
        """The choices, listed."""
        return self.choices() if callable(self.choices) else self.choices


def key(what: str, default: Any = REQUIRED, **limits):
    """A field: what it means, its default (None: none, whatever the type), and its `Limits`."""
    metadata = {"limits": Limits(what, **limits)}
    if isinstance(default, dict | list):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Entry:
    """One key of a section."""

    name: str
    type: Any
    limits: Limits
    default: Any

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@cache
def entries(section: Any) -> dict[str, Entry]:
    """The keys of a section, those without a default first, else in the order in which they are written."""
    hints = typing.get_type_hints(section)
    found = []
    for field in dataclasses.fields(section):
        factory = field.default_factory
        default = field.default if factory is dataclasses.MISSING else factory()
        found.append(Entry(field.name, hints[field.name], field.metadata["limits"], default))
    return {entry.name: entry for entry in found}


# ---------------------------------------------------------------------- checking


class UnknownKey(LacunaError):
    """A key that its section does not know; `name` is the key, `at` the section."""

    def __init__(self, name: str, at: str, hint: str):
        super().__init__(f"unknown key {shown(name)} at {at}: {hint}")
        self.name, self.at = name, at


def check(value, section: Any, where: str = "") -> None:
    """Compare a mapping with a section; raise a `LacunaError` of one line for the first mistake.

    where: the path of the mapping in the config, for the sentence; empty at the top level.
    """
    if not isinstance(value, dict):
        raise _wrong(where or "the config", value, "keys and values")
    section = variant(section, value, where)
    known = entries(section)
    for name in value:
        if name not in known:
            raise _unknown(name, known, section, where)
    for name, entry in known.items():
        if name in value:
            _check_value(value[name], entry.type, entry.limits, f"{where}.{name}" if where else name)
        elif entry.required:
            wanted = expected(entry.type, entry.limits)
            raise LacunaError(f"key '{name}' is missing at {where or 'the top level'}; give {wanted}")
    if hasattr(section, "consistent"):
        section.consistent(value, where)


def verify(instance, what: str) -> None:
    """`check` for a dataclass that was made directly; `what` names it in the sentence."""
    section: Any = type(instance)
    for name, entry in entries(section).items():
        value = getattr(instance, name)
        if value is not None or entry.default is not None:  # None is not a value where it is the default
            _check_value(value, entry.type, entry.limits, f"'{name}' of {what}")


def variant(section: type, value: dict, where: str = "") -> type:
    """The section that an entry really follows, where several are possible: chosen by `section.chosen`."""
    return section.chosen(value, where) if hasattr(section, "chosen") else section


def _unknown(name, known: dict, section: type, where: str) -> LacunaError:
    at = where or "the top level"
    if elsewhere := getattr(section, "excluded", {}).get(name):
        return LacunaError(f"key '{name}' cannot be combined with the other keys at {at}; {elsewhere}")
    return UnknownKey(name, at, suggest(name, known))


def homes(section: Any, where: str = "the top level") -> Iterator[tuple[str, str]]:
    """(key, the section that it belongs to, in words) of every key of a section and of those within it."""
    for name, entry in entries(section).items():
        yield name, where
        for option in _options(entry.type):
            if typing.get_origin(option) is dict and entry.limits.partial:
                continue  # many places for keys that override others: one of them is at hand already
            inner = typing.get_args(option)[1] if typing.get_origin(option) is dict else option
            for kind in filter(dataclasses.is_dataclass, _options(inner)):
                yield from homes(kind, name if kind is option else f"an entry of {name}")


def _check_value(value, wanted, limits: Limits, where: str) -> None:
    options = _options(wanted)
    fitting = [option for option in options if _fits(value, option)]
    if not fitting:
        raise _wrong(where, value, expected(wanted, limits))
    option = _closest(value, fitting)
    origin = typing.get_origin(option)
    if dataclasses.is_dataclass(option):
        check(value, option, where)
    elif origin is dict:
        _check_mapping(value, typing.get_args(option)[1], limits, where)
    elif origin in (list, tuple):
        _check_list(value, option, limits, where)
    elif option in (int, float) and value is not None:
        if not math.isfinite(value) or not _within(value, limits):
            raise _wrong(where, value, expected(wanted, limits))
    elif isinstance(value, str):
        _check_text(value, option, limits, where)


def _check_mapping(value: dict, wanted, limits: Limits, where: str) -> None:
    if len(value) < limits.least:
        raise LacunaError(f"{where} is empty; give at least {limits.least}")
    for name, item in value.items():
        if not isinstance(name, str) or not is_name(name):
            raise _wrong(f"a name at {where}", name, expected(Name, limits))
        _check_value(item, wanted, limits, f"{where}.{name}")


def _check_list(value, wanted, limits: Limits, where: str) -> None:
    kinds = typing.get_args(wanted)
    pair = typing.get_origin(wanted) is tuple
    if (pair and len(value) != len(kinds)) or len(value) < limits.least:
        raise _wrong(where, value, expected(wanted, limits))
    for i, item in enumerate(value):
        if pair and not _fits(item, kinds[i]):
            raise _wrong(where, value, expected(wanted, limits))
        _check_value(item, kinds[i] if pair else kinds[0], limits, f"{where}[{i}]")
    if limits.rising and not value[0] < value[1]:
        raise LacunaError(
            f"{where} is {shown(list(value))}, which is not a range; give [low, high] with low below high"
        )
    if limits.widening and not value[0] <= value[1]:
        raise LacunaError(
            f"{where} is {shown(list(value))}, which is not a range; give [low, high] with low not above high"
        )
    if not pair and not limits.repeats:
        for i, item in enumerate(value):
            if item in value[:i]:
                raise LacunaError(f"{where} names {shown(item)} twice; remove one")


def _check_text(value: str, wanted: Any, limits: Limits, where: str) -> None:
    choices = limits.names()
    if choices is not None:
        if value not in choices and not _of_family(value, limits):
            raise LacunaError(f"{where} is {shown(value)}: {suggest(value, choices)}")
    elif issubclass(wanted, Name):
        if not is_name(value, wanted.longest):
            raise _wrong(where, value, expected(wanted, limits))
    else:
        allowed = "\n\t" if wanted is Note else ""
        bad = next((c for c in value if unicodedata.category(c) in _UNPRINTABLE and c not in allowed), None)
        if bad is not None:
            raise LacunaError(f"{where} holds the control character U+{ord(bad):04X}; remove it")
        if not value.strip() and wanted is not Note:
            raise LacunaError(f"{where} is empty; give text")
        if len(value) > getattr(wanted, "longest", FilePath.longest):
            raise LacunaError(
                f"{where} has {len(value)} characters; give {getattr(wanted, 'longest', FilePath.longest)} at most"
            )
        if limits.form and not re.fullmatch(limits.form[0], value):
            raise _wrong(where, value, limits.form[1])


def _of_family(value: str, limits: Limits) -> bool:
    families = limits.families() if limits.families else ()
    return any(value.startswith(f"{family}_") and is_name(value[len(family) + 1 :]) for family in families)


# control characters, halves of characters, and the separators that end a line
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def is_name(text: str, longest: int = Name.longest) -> bool:
    """Whether a text can be a part of a path."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", text) is not None and len(text) <= longest


def _options(wanted) -> tuple:
    return typing.get_args(wanted) if typing.get_origin(wanted) in (typing.Union, types.UnionType) else (wanted,)


def _fits(value, wanted) -> bool:
    """Whether a value has the outer type; what it holds is looked at later. Booleans are not numbers."""
    origin = typing.get_origin(wanted) or wanted
    if origin is types.NoneType or wanted is None:
        return value is None
    if origin in (int, float):
        return isinstance(value, int if origin is int else int | float) and not isinstance(value, bool)
    if origin is bool:
        return isinstance(value, bool)
    if origin in (list, tuple):
        return isinstance(value, list | tuple)
    if origin is dict or dataclasses.is_dataclass(wanted):
        return isinstance(value, dict)
    return isinstance(value, str)


def _closest(value, fitting: list):
    """The first of several types that the items of a list fit, too: two numbers, or a list of lists of two numbers."""
    if len(fitting) == 1 or not isinstance(value, list | tuple):
        return fitting[0]
    return next((each for each in fitting if all(_fits(item, typing.get_args(each)[0]) for item in value)), fitting[0])


def _within(value: float, limits: Limits) -> bool:
    return (
        (limits.minimum is None or value >= limits.minimum)
        and (limits.maximum is None or value <= limits.maximum)
        and (limits.above is None or value > limits.above)
        and (limits.below is None or value < limits.below)
    )


def _wrong(where: str, value, wanted: str) -> LacunaError:
    return LacunaError(f"{where} is {shown(value)}; give {wanted}")


def shown(value) -> str:
    """A value for a sentence: on one line, without control characters, cut where it is long."""
    if isinstance(value, dict):
        text = "{…}" if value else "{}"
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(shown(item) for item in value[:4])}{', …' if len(value) > 4 else ''}]"
    elif isinstance(value, str):
        # ascii() of what cannot be printed, the letters of all languages as they are
        text = "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value[: _SHOWN + 1]) + "'"
    else:
        word = {None: "null", True: "true", False: "false"}.get(value) if value in (None, True, False) else None
        # a number of more digits than Python writes is as wrong as it is long
        huge = isinstance(value, int) and value.bit_length() > 200
        plain = word is None or type(value) in (int, float)
        text = ("a huge number" if huge else repr(value)) if plain else str(word)
    return text if len(text) <= _SHOWN + 2 else f"{text[:_SHOWN]}…'"


# ---------------------------------------------------------------------- words


def expected(wanted, limits: Limits) -> str:
    """What a key takes, in words: `a whole number of at least 1`."""
    words = [_words(option, limits) for option in _options(wanted) if option is not types.NoneType]
    return " or ".join(dict.fromkeys(words))


def _words(wanted, limits: Limits) -> str:
    origin = typing.get_origin(wanted) or wanted
    if origin in (int, float):
        return f"a {'whole ' if origin is int else ''}number{range_in_words(limits)}"
    if origin is bool:
        return "true or false"
    if origin is tuple:
        whole = "whole " if typing.get_args(wanted)[0] is int else ""
        return f"a list of {len(typing.get_args(wanted))} {whole}numbers{range_in_words(limits)}"
    if origin is list:
        inside, choices = typing.get_args(wanted)[0], limits.names()
        of = f", each one of {_named(limits)}" if choices else " of texts"
        of = " of such lists" if typing.get_origin(inside) is tuple else of
        return f"a list{of}{', not empty' if limits.least else ''}"
    if origin is dict or dataclasses.is_dataclass(wanted):
        return "keys and values"
    if limits.names():
        return f"one of {_named(limits)}"
    if isinstance(origin, type) and issubclass(origin, Name):
        return (
            f"a name of at most {wanted.longest} ASCII letters, digits, '_' and '-' that begins with a letter or digit"
        )
    return "text (in quotes where it looks like a number)"


def _named(limits: Limits) -> str:
    families = limits.families() if limits.families else ()
    return ", ".join((*(limits.names() or ()), *(f"{family}_NAME" for family in families)))


def range_in_words(limits: Limits) -> str:
    """` from 0 to 1`, ` of at least 1`, …; empty where any number will do."""
    low, high = limits.minimum, limits.maximum
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    bounds = {"at least": low, "above": limits.above, "at most": high, "below": limits.below}
    parts = [f"{word} {_number(bound)}" for word, bound in bounds.items() if bound is not None]
    return " " + " and ".join(parts) if parts else ""


def _number(value: float) -> str:
    return "2^63 - 1" if value == 2**63 - 1 else f"{value:,}"


# ---------------------------------------------------------------------- defaults


def filled(value: dict, section: Any) -> dict:
    """A copy of a checked mapping with the defaults of the keys that it leaves out, in sections within it too.

    A key whose default is None stays out.
    """
    copy = dict(value)
    for name, entry in entries(variant(section, value)).items():
        if name not in copy and entry.required:
            continue
        if name not in copy and entry.default is not None:
            copy[name] = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        if name in copy and not entry.limits.partial:
            copy[name] = _filled_value(copy[name], entry.type)
    return copy


def _filled_value(value, wanted):
    for option in _options(wanted):
        if dataclasses.is_dataclass(option) and (value is None or isinstance(value, dict)):
            return filled(value or {}, option)
        if typing.get_origin(option) is dict and isinstance(value, dict):
            return {name: _filled_value(item, typing.get_args(option)[1]) for name, item in value.items()}
    return value
