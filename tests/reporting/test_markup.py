"""A title reads letter by letter in every language that it is printed in."""

import html
import re

import pytest
from docutils.core import publish_parts
from jinja2 import Environment

from lacuna.reporting import markup, rendering
from lacuna.reporting.display import Cell, DisplayTable

HOSTILE = [
    "x**\n\n.. include:: /etc/hostname\n   :literal:\n\n.. raw:: html\n\n   <script>window.X=1</script>\n\n**y",
    "{{ 7*7 }} {% raw %} {# no #} |sub| `role` :ref:`x` x_ __y__ [1]_",
    "1. first",
    "- item",
    "• item",
    "a $x$ \\frac{1}{2} % & # ~ ^ _ { }",
    "<b>bold</b> &amp; \"quoted\" 'single'",
    "https://example.org/ me@example.org",
    "[x](https://example.org) ![y](z) *a* ~~b~~ | c",
    "日本語 – ελληνικά עברית",
]


def in_one_line(text):
    return " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_restructured_text_shows_the_text_after_jinja(text):
    rendered = Environment().from_string(f"**{markup.restructured_text(text)}**\n").render()
    settings = {"report_level": 1, "halt_level": 1}  # not even a warning
    body = publish_parts(rendered, writer="html", settings_overrides=settings)["body"]
    assert re.fullmatch(r"<p><strong>[^<]*</strong></p>\n", body)
    assert html.unescape(re.sub("<[^>]*>", "", body)).strip() == in_one_line(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_the_text(text):
    escaped = markup.html(text)
    assert "<" not in escaped and html.unescape(escaped) == in_one_line(text)


@pytest.mark.parametrize(
    "text, escaped",
    [
        ("a|b <i> & *c* _d_ `e` [f](g) $h$ ~i~ \\", r"a\|b &lt;i> &amp; \*c\* \_d\_ \`e\` \[f\](g) \$h\$ \~i\~ \\"),
        ("AOT-GAN (narrow), 50 %", "AOT-GAN (narrow), 50 %"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_has_no_marks_left(text, escaped):
    assert markup.markdown(text) == escaped


def test_latex_has_no_commands_left():
    text = markup.latex("$x$ \\input{/etc/passwd} 5 % & # _ ~ ^ [0] <a|b>")
    assert text == (
        r"\$x\$ \textbackslash{}input\{/etc/passwd\} 5 \% \& \# \_ \textasciitilde{} \textasciicircum{} {[}0{]} "
        r"\textless{}a\textbar{}b\textgreater{}"
    )


def test_control_characters_are_left_out():
    assert markup.one_line("a\x07b\x1b[31m c\u00a0d") == "ab[31m c\u00a0d"


def test_every_part_of_a_table_is_escaped():
    table = DisplayTable("T*", "C_", ("H|", "L$"), (("G<", (("R&", (Cell("1"),)),)),))
    table = DisplayTable("T*", "C_", ("H|", "L$", "x"), table.groups)
    assert r"**T\*.** C\_" in rendering.to_markdown([table])
    assert r"| H\| | L\$ | x |" in rendering.to_markdown([table]) and "| G&lt; | R&amp; | 1 |" in rendering.to_markdown(
        [table]
    )
    latex = rendering.to_latex([table])
    assert r"C\_" in latex and r"H\textbar{} & L\$ & x" in latex and r"G\textless{} & R\& & 1" in latex
