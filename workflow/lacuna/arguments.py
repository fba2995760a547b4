"""Kinds of command-line arguments."""

import json
from argparse import ArgumentTypeError

from lacuna.errors import LacunaError


def positive(text: str) -> int:
    """A whole number of at least 1; anything else is argparse's error, which names the option."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


class Settings(dict):
    """What `--settings` holds; a key that a command needs and does not find is a `LacunaError`."""

    def __missing__(self, key: str):
        raise LacunaError(f"--settings lacks '{key}', which this command needs; add it")


def json_settings(text: str) -> Settings:
    """A JSON object; anything else is a `LacunaError`."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise LacunaError(f"--settings is no JSON ({error}); write it like '{{\"width\": 64}}'") from None
    if not isinstance(value, dict):
        raise LacunaError(f"--settings is {text}; write names and values, like '{{\"width\": 64}}'")
    return Settings(value)
