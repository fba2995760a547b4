"""Pictures that are opened, dropped or pasted in a real browser, and what is refused."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

from lacuna.studio import web_runtime
from lacuna.studio.assembling import assemble
from tests.studio.acting import FILLED, at, canvas, filled, hole, open_file, problems
from tests.studio.conftest import READY
from tests.studio.made_up import TEST_SIZE, make_run, make_studio, photograph

pytestmark = pytest.mark.slow


def test_dropped_and_pasted_pictures_are_taken(show, tmp_path):
    page = show()
    for number, (event, key, size) in enumerate(
        [
            ("DragEvent('drop', {dataTransfer:", "drop", (31, 23)),
            ("ClipboardEvent('paste', {clipboardData:", "paste", (22, 35)),
        ]
    ):
        pixels = photograph(*size, number)
        Image.fromarray(pixels).save(tmp_path / f"{key}.png")
        text = base64.b64encode((tmp_path / f"{key}.png").read_bytes()).decode()
        page.value(
            f"(() => {{ const t = new DataTransfer(), bytes = Uint8Array.from(atob('{text}'), c => c.charCodeAt(0));"
            f"t.items.add(new File([bytes], '{key}.png', {{type: 'image/png'}}));"
            f"document.dispatchEvent(new {event} t, bubbles: true, cancelable: true}})); }})()"
        )
        page.wait(f"document.getElementById('picture').width === {size[0]}")
        np.testing.assert_array_equal(canvas(page, "picture")[..., :3], pixels)
        assert f"{key}.png: {size[0]} × {size[1]} pixels, 0.0 % hole" in page.text("#state")


def test_a_turned_photograph_is_upright_and_transparency_is_said(show, tmp_path):
    page = show()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(photograph(40, 26)).save(tmp_path / "turned.jpg", exif=exif)
    open_file(page, tmp_path / "turned.jpg")
    page.wait("document.getElementById('picture').width === 26")
    alpha = 17 * np.arange(9)[:, None] + np.arange(13)
    clear = np.dstack([photograph(13, 9), alpha.astype(np.uint8)])
    Image.fromarray(clear).save(tmp_path / "clear.png")
    open_file(page, tmp_path / "clear.png")
    page.wait("document.getElementById('picture').width === 13")
    assert page.text("#state") == "Of transparent parts of the picture the colours stored under them are taken."
    seen = canvas(page, "picture")
    assert (seen[..., :3] == clear[..., :3]).all() and (seen[..., 3] == 255).all()


def test_what_is_wrong_is_one_sentence(show, tmp_path):
    page = show()

    def told(words):
        page.wait(f"document.getElementById('notice').innerText.includes({json.dumps(words)})")

    (tmp_path / "no.png").write_bytes(b"not a picture")
    open_file(page, tmp_path / "no.png")
    told("no.png is not a picture that this browser can read; take a PNG, JPEG or WebP file.")
    Image.new("L", (8000, 5001)).save(tmp_path / "huge.png")
    open_file(page, tmp_path / "huge.png")
    told("huge.png has 40 million pixels, and this page takes at most 40 million")
    page.click("#clear")
    page.click("#run")
    told("There is no hole yet: paint over what is to be filled.")
    page.click("#invert")
    page.click("#run")
    told("The whole picture is hole: leave something from which it can be filled.")
    page.click("#clear")
    page.drag("#hole", at(20, 20), at(30, 20))
    filled(page)
    assert page.value("document.getElementById('notice').hidden"), "what was wrong is gone"
    assert problems(page) == []


def test_a_graph_that_cannot_run_is_one_sentence(browser, served, tmp_path, runtime):
    make_studio(tmp_path / "run", runtime)
    (tmp_path / "run/studio/models/near.scenes.onnx").unlink()
    (tmp_path / "run/studio/models/near.scenes.onnx").write_bytes(b"no graph")
    with served(tmp_path / "run") as address, browser.open(f"{address}studio/") as page:
        page.wait(READY)
        page.click("#run")
        page.wait(FILLED, 60)
        assert page.text("#notice").startswith("Local mean, trained on Scenes could not be run here (")
        assert page.value("document.getElementById('result').hidden && !document.getElementById('run').disabled")


def test_without_the_runtime_the_page_says_so(browser, served, tmp_path):
    web_runtime.do_without(tmp_path / "none", "npm was not there")
    assemble(make_run(tmp_path / "run"), tmp_path / "run", tmp_path / "none", tmp_path / "run/studio")
    with served(tmp_path / "run") as address, browser.open(f"{address}studio/") as page:
        page.wait(READY)
        assert page.text("#notice") == "Nothing can be filled here: when this page was made, npm was not there."
        assert page.value("document.getElementById('run').disabled")


def test_without_its_first_test_image_the_page_begins_empty_and_says_so(browser, served, tmp_path):
    web_runtime.do_without(tmp_path / "none", "npm was not there")
    assemble(make_run(tmp_path / "run"), tmp_path / "run", tmp_path / "none", tmp_path / "run/studio")
    (tmp_path / "run/studio/tests/rockets.0.image.png").unlink()
    with served(tmp_path / "run") as address, browser.open(f"{address}studio/") as page:
        page.wait(READY)
        assert page.text("#notice") == (
            "tests/rockets.0.image.png is missing beside this page; make the studio again. "
            "Nothing can be filled here: when this page was made, npm was not there."
        )
        page.click("#invert")
        assert hole(page).shape == (384, 512)
        assert hole(page).all()
        page.click("#tests button:nth-child(2)")
        page.wait("document.getElementById('picture').width === 60")
        np.testing.assert_array_equal(canvas(page, "picture")[..., :3], photograph(*TEST_SIZE, 1))
        assert page.value("document.getElementById('notice').hidden")
        assert [each for each in problems(page) if "404" not in each] == []
