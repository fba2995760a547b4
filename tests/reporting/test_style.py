"""What titles can do to a figure: nothing but be drawn."""

import numpy as np
import pytest
from PIL import Image

from lacuna.reporting import style
from lacuna.reporting.style import written_to


def drawn(path, text, **plot):
    """The pixels of a figure with the text as title, label, tick and in the legend."""
    with written_to(path, figsize=(4, 3)) as (figure, axes):
        axes.plot([1, 2], [1, 100], label=text)
        axes.set(title=text, xlabel=text, **plot)
        axes.set_xticks([1, 2], [text, "b"])
        axes.legend()
        figure.suptitle(text)
    return np.asarray(Image.open(path).convert("L"))


@pytest.mark.parametrize("text", ["Ba$$in", "a $\\frac{$ b", "$x^2$", "5 \\$ and 6 $"])
def test_dollars_begin_no_formula(tmp_path, text):
    assert (drawn(tmp_path / "a.png", text) < 128).any()


def test_a_formula_is_drawn_as_its_letters(tmp_path):
    """`$xx$` as a formula would be two italic letters, narrower than four."""
    letters, plain = drawn(tmp_path / "a.png", "$xx$"), drawn(tmp_path / "b.png", "xx")
    width = [np.flatnonzero((pixels[:30] < 128).any(0)) for pixels in (letters, plain)]
    assert np.ptp(width[0]) > np.ptp(width[1]) * 1.4


def test_axes_keep_their_own_powers_of_ten(tmp_path, monkeypatch):
    log = drawn(tmp_path / "a.png", "x", yscale="log")
    monkeypatch.setattr(style, "_letter_by_letter", lambda figure: None)
    assert (log == drawn(tmp_path / "b.png", "x", yscale="log")).all()


def test_letters_that_the_usual_font_lacks_come_from_another_or_are_named():
    assert style.lacking("AOT-GAN, Café, ελληνικά") == set()
    assert style.lacking("a\U0010fffd") == {"\U0010fffd"}  # private use: no font of ours has it
    families, missing = style.fonts_for("a\U0010fffd")
    assert families == [] or missing == ""
    assert style.fonts_for("AOT-GAN") == ([], "")


def test_a_font_that_has_the_letters_is_found(monkeypatch):
    monkeypatch.setattr(style, "_other_fonts", lambda: [("First", frozenset("本")), ("Second", frozenset("日本"))])
    assert style.fonts_for("日本語") == (["First", "Second"], "語")
