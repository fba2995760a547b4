"""Whether a config is valid: every mistake is a one-line error that says where, what, and what is valid."""

import math
from collections.abc import Iterator

from lacuna import keys
from lacuna.config.sections import Config
from lacuna.errors import LacunaError
from lacuna.keys import shown

MOST_VALUES = 100_000
DEEPEST = 40
LONGEST_KEY = 200


def validate(config: dict) -> None:
    """Check `config`; raise a one-line `LacunaError` for the first mistake.

    What stands in files (weights, photographs) is not looked at, except whether named packages are installed.
    """
    try:
        _refuse_what_json_cannot_hold(config)
        keys.check(config, Config)
    except keys.UnknownKey as error:
        places = {place for name, place in keys.homes(Config) if name == error.name}
        misplaced = f"key '{error.name}' is misplaced at {error.at}: it belongs to {' or '.join(places)}"
        sentence = misplaced if len(places) == 1 else error
        raise LacunaError(f"in the config, {sentence}") from None
    except LacunaError as error:
        raise LacunaError(f"in the config, {error}") from None


def complete(config: dict) -> dict:
    """A copy of a valid config in which every key that it leaves out has its default, if it has one."""
    return keys.filled(config, Config)


def _refuse_what_json_cannot_hold(config) -> None:
    """Settings travel as JSON: finite numbers, whole characters, texts as keys, and no more values than can be read.

    YAML's aliases can multiply a page into more values than any memory holds, so they are counted while they are met.
    """
    waiting: list[tuple[str, object, int]] = [("", config, 0)]
    met = 0
    while waiting:
        where, value, depth = waiting.pop()
        met += 1
        if met > MOST_VALUES or depth > DEEPEST:
            much = f"more than {MOST_VALUES:,} values" if met > MOST_VALUES else f"more than {DEEPEST} levels"
            raise LacunaError(f"there are {much} (at {where[:60]}); do aliases of YAML multiply or hold themselves?")
        _refuse_value(where or "the top level", value)
        waiting += [(path, item, depth + 1) for path, item in _items(where, value)]


def _items(where: str, value) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise LacunaError(f"key {shown(name)} at {where or 'the top level'} is not text; put it in quotes")
            if not name.isprintable() or len(name) > LONGEST_KEY:
                raise LacunaError(f"key {shown(name)} at {where or 'the top level'} is too long or cannot be printed")
            yield (f"{where}.{name}" if where else name), item
    elif isinstance(value, list | tuple):
        yield from ((f"{where}[{i}]", item) for i, item in enumerate(value))


def _refuse_value(where: str, value) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise LacunaError(f"{where} is {value}; give a finite number")
    if isinstance(value, int) and abs(value) > 2**63:
        raise LacunaError(f"{where} is beyond 2^63; give a smaller whole number")
    if isinstance(value, str):
        _refuse_text(where, value)
    elif value is not None and not isinstance(value, dict | list | tuple | int | float):
        raise LacunaError(f"{where} is read as a {type(value).__name__}; put it in quotes if it is text")


def _refuse_text(where: str, text: str) -> None:
    for character in text:
        if "\ud800" <= character <= "\udfff":
            raise LacunaError(f"{where} holds half of a character, U+{ord(character):04X}; write the character whole")
        if character < " " and character not in "\n\t":
            raise LacunaError(f"{where} holds the control character U+{ord(character):04X}; remove it")
