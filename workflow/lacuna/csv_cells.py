"""Text in the cells of a CSV that a spreadsheet would run as a formula."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escape_formula(text: str) -> str:
    """The same text; one that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front.

    So does one that begins with apostrophes before one of these, so that `unescape_formula` gives back every text.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
