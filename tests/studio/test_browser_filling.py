"""Filling the hole in a real browser: the pixels are ONNX Runtime's, and the rest is the picture's."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.studio.acting import at, by_python, canvas, difference, filled, hole, open_file, problems, set_value
from tests.studio.made_up import TEST_SIZE, photograph

pytestmark = pytest.mark.slow


def test_the_whole_picture_is_filled_as_by_python(show, folder):
    page = show()
    page.drag("#hole", at(5, 40), at(50, 35))
    mask = hole(page)
    image = photograph(*TEST_SIZE, 0)
    expected = by_python(folder, "near", image, np.where(mask, 255, 0).astype(np.uint8))
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    assert difference(result, expected) <= 2
    assert difference(result[mask], image[mask]) > 50
    assert "the whole picture, pixel for pixel" in page.text("#state")
    assert problems(page) == []


@pytest.fixture
def large(show, tmp_path):
    """(the page with a picture of 640×377 opened, to be filled by the second system at 256 pixels; the picture)."""
    image = photograph(640, 377)
    Image.fromarray(image).save(tmp_path / "large.png")
    page = show()
    open_file(page, tmp_path / "large.png")
    page.wait("document.getElementById('picture').width === 640")
    page.choose("#system", "far/scenes")
    page.choose("#working", "256")
    return page, image


def test_of_a_large_picture_the_surroundings_of_the_hole_are_filled(large, folder):
    page, image = large
    set_value(page, "size", 11)
    page.drag("#hole", at(401, 355, (640, 377)), at(414, 367, (640, 377)))  # near the lower edge alone
    mask = hole(page)
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    assert "256 × 256 pixels around the hole, pixel for pixel" in page.text("#state")
    rows, columns = np.nonzero(mask)
    top = min(round((rows.min() + rows.max() + 1 - 256) / 2), 377 - 256)
    left = min(round((columns.min() + columns.max() + 1 - 256) / 2), 640 - 256)
    part = np.s_[top : top + 256, left : left + 256]
    expected = by_python(folder, "far", image[part], np.where(mask, 255, 0).astype(np.uint8)[part])
    assert difference(result[part], expected) <= 2
    assert problems(page) == []


@pytest.mark.parametrize(
    ("first", "last", "part", "size", "words"),
    [
        (50, 500, np.s_[:, :], (256, 151), "the whole picture, scaled to 256 × 151 (40 %)"),
        (300, 509, np.s_[:, 195:615], (256, 230), "420 × 377 pixels around the hole, scaled to 256 × 230 (61 %)"),
    ],
)
def test_what_is_too_large_is_scaled_and_says_so(large, folder, first, last, part, size, words):
    page, image = large
    page.click("label:has([value=rectangle])")
    page.drag("#hole", at(first, 60, (640, 377)), at(last, 200, (640, 377)))
    mask = hole(page)
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    assert f"{words}, so the filling is coarser than the picture" in page.text("#state")
    # the same by Pillow, whose filter for scaling is the same triangle
    seen = np.asarray(Image.fromarray(image[part]).resize(size, Image.Resampling.BILINEAR))
    any_hole = Image.fromarray(mask[part].astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    composite = by_python(folder, "far", seen, np.where(np.asarray(any_hole) > 0, 255, 0).astype(np.uint8))
    enlarged = Image.fromarray(composite).resize(image[part].shape[1::-1], Image.Resampling.BILINEAR)
    assert difference(result[part][mask[part]], np.asarray(enlarged)[mask[part]]) <= 3
    assert problems(page) == []


@pytest.mark.parametrize(
    ("size", "hole", "start", "length", "out"),
    [
        ((2, 3000), {"left": 1, "right": 2, "top": 1200, "bottom": 2100}, [0, 750], [2, 1800], [1, 256]),
        ((3000, 2), {"left": 1200, "right": 2100, "top": 1, "bottom": 2}, [750, 0], [1800, 2], [256, 1]),
    ],
)
def test_a_picture_much_longer_than_wide_keeps_a_pixel_and_its_true_scale(show, size, hole, start, length, out):
    part, scale = show().value(
        f"import('./region.js').then(m => {{ const part = m.region({json.dumps(hole)}, {size[0]}, {size[1]}, 256);"
        "return [part, m.scaleOf(part)]; })"
    )
    assert [part["left"], part["top"]] == start
    assert [part["width"], part["height"]] == length
    assert [part["outWidth"], part["outHeight"]] == out
    assert scale == 256 / 1800


def test_a_graphics_card_that_computes_something_else_is_not_used(show):
    page = show()
    system = json.dumps({"file": "models/near.scenes.onnx"})
    ask = (
        "import('./probe.js').then(m => m.checked('webgpu', {0}, async ({{provider, image}}) => "
        "({{pixels: image.map((v, at) => at === 17 && provider === 'webgpu' ? v ^ {1} : v)}})))"
    )
    assert page.value(ask.format(system, 2)) == {"provider": "webgpu", "remark": ""}
    wrong = page.value(ask.format(system.replace("near", "other"), 64))
    assert wrong["provider"] == "wasm"
    assert "by up to 64 of 255), so it was not used." in wrong["remark"]
    given = page.value(
        "import('./probe.js').then(m => { const {mask, ...size} = m.probe();"
        "return [size.width, size.height, size.image.length, [...mask].filter(v => v).length]; })"
    )
    assert given == [64, 64, 3 * 64 * 64, 26 * 32]


def test_a_result_belongs_to_its_hole(show):
    page = show()
    filled(page)
    assert page.value("getComputedStyle(document.getElementById('hole')).opacity") == "0"
    page.drag("#hole", at(3, 40), at(9, 40))
    assert page.value("document.getElementById('result').hidden && document.getElementById('save').disabled")
    assert page.value("getComputedStyle(document.getElementById('hole')).opacity") == "1"
    page.click("#undo")
    assert not page.value("document.getElementById('result').hidden || document.getElementById('save').disabled")
    result = canvas(page, "result")
    page.click("#keep")
    np.testing.assert_array_equal(canvas(page, "picture"), result)
    assert not hole(page).any()


def test_what_is_painted_while_the_graph_works_is_no_part_of_its_result(large):
    page, image = large
    page.click("label:has([value=rectangle])")
    page.drag("#hole", at(300, 60, (640, 377)), at(509, 200, (640, 377)))
    mask, undisturbed = hole(page), filled(page)
    page.value("(document.getElementById('run').click(), document.getElementById('invert').click())")
    page.wait("!document.getElementById('run').disabled", 60)
    assert page.value("document.getElementById('result').hidden && document.getElementById('notice').hidden")
    np.testing.assert_array_equal(hole(page), ~mask)
    page.click("#undo")
    assert not page.value("document.getElementById('result').hidden")
    result = canvas(page, "result")[..., :3]
    np.testing.assert_array_equal(result[~mask], image[~mask])
    np.testing.assert_array_equal(result, undisturbed)


def test_what_is_saved_is_what_is_seen(show, tmp_path):
    page = show()
    result, mask = filled(page), hole(page)
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for button, name, wanted in (
        ("#save", "rockets_0000_near.png", result),
        ("#save-hole", "rockets_0000_mask.png", np.where(mask, 255, 0)),
    ):
        page.click(button)
        for _ in range(200):
            if (tmp_path / name).exists():
                break
            page.value("new Promise(done => setTimeout(done, 25))")
        saved = np.asarray(Image.open(tmp_path / name).convert("RGB" if wanted.ndim == 3 else "L"))
        np.testing.assert_array_equal(saved, wanted)


def test_a_run_can_be_stopped_and_begun_again(show):
    page = show()
    page.value(  # Stop is pressed as soon as the page says that the graph is at work
        "(() => { const state = document.getElementById('state'), stop = document.getElementById('stop');"
        "window.workers = [];"
        "window.Worker = class extends Worker {"
        "constructor(...given) { super(...given); workers.push('started'); }"
        "terminate() { super.terminate(); workers.push('ended'); } };"
        "new MutationObserver((_, observer) => { if (!state.textContent.includes(' works on ')) return;"
        "observer.disconnect(); workers.push('stopped'); stop.click(); }).observe(state, {childList: true});"
        "document.getElementById('run').click(); })()"
    )
    page.wait("!document.getElementById('run').disabled", 60)
    assert page.value("workers") == ["started", "stopped", "ended"]
    assert page.value("document.getElementById('notice').hidden && document.getElementById('result').hidden")
    filled(page)
    assert page.value("workers") == ["started", "stopped", "ended", "started"]
