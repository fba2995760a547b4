"""Text that a user wrote, made safe for each language that it is printed in: there it reads letter by letter.

One function a language. Line breaks become spaces, because a title is one line wherever it is shown.
"""

import html as _html
import re
from unicodedata import category

_LATEX: dict[str, str | int | None] = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",  # after the end of a row it would be an optional argument
    "]": "{]}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': "''",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
}
_MARKDOWN = re.compile(r"[\\`*_\[\]|$~]")


def one_line(text: str) -> str:
    """The text with every run of white space as one space (those that do not break stay), and no control characters."""
    spaced = re.sub(r"[^\S\u00a0\u202f]+", " ", text).strip()
    return "".join(letter for letter in spaced if category(letter) != "Cc")


def html(text: str) -> str:
    """For the content of an HTML element or a quoted attribute."""
    return _html.escape(one_line(text))


def markdown(text: str) -> str:
    """For GitHub-flavoured Markdown, inside a paragraph or a table's cell."""
    entities = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", entities)


def latex(text: str) -> str:
    """For LaTeX in text mode."""
    return one_line(text).translate(str.maketrans(_LATEX))


def restructured_text(text: str) -> str:
    """For a paragraph of reStructuredText that a template of Jinja holds, as captions of Snakemake's report are.

    A backslash before everything but letters, digits and spaces takes the meaning from the marks of both languages:
    no role, directive, link, list or `{{ … }}` is left.
    """
    return re.sub(r"([^\w\s]|_)", r"\\\1", one_line(text))
