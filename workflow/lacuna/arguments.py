"""Kinds of command-line arguments."""

from argparse import ArgumentTypeError


def positive(text: str) -> int:
    """A whole number of at least 1; anything else is argparse's error, which names the option."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
