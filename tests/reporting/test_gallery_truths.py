"""The gallery of sets whose truth is another picture, or that nobody knows, in a real browser."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.browser import browser  # noqa: F401 - a fixture
from tests.reporting.made_up_gallery import make_gallery, make_run
from tests.reporting.test_gallery_browser import DRAWN

pytestmark = pytest.mark.slow

TRUTH = (10, 200, 30)
VIEWS = "[...document.getElementById('right').options].map(option => option.value)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One set with true pictures of one green, and one without any truth."""
    folder = tmp_path_factory.mktemp("results") / "made_up"
    settings = make_run(folder, (44, 60))
    known, unknown = settings["test_sets"]
    (folder / "images/green").mkdir()
    lines = (folder / f"lists/{known[0]}.txt").read_text().splitlines()
    for number in range(len(lines)):
        Image.new("RGB", (60, 44), TRUTH).save(folder / f"images/green/{number:04d}.png")
    text = "".join(f"{line}\t{folder}/images/green/{number:04d}.png\n" for number, line in enumerate(lines))
    (folder / f"lists/{known[0]}.txt").write_text(text)
    for path in folder.glob(f"scores/*/*/{unknown[0]}.parquet"):
        path.unlink()
    make_gallery(folder, settings | {"test_sets": [known], "unscored_sets": [unknown]})
    return folder


def opened(browser, folder, fragment):  # noqa: F811
    page = browser.open(f"{(folder / 'gallery/index.html').absolute().as_uri()}#{fragment}")
    page.wait(DRAWN)
    return page


def test_the_truth_of_a_set_may_be_other_pictures(browser, folder):  # noqa: F811
    data = json.loads((folder / "gallery/data.js").read_text().partition("= ")[2].rstrip().rstrip(";"))
    known = data["testSets"][0]
    assert "images/green" in known["truths"]["folder"] and "images/paris_test" in known["images"]["folder"]
    page = opened(browser, folder, "set=paris_test&left=truth&right=truth&image=0003&split=50")
    shown = np.asarray(page.pixels("#right-picture"))[..., :3].reshape(-1, 3)
    assert np.abs(np.median(shown, axis=0) - TRUTH).max() <= 2
    assert not page.problems()


def test_what_nobody_knows_has_no_truth_no_error_and_no_scores(browser, folder):  # noqa: F811
    page = opened(browser, folder, "set=FFHQ_test&right=truth&left=error&image=0002")
    assert not {"truth", "error"} & set(page.value(VIEWS)) and "composite" in page.value(VIEWS)
    assert page.value("document.getElementById('right').value") == "composite"
    assert "nobody knows the truth" in page.value("document.getElementById('strip-title').textContent")
    assert page.value("document.getElementById('scores').children.length") == 0
    assert page.value("document.getElementById('summary').textContent").startswith("9 of 9 images")
    page.press("4")  # the key of the truth
    assert page.value("document.getElementById('right').value") == "composite"
    assert not page.problems()
