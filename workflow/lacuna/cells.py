"""Names and other text as a table and a terminal can hold them, and back.

A file's name is any bytes: Python keeps those that are not UTF-8 as lone surrogates (PEP 383), which no encoder takes.
A spreadsheet computes cells that begin like a formula (OWASP: CSV injection).
"""

import re
from pathlib import Path

# A byte that is not UTF-8, or what looks like one that is written; with the backslashes before it.
_TO_WRITE = re.compile("(\\\\*)(?:([\udc80-\udcff])|(?<=\\\\)x([89a-f][0-9a-f]))")
_WRITTEN = re.compile(r"(\\+)x([89a-f][0-9a-f])")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def printable(name: str) -> str:
    r"""A name with every byte that is not UTF-8 written `\xe9`; backslashes that stand before such are doubled."""
    return _TO_WRITE.sub(
        lambda found: 2 * found[1] + (f"\\x{ord(found[2]) - 0xDC00:02x}" if found[2] else f"x{found[3]}"), name
    )


def spelt(name: str | Path) -> str:
    """A name for a sentence: what is not ASCII is escaped as well, because different names can look the same."""
    name = printable(str(name))
    return name if name.isascii() else f"{name} ({ascii(name)[1:-1]})"


def _hidden(text: str) -> str:
    """The name that `printable` shows so."""

    def restored(found: re.Match) -> str:
        number, odd = divmod(len(found[1]), 2)
        return "\\" * number + (chr(0xDC00 + int(found[2], 16)) if odd else f"x{found[2]}")

    return _WRITTEN.sub(restored, text)


def cell(value):
    """A value as a cell of a CSV: text as `printable`, behind an apostrophe where it would begin a formula.

    Numbers, and text that is a number, stay what they are.
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def uncell(text: str) -> str:
    """The text that `cell` wrote so."""
    bare = text[1:] if text.startswith("'") and _FORMULA.match(text) else text
    return _hidden(bare)
