"""The studio in a real browser: what is painted, what is filled, what is said to those who do not see it."""

import base64
import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from lacuna.studio import web_runtime
from lacuna.studio.assembling import assemble
from tests.browser import browser  # noqa: F401 - `browser` is a fixture
from tests.studio.conftest import serving
from tests.studio.made_up import FIXED, TEST_SIZE, asymmetric_mask, make_run, make_studio, photograph

READY = "document.body.dataset.ready"
FILLED = "!document.getElementById('result').hidden || !document.getElementById('notice').hidden"
NO_CARD = "No available adapters."  # Chromium's own note that this machine has no graphics card


@pytest.fixture(scope="module")
def folder(tmp_path_factory, runtime):
    folder = tmp_path_factory.mktemp("results") / "made_up"
    make_studio(folder, runtime)
    return folder


@pytest.fixture(scope="module")
def address(folder, served):
    with served(folder) as address:
        yield f"{address}studio/"


@pytest.fixture
def show(browser, address):  # noqa: F811
    """`show(dark=True)`: the studio with its first test image; closed after the test."""
    pages = []

    def opened(url=None, **view):
        pages.append(browser.open(url or address, **view))
        pages[-1].wait(READY)
        return pages[-1]

    yield opened
    for page in pages:
        page.__exit__()


def canvas(page, name: str) -> np.ndarray:
    """The pixels of a canvas, uint8 height×width×4."""
    width, height, text = page.value(
        "(c => { const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', {willReadFrequently: true});"
        "copy.drawImage(c, 0, 0); const d = copy.getImageData(0, 0, c.width, c.height).data; let s = '';"
        "for (let i = 0; i < d.length; i += 32768) s += String.fromCharCode(...d.subarray(i, i + 32768));"
        f"return [c.width, c.height, btoa(s)]; }})(document.getElementById('{name}'))"
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def hole(page) -> np.ndarray:
    """The hole as it is drawn: bool height×width."""
    return canvas(page, "hole")[..., 3] > 0


def brushed(width, height, diameter, *places) -> np.ndarray:
    """A round brush between pixels (x, y), straight from the definition: no farther than its radius from the line."""
    y, x = np.mgrid[:height, :width].astype(float)
    found = np.zeros((height, width), bool)
    for (ax, ay), (bx, by) in zip(places[:-1] or places, places[1:] or places, strict=True):
        dx, dy = bx - ax, by - ay
        share = np.clip(((x - ax) * dx + (y - ay) * dy) / ((dx * dx + dy * dy) or 1), 0, 1)
        found |= (x - ax - share * dx) ** 2 + (y - ay - share * dy) ** 2 <= diameter**2 / 4
    return found


def at(x, y, size=TEST_SIZE) -> tuple[float, float]:
    """The middle of a pixel as shares of the board."""
    return (x + 0.5) / size[0], (y + 0.5) / size[1]


def set_value(page, name: str, value) -> None:
    page.value(
        f"(e => {{ e.value = {json.dumps(str(value))}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
        f"(document.getElementById('{name}'))"
    )


def open_file(page, path) -> None:
    """Choose a file as with the file dialogue."""
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=document, selector="#file")["nodeId"]
    page.value("delete document.body.dataset.ready")
    page.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


def filled(page) -> np.ndarray:
    """Fill the hole; the result's pixels."""
    page.click("#run")
    page.wait(FILLED, 60)
    assert page.value("document.getElementById('notice').hidden"), page.text("#notice")
    result = canvas(page, "result")
    assert (result[..., 3] == 255).all()
    return result[..., :3]


def by_python(folder, label, image, mask) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        folder / f"export/{label}/scenes/end_to_end.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run(["composite"], {"image": image, "mask": mask})[0]


def difference(first, second) -> int:
    return int(abs(first.astype(int) - second.astype(int)).max())


def problems(page) -> list[str]:
    return [each for each in page.problems() if NO_CARD not in each]


# ---------------------------------------------------------------- painting


def test_a_test_image_comes_with_its_hole(show, folder):
    page = show()
    np.testing.assert_array_equal(canvas(page, "picture")[..., :3], photograph(*TEST_SIZE, 0))
    np.testing.assert_array_equal(hole(page), asymmetric_mask(*TEST_SIZE, 0) == 255)
    page.click("#tests button:nth-child(2)")
    page.wait("document.querySelector('#tests button:nth-child(2)').ariaPressed === 'true'")
    np.testing.assert_array_equal(canvas(page, "picture")[..., :3], photograph(*TEST_SIZE, 1))
    np.testing.assert_array_equal(hole(page), asymmetric_mask(*TEST_SIZE, 1) == 255)
    assert "60 × 44 pixels, 6.8 % hole" in page.text("#state")
    assert problems(page) == []


def test_brush_and_eraser_paint_what_they_touch(show):
    page = show()
    page.click("#clear")
    assert not hole(page).any()
    set_value(page, "size", 7)
    places = [(20, 9), (41, 30), (12, 25)]
    page.drag("#hole", *(at(*place) for place in places))
    wanted = brushed(*TEST_SIZE, 7, *places)
    np.testing.assert_array_equal(hole(page), wanted)
    page.click("label:has(#erase)")
    set_value(page, "size", 4)
    page.drag("#hole", at(30, 2), at(30, 43))
    wanted &= ~brushed(*TEST_SIZE, 4, (30, 2), (30, 43))
    np.testing.assert_array_equal(hole(page), wanted)
    set_value(page, "size", 1)
    page.click("label:has(#erase)")
    page.drag("#hole", at(0, 43))
    wanted[43, 0] = True
    np.testing.assert_array_equal(hole(page), wanted)


def test_undo_redo_rectangle_clear_invert(show):
    page = show()
    states = [hole(page)]
    page.click("label:has([value=rectangle])")
    page.drag("#hole", at(50, 40), at(20, 20), at(33, 11))
    wanted = states[0].copy()
    wanted[11:41, 33:51] = True
    np.testing.assert_array_equal(hole(page), wanted)
    states.append(wanted)
    page.click("#invert")
    states.append(~wanted)
    page.click("#clear")
    states.append(np.zeros_like(wanted))
    page.click("#clear")  # changes nothing, and so is no step
    for state in reversed(states[:-1]):
        page.click("#undo")
        np.testing.assert_array_equal(hole(page), state)
    assert page.value("document.getElementById('undo').disabled")
    for state in states[1:]:
        page.press("z", control=True, shift=True)
        np.testing.assert_array_equal(hole(page), state)
    assert page.value("document.getElementById('redo').disabled")
    page.press("z", control=True)
    page.drag("#hole", at(35, 12), at(37, 13))
    assert page.value("document.getElementById('redo').disabled"), "a new step forgets what was undone"
    page.press("z", control=True)
    page.press("y", control=True)
    assert hole(page)[12:14, 35:38].all()


def test_everything_by_keys(show):
    page = show()
    page.click("#clear")
    page.value("document.getElementById('hole').focus()")
    set_value(page, "size", 6)
    x, y = TEST_SIZE[0] // 2, TEST_SIZE[1] // 2
    page.press("ArrowLeft", "ArrowUp")
    page.press("ArrowRight", shift=True)
    page.press(" ")
    wanted = brushed(*TEST_SIZE, 6, (x - 3 + 1, y - 3))
    np.testing.assert_array_equal(hole(page), wanted)
    page.press("]")
    assert page.value("document.getElementById('size').value") == "8"
    page.press("[", "[", "r", " ")
    page.press("ArrowDown", "ArrowRight", shift=True)
    page.press("Escape")
    np.testing.assert_array_equal(hole(page), wanted)
    page.press(" ")
    page.press(*["ArrowDown"] * 4, *["ArrowRight"] * 11, shift=True)
    page.press(" ")
    wanted[y - 3 + 1 : y - 3 + 6, x - 1 : x + 11] = True
    np.testing.assert_array_equal(hole(page), wanted)
    page.press("i")
    np.testing.assert_array_equal(hole(page), ~wanted)
    page.press("z", control=True)
    page.press("Enter")
    page.wait(FILLED, 60)
    assert "took" in page.text("#state")
    page.value("document.getElementById('split').focus()")
    page.press("Home")
    assert page.value("getComputedStyle(document.getElementById('result')).clipPath") == "inset(0px 0px 0px 0%)"
    page.press("i")
    np.testing.assert_array_equal(hole(page), wanted)
    assert problems(page) == []


def test_a_finger_paints_and_two_do_not(show):
    page = show(width=390, height=780, phone=True)
    page.value("document.getElementById('clear').click()")
    set_value(page, "size", 5)
    left, top, width, height = page.box("#hole")

    def touch(kind, *pixels):
        points = [
            {"x": left + x * width, "y": top + y * height, "id": number}
            for number, (x, y) in enumerate(at(*pixel) for pixel in pixels)
        ]
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    touch("touchStart", (10, 10))
    touch("touchMove", (40, 31))
    touch("touchEnd")
    wanted = brushed(*TEST_SIZE, 5, (10, 10), (40, 31))
    np.testing.assert_array_equal(hole(page), wanted)
    touch("touchStart", (10, 40))
    page.value("document.getElementById('hole').dispatchEvent(new PointerEvent('pointercancel'))")
    touch("touchEnd")
    np.testing.assert_array_equal(hole(page), wanted)


# ---------------------------------------------------------------- filling


def test_the_whole_picture_is_filled_as_by_python(show, folder):
    page = show()
    page.drag("#hole", at(5, 40), at(50, 35))
    mask = hole(page)
    image = photograph(*TEST_SIZE, 0)
    expected = by_python(folder, "free", image, np.where(mask, 255, 0).astype(np.uint8))
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    assert difference(result, expected) <= 2
    assert difference(result[mask], image[mask]) > 50
    assert "the whole picture, pixel for pixel" in page.text("#state")
    assert problems(page) == []


@pytest.mark.parametrize("label", ["free", "fixed"])
def test_of_a_large_picture_the_surroundings_of_the_hole_are_filled(show, folder, tmp_path, label):
    image = photograph(640, 377)
    Image.fromarray(image).save(tmp_path / "large.png")
    page = show()
    open_file(page, tmp_path / "large.png")
    page.wait("document.getElementById('picture').width === 640")
    page.choose("#system", f"{label}/scenes")
    page.choose("#working", "256")
    set_value(page, "size", 11)
    page.drag("#hole", at(601, 300, (640, 377)), at(615, 312, (640, 377)))
    mask = hole(page)
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    height, width = (256, 256) if label == "free" else FIXED
    assert f"{width} × {height} pixels around the hole, pixel for pixel" in page.text("#state")
    rows, columns = np.nonzero(mask)
    top = min(round((rows.min() + rows.max() + 1 - height) / 2), 377 - height)
    left = min(round((columns.min() + columns.max() + 1 - width) / 2), 640 - width)
    part = np.s_[top : top + height, left : left + width]
    expected = by_python(folder, label, image[part], np.where(mask, 255, 0).astype(np.uint8)[part])
    assert difference(result[part], expected) <= 2
    assert problems(page) == []


@pytest.mark.parametrize("label", ["free", "fixed"])
def test_what_is_too_large_is_scaled_and_says_so(show, folder, tmp_path, label):
    image = photograph(640, 377)
    Image.fromarray(image).save(tmp_path / "large.png")
    page = show()
    open_file(page, tmp_path / "large.png")
    page.wait("document.getElementById('picture').width === 640")
    page.choose("#system", f"{label}/scenes")
    page.choose("#working", "256")
    page.click("label:has([value=rectangle])")
    page.drag("#hole", at(50, 60, (640, 377)), at(500, 200, (640, 377)))
    mask = hole(page)
    result = filled(page)
    np.testing.assert_array_equal(result[~mask], image[~mask])
    assert "the filling is coarser than the picture" in page.text("#state")
    # the same by Pillow, whose filter for scaling is the same triangle
    if label == "free":
        part, size = np.s_[:, :], (256, 151)
    else:
        # 1.25 times the hole's width would be 563 by 422, more than the picture is high, so its edge rows go on
        bounds, facts = {"left": 50, "top": 60, "right": 501, "bottom": 201}, {"fixed": FIXED, "minimum": 1}
        found = page.value(
            f"import('./region.js').then(m => m.region({json.dumps(bounds)}, 640, 377, {json.dumps(facts)}, 256))"
        )
        assert (found["width"], found["height"]) == (564, 423)
        assert (found["left"], found["top"]) == (0, -23)
        pad = ((23, 23), (0, 0))
        image, mask = np.pad(image, (*pad, (0, 0)), "edge"), np.pad(mask, pad)
        result = np.pad(result, (*pad, (0, 0)), "edge")
        part, size = np.s_[:, :564], (64, 48)
    seen = np.asarray(Image.fromarray(image[part]).resize(size, Image.Resampling.BILINEAR))
    any_hole = Image.fromarray(mask[part].astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    composite = by_python(folder, label, seen, np.where(np.asarray(any_hole) > 0, 255, 0).astype(np.uint8))
    large = Image.fromarray(composite).resize(image[part].shape[1::-1], Image.Resampling.BILINEAR)
    assert difference(result[part][mask[part]], np.asarray(large)[mask[part]]) <= 3
    assert problems(page) == []


def test_a_graphics_card_that_computes_something_else_is_not_used(show):
    page = show()
    system = json.dumps({"file": "models/free.scenes.onnx", "size": {"fixed": [6, 9]}})
    ask = (
        "import('./probe.js').then(m => m.checked('webgpu', {0}, async ({{provider, image}}) => "
        "({{pixels: image.map((v, at) => at === 17 && provider === 'webgpu' ? v ^ {1} : v)}})))"
    )
    assert page.value(ask.format(system, 2)) == {"provider": "webgpu", "remark": ""}
    wrong = page.value(ask.format(system.replace("free", "other"), 64))
    assert wrong["provider"] == "wasm"
    assert "by up to 64 of 255), so it was not used." in wrong["remark"]
    given = page.value(
        "import('./probe.js').then(m => { const {mask, ...size} = m.probe([6, 9]);"
        "return [size.width, size.height, size.image.length, [...mask].filter(v => v).length]; })"
    )
    assert given == [9, 6, 162, 4 * 3]


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


def test_what_is_saved_is_what_is_seen(show, tmp_path):
    page = show()
    result, mask = filled(page), hole(page)
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for button, name, wanted in (
        ("#save", "rockets_0000_free.png", result),
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
    page.value("(document.getElementById('run').click(), document.getElementById('stop').click())")
    page.wait("!document.getElementById('run').disabled")
    assert page.value("document.getElementById('notice').hidden && document.getElementById('result').hidden")
    filled(page)


# ---------------------------------------------------------------- pictures, and what is refused


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
    clear = np.zeros((9, 13, 4), np.uint8)
    clear[:4] = (10, 200, 30, 255)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    open_file(page, tmp_path / "clear.png")
    page.wait("document.getElementById('picture').width === 13")
    assert page.text("#state") == "Transparent parts of the picture were laid on white."
    seen = canvas(page, "picture")
    assert (seen[:4] == (10, 200, 30, 255)).all()
    assert (seen[4:] == 255).all()


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


def test_a_graph_that_cannot_run_is_one_sentence(browser, served, tmp_path, runtime):  # noqa: F811
    make_studio(tmp_path / "run", runtime)
    (tmp_path / "run/studio/models/free.scenes.onnx").unlink()
    (tmp_path / "run/studio/models/free.scenes.onnx").write_bytes(b"no graph")
    with served(tmp_path / "run") as address, browser.open(f"{address}studio/") as page:
        page.wait(READY)
        page.click("#run")
        page.wait(FILLED, 60)
        assert page.text("#notice").startswith("Local mean, trained on Scenes could not be run here (")
        assert page.value("document.getElementById('result').hidden && !document.getElementById('run').disabled")


def test_without_the_runtime_the_page_says_so(browser, served, tmp_path):  # noqa: F811
    web_runtime.do_without(tmp_path / "none", "npm was not there")
    assemble(make_run(tmp_path / "run"), tmp_path / "run", tmp_path / "none", tmp_path / "run/studio")
    with served(tmp_path / "run") as address, browser.open(f"{address}studio/") as page:
        page.wait(READY)
        assert page.text("#notice") == "Nothing can be filled here: when this page was made, npm was not there."
        assert page.value("document.getElementById('run').disabled")


# ---------------------------------------------------------------- where it may be put, and whom it asks


def test_from_disk_it_says_why_it_must_be_served(browser, folder):  # noqa: F811
    with browser.open(folder / "studio/index.html") as page:
        assert "lacuna studio" in page.text("#unserved")
        assert page.value("document.getElementById('main').hidden")


def test_as_static_files_it_computes_on_one_thread(show, folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))) as address:
        page = show(f"{address}studio/")
        assert not page.value("crossOriginIsolated")
        filled(page)
        assert "WebAssembly, 1 thread)" in page.text("#state")
        assert problems(page) == []


def test_nobody_else_is_asked(browser, address):  # noqa: F811
    """Every request of the page, of its worker and of the worker's threads, until the hole is filled."""
    asked, watched = [], []
    with browser.open(address) as page:

        def watch(session):
            watched.append(session)
            browser.call("Network.enable", session)
            browser.call("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
            browser.call("Runtime.runIfWaitingForDebugger", session)

        def look():
            for session in watched:
                for event in browser.take_events(session):
                    if event["method"] == "Network.requestWillBeSent":
                        asked.append(event["params"]["request"]["url"])
                    elif event["method"] == "Target.attachedToTarget":
                        watch(event["params"]["sessionId"])

        page.wait(READY)
        watch(page.session)
        page.value("document.getElementById('run').click()")
        for _ in range(500):
            look()
            if page.value(FILLED):
                break
            page.value("new Promise(done => setTimeout(done, 50))")
        look()
        assert page.value("document.getElementById('notice').hidden")
        refused = page.value(
            "new Promise(done => { addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));"
            "fetch('http://elsewhere.example/').catch(() => 0); })"
        )
        assert refused == "connect-src"
    assert len(watched) >= 2, "the worker was watched, too"
    assert {f"{address}{name}" for name in ("main.js", "models.json", "runtime/ort-wasm-simd-threaded.wasm")} <= set(
        asked
    )
    assert {url for url in asked if not url.startswith((address, "data:", "blob:", "about:"))} == set()


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(show, dark):
    page = show(dark=dark)
    filled(page)
    page.value("document.getElementById('help').open = true")
    page.value("(n => { n.textContent = 'Something is wrong.'; n.hidden = false; })(document.getElementById('notice'))")
    assert page.weak_contrasts() == []


def test_everything_has_a_name_and_shows_its_focus(show):
    page = show()
    filled(page)
    names = page.names()
    acting = {"button", "checkbox", "radio", "slider", "combobox", "link", "application", "radiogroup", "group", "form"}
    assert [role for role, name in names if role in acting and not name and role != "group"] == []
    for role, name in [
        ("application", "Painting surface"),
        ("radio", "Brush"),
        ("checkbox", "Erase"),
        ("slider", "Compare: picture on the left, result on the right"),
        ("combobox", "System"),
        ("button", "Fill the hole"),
        ("button", "Rockets & such, 2"),
    ]:
        assert (role, name) in names
    reached = []
    for _ in range(40):
        page.press("Tab")
        found = page.value(
            "(e => e === document.body ? null : [e.id || e.value || e.textContent, getComputedStyle("
            "e.closest('.choice') ? e.nextElementSibling : e).outlineWidth])(document.activeElement)"
        )
        if found:
            reached.append(found[0])
            assert found[1] == "3px", found
    assert {"hole", "split", "open", "brush", "erase", "size", "clear", "system", "run", "save"} <= set(reached)


def test_on_a_phone_nothing_is_wider_than_the_window(show):
    page = show(width=320, height=640, phone=True)
    filled(page)
    assert page.value("document.documentElement.scrollWidth") <= 320
    page.value("document.getElementById('help').open = true")
    page.value(
        "(n => { n.textContent = 'a/long/path/'.repeat(40); n.hidden = false; })(document.getElementById('notice'))"
    )
    assert page.value("document.documentElement.scrollWidth") <= 320
    left, _, width, _ = page.box("#board")
    assert left >= 0
    assert left + width <= 320
    small = page.value(
        "[...document.querySelectorAll('button, select')].filter(e => e.checkVisibility())"
        ".map(e => [e.id || e.title, e.getBoundingClientRect().height]).filter(([, height]) => height < 40)"
    )
    assert small == []
