"""The figure with a column for each bin, and the contact sheet: what is chosen, and that it is drawn."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from lacuna.files import write_rows
from lacuna.reporting.figures.bin_columns import chosen_in_bins, draw_columns
from lacuna.reporting.figures.contact_sheet import chosen, draw_contact_sheet
from tests.reporting.made_up import KEYS, TITLES, make_predictions, make_set


def test_a_bin_is_shown_by_its_median():
    assert chosen_in_bins([0.15, 0.35, 0.11, 0.19, 0.18, 0.31]) == {"0.10-0.20": 0, "0.30-0.40": 5}


def test_pictures_of_a_sheet_are_spread_over_the_set():
    assert chosen(3) == [0, 1, 2] and chosen(24) == list(range(1, 24, 2))
    assert chosen(1) == [0] and len(set(chosen(1000))) == 12


@pytest.fixture
def run(tmp_path):
    """Nine crops of 60×44 with their predictions; returns (list, indexes)."""
    random = np.random.default_rng(3)
    make_set(tmp_path, "paris_test", data.chelsea(), (44, 60), 9, random)
    indexes = [
        make_predictions(tmp_path, system, source, "paris_test", random)
        for system, sources in KEYS.items()
        for source in sources
    ]
    origins = [{"file": f"{i:04d}.png", "origin": f"holiday {i}.jpg", "origin_sha256": str(i)} for i in range(9)]
    write_rows(tmp_path / "images/paris_test/index.csv", origins, ["file", "origin", "origin_sha256"])
    return tmp_path / "lists/paris_test.txt", indexes


def test_both_figures_are_drawn(run, tmp_path):
    settings = {"systems": TITLES["systems"], "sources": TITLES["sources"]}
    draw_columns(settings, *run, tmp_path / "bins.png")
    draw_contact_sheet(settings, *run, tmp_path / "sheet.png")
    bins, sheet = Image.open(tmp_path / "bins.png"), Image.open(tmp_path / "sheet.png")
    magenta = (np.asarray(sheet.convert("RGB")) == (230, 0, 126)).all(axis=-1)
    assert magenta.any(axis=0).sum() < sheet.width / 4  # in the first column alone
    assert min(bins.size) > 1000 and sheet.height > sheet.width > 500
