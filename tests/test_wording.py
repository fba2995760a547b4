"""Errors and help texts stand alone: whole sentences without a closing full stop, and noun phrases."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacuna.cli import build_parser

PACKAGE = Path(__file__).parents[1] / "workflow" / "lacuna"
FRAGMENT = re.compile(r"(of|that|to|its|their|let|where|for)\b")
NOT_ENGLISH = re.compile(
    r"(?<!there )\b(is|are|was|were) (no(?! longer)|none)\b|for want of|suffice|\bmend\b|\bbears?\b|does not go with"
)


def text_of(node: ast.expr) -> str:
    """What a string, a format string or a sum of them reads like, `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) for value in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return "{}"


def errors() -> Iterator[tuple[str, str]]:
    """(place, text) of every `LacunaError`, and of what derives from it, that the package writes down."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("LacunaError", "GraphFails"):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", text_of(node.args[0])


def helps(parser: argparse.ArgumentParser, called: str = "lacuna") -> Iterator[tuple[str, str | None]]:
    """(command and option, help text) of a parser and of all below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from helps(below, f"{called} {name}")
        elif not isinstance(action, argparse._HelpAction | argparse._VersionAction):
            yield f"{called} {action.option_strings or action.dest}", action.help


def test_texts_are_put_together_from_their_parts():
    (raised,) = ast.parse('LacunaError(f"no {a} " "is " + b + "here.")').body
    assert text_of(raised.value.args[0]) == "no {} is {}here."
    for wrong in ("it is no JSON", "and {} is none;", "memory does not suffice"):
        assert NOT_ENGLISH.search(wrong), wrong
    for right in ("there is no metric", "it is no longer used", "is not valid JSON", "none of them is here"):
        assert not NOT_ENGLISH.search(right), right


def test_errors_have_no_closing_full_stop_and_are_plain_english():
    found = list(errors())
    assert len(found) > 300
    assert [place for place, text in found if text.rstrip().endswith(".")] == []
    assert [(place, text) for place, text in found if NOT_ENGLISH.search(text)] == []


def test_help_texts_are_noun_phrases_that_stand_alone():
    found = list(helps(build_parser(None)))
    assert len(found) > 100
    assert [option for option, text in found if not text] == []
    assert [(option, text) for option, text in found if text.endswith(".")] == []
    assert [(option, text) for option, text in found if FRAGMENT.match(text)] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs", "config/README.md"])
def test_documents_use_no_private_words(document):
    path = PACKAGE.parents[1] / document
    for file in [path] if path.is_file() else sorted(path.glob("*.md")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"the house|\bthe seeds\b|yardstick|sanity row|\bRooms\b", text), file
