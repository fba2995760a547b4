"""docs/psnr8.md: its numbers, computed again; and the arithmetic of its cases by hand."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from lacuna.metrics.diagnosis import CASES, COVERAGE, PHOTOGRAPHS, diagnose, masks, photographs
from lacuna.reporting.diagnosis_page import cells, to_markdown

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def found():
    return diagnose()


def test_the_page_holds_the_numbers_as_they_are(found):
    """Within 0.1 dB, because decoders of JPEG differ in their last digits; the words agree exactly."""
    made, committed = to_markdown(found, "psnr8.png"), (DOCS / "psnr8.md").read_text()
    number = re.compile(r"\d+\.\d")
    assert number.sub("#", made) == number.sub("#", committed)
    ours, theirs = (np.array(list(map(float, number.findall(text)))) for text in (made, committed))
    assert len(ours) > 150
    assert abs(ours - theirs).max() <= 0.11
    assert Image.open(DOCS / "psnr8.png").width > 600


def test_the_numbers_are_those_of_somebody_elses_code(found):
    truths, holes = photographs(), masks(len(PHOTOGRAPHS))
    for case in CASES[1:]:
        pictures = case.picture(truths, holes)
        for at in (2, 5):
            if (pictures[at] == truths[at]).all():
                continue
            expected = peak_signal_noise_ratio(truths[at], pictures[at], data_range=255)
            assert found[case.name]["image"][at] == pytest.approx(expected, abs=1e-6)


def test_every_case_shows_its_sign(found):
    assert all((values == 100).all() for values in found["perfect"].values())
    assert (found["mispaired"]["image"] == 100).sum() == 1  # the first picture of the folder is its own
    assert (found["inverted"]["hole"] == 100).all() and (found["inverted"]["valid"] < 25).all()
    for name in ("masked_white", "masked_black", "mean_fill"):
        assert (found[name]["valid"] == 100).all() and (found[name]["hole"] < 25).all()
    assert np.median(found["mean_fill"]["image"]) > np.median(found["grey"]["image"])
    assert 7 < np.median(found["mispaired"]["image"]) < 10
    assert len(cells(found["grey"])) == 4


def test_masks_hide_what_the_page_says():
    coverages = masks(len(PHOTOGRAPHS)).mean((1, 2, 3))
    assert (np.diff(coverages) > 0).all()
    assert COVERAGE[0] <= coverages[0] and coverages[-1] <= COVERAGE[1]
