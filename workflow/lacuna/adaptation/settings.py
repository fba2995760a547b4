"""From the values of a YAML or JSON file to the fields of a frozen dataclass, with every mistake named in one line."""

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lacuna.errors import LacunaError
from lacuna.registry import suggest

Reader = Callable[[object, str], object]
"""A value as the file gives it, and where it stands → the field's value; a `LacunaError` says what is wrong."""


def setting(default, read: Reader):
    """A field of a dataclass with its default and its reader."""
    return dataclasses.field(default=default, metadata={"read": read})


def part(cls: type):
    """A field that is itself a dataclass of settings; a mere number stands for its probability `p`, if it has one."""
    return dataclasses.field(default_factory=cls, metadata={"read": lambda value, where: built(cls, value, where)})


def built(cls: type, values, where: str):
    """The dataclass `cls` of `values`, a mapping; what is not there keeps its default."""
    values = spelled_out(cls, values)
    if not isinstance(values, dict):
        raise LacunaError(f"{where} must be a mapping of settings, not {values!r}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in values:
        if key not in fields:
            raise LacunaError(f"unknown key '{key}' at {where}: {suggest(key, fields).rstrip('.')}")
    read = {key: fields[key].metadata["read"](value, f"{where}.{key}") for key, value in values.items()}
    try:
        return cls(**read)
    except ValueError as error:
        raise LacunaError(f"at {where}, {error}") from None


def merged(cls: type, below, above):
    """Two mappings of settings of `cls` as one: what `above` says counts, and parts are merged key by key."""
    below, above = spelled_out(cls, below), spelled_out(cls, above)
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    parts: dict[str, Any] = {field.name: field.default_factory for field in dataclasses.fields(cls)}
    result = dict(below)
    for key, value in above.items():
        inside = parts.get(key, dataclasses.MISSING)
        both = inside is not dataclasses.MISSING and key in below
        result[key] = merged(inside, below[key], value) if both else value
    return result


def spelled_out(cls: type, value):
    """A number as the mapping that it stands for."""
    has_probability = any(field.name == "p" for field in dataclasses.fields(cls))
    return {"p": value} if has_probability and is_number(value) else value


def is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# ---------------------------------------------------------------------- readers


def number(
    least: float = -math.inf, greatest: float = math.inf, above: float = -math.inf
) -> Callable[[object, str], float]:
    """A number in [least, greatest] and above `above`; it may be written as a fraction, such as 5/256."""
    limits = [f"above {above:g}"] * (above > -math.inf)
    limits += [f"at least {least:g}"] * (least > -math.inf) + [f"at most {greatest:g}"] * (greatest < math.inf)

    def read(value, where: str) -> float:
        try:
            found = float(Fraction(value)) if isinstance(value, str) else float(value) if is_number(value) else math.nan
        except (ValueError, ZeroDivisionError, OverflowError):
            found = math.nan
        if not (math.isfinite(found) and least <= found <= greatest and found > above):
            raise LacunaError(f"{where} must be a number {' and '.join(limits)}, not {value!r}".replace("  ", " "))
        return found

    return read


def interval(least: float, greatest: float = math.inf) -> Reader:
    """[low, high] with both ends in [least, greatest], low not above high; one number stands for both ends."""
    end = number(least, greatest)

    def read(value, where: str) -> tuple[float, float]:
        if not isinstance(value, list | tuple):
            both = end(value, where)
            return both, both
        if len(value) != 2:
            raise LacunaError(f"{where} must be a number or [low, high], not {value!r}")
        low, high = (end(each, where) for each in value)
        if low > high:
            raise LacunaError(f"{where} is {list(value)!r}, which begins above its end; write the smaller number first")
        return low, high

    return read


def whole(least: int) -> Reader:
    """A whole number of at least `least`."""

    def read(value, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise LacunaError(f"{where} must be a whole number of at least {least}, not {value!r}")
        return value

    return read


def flag(value, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise LacunaError(f"{where} is true or false, not {value!r}")
    return value


def choice(*known: str) -> Reader:
    """One of the known words."""

    def read(value, where: str) -> str:
        if value not in known:
            raise LacunaError(f"{where} has no choice {value!r}: {suggest(value, known).rstrip('.')}")
        return value

    return read


def text(value, where: str) -> str:
    """A name."""
    if not isinstance(value, str) or not value:
        raise LacunaError(f"{where} must be a name, not {value!r}")
    return value


def optional(read: Reader) -> Reader:
    """null, or what `read` takes."""
    return lambda value, where: None if value is None else read(value, where)


def several(read: Reader) -> Reader:
    """A list of what `read` takes, none of them twice."""

    def read_all(value, where: str) -> tuple:
        if not isinstance(value, list | tuple):
            raise LacunaError(f"{where} must be a list, not {value!r}")
        found = tuple(read(each, where) for each in value)
        if len(set(found)) < len(found):
            raise LacunaError(f"{where} is {list(value)!r}, which names something twice; name it once")
        return found

    return read_all


probability = number(0, 1)
