"""The gallery in a real browser: what it shows, what moves, what it says to those who do not see it."""

import base64
import json
import shutil
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.files import read_rows
from lacuna.reporting.gallery import packed
from tests.browser import browser, contrast, over, rgba  # noqa: F401 - `browser` is a fixture
from tests.reporting.made_up_gallery import make_gallery, make_run

pytestmark = pytest.mark.slow

SIZE = (44, 60)
HOLE = (230, 0, 126)
DRAWN = "['left', 'right'].every(side => document.getElementById(side + '-picture').dataset.drawn === 'yes')"
ROWS = "[...document.querySelectorAll('.row')].sort((a, b) => a.place - b.place).map(row => row.words[0].textContent)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "made_up"
    make_gallery(folder, make_run(folder, SIZE))
    return folder


@pytest.fixture
def show(browser, folder):  # noqa: F811
    """`show("set=paris_test&…", dark=True)`: the gallery, opened at an address, drawn; closed after the test."""
    pages = []

    def opened(fragment="", page=folder / "gallery/index.html", drawn=True, **view):
        pages.append(browser.open(f"{page.absolute().as_uri()}#{fragment}", **view))
        if drawn:
            pages[-1].wait(DRAWN)
        return pages[-1]

    yield opened
    for page in pages:
        page.__exit__()


def scores(folder, system, source, test_set, reading="composite/image"):
    """Columns coverage and the metrics, one row for each image in the list's order."""
    rows = pd.read_parquet(folder / f"scores/{system}/{source}/{test_set}.parquet")
    chosen = rows[rows["prediction"] + "/" + rows["region"] == reading]
    return chosen.pivot_table(values="value", index=["image", "coverage"], columns="metric").reset_index()


def stems(positions) -> list[str]:
    return [f"{position:04d}" for position in positions]


def address(page, **expected) -> None:
    """Wait until the page's address holds these choices."""
    for key, value in expected.items():
        page.wait(f"new URLSearchParams(location.hash.slice(1)).get('{key}') === {value!r}".replace("None", "null"))


def picture(page) -> np.ndarray:
    """What the stage shows, one sample in the middle of each pixel of the picture, without labels and divider."""
    page.value(
        "document.head.insertAdjacentHTML('beforeend', '<style>.tag, #divider { display: none !important }</style>')"
    )
    shot = page.pixels("#picture")
    y, x = (((np.arange(n) + 0.5) * shot.shape[axis] / n).astype(int) for axis, n in enumerate(SIZE))
    return shot[np.ix_(y, x)]


def expected_picture(folder, view, system, source, test_set, position, other="telea") -> np.ndarray:
    def read(path):
        return np.asarray(Image.open(path).convert("RGB")).astype(int)

    row = read_rows(folder / f"predictions/{system}/{source}/{test_set}/index.csv")[position]
    truth, hole = read(row["image"]), read(row["mask"]) == 255
    raw = read(folder / f"predictions/{system}/{source}/{test_set}/{row['file']}")
    composite = np.where(hole, raw, truth)
    given = read(folder / f"predictions/{other}/untrained/{test_set}/{row['file']}")
    pictures = {
        "input": np.where(hole, np.array(HOLE), truth),
        "composite": composite,
        "raw": raw,
        "truth": truth,
        "mask": np.where(hole, 255, 0),
        "error": np.minimum(255, 4 * abs(composite - truth)),
        "other": np.where(hole, given, truth),
    }
    return pictures[view]


@pytest.mark.parametrize("view", ["input", "composite", "raw", "truth", "mask", "error", "other"])
def test_every_view_is_exact(show, folder, view):
    page = show(f"set=FFHQ_test&system=aotgan&source=celeba&against=telea&image=0005&split=0&right={view}")
    wanted = expected_picture(folder, view, "aotgan", "celeba", "FFHQ_test", 5)
    np.testing.assert_array_equal(picture(page), wanted)
    assert page.problems() == []


def test_the_divider_moves_by_mouse_and_keys(show, folder):
    page = show("set=paris_test&system=telea&image=0004&left=mask&right=truth")
    left, right = (expected_picture(folder, view, "telea", "untrained", "paris_test", 4) for view in ("mask", "truth"))
    page.drag("#stage", (0.5, 0.5), (0.4, 0.5), (0.2, 0.5))
    assert page.value("document.getElementById('split').value") == "20"
    seen = picture(page)
    np.testing.assert_array_equal(seen[:, :12], left[:, :12])
    np.testing.assert_array_equal(seen[:, 12:], right[:, 12:])
    page.click("#stage")
    assert page.value("document.getElementById('split').value") == "50"
    page.value("document.getElementById('split').focus()")
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert page.value("document.getElementById('split').value") == "53"
    assert (
        page.value("document.getElementById('split').getAttribute('aria-valuetext')") == "53 % Mask, 47 % Ground truth"
    )
    assert page.text("#name").startswith("0004"), "the keys of the divider must not change the image"
    page.value("document.activeElement.blur()")
    page.press("[", "[")
    assert page.value("document.getElementById('split').value") == "43"
    page.press("b")
    np.testing.assert_array_equal(
        picture(page), right if page.value("document.getElementById('split').value") == "0" else left
    )
    assert page.value("document.getElementById('split').value") == "100"
    address(page, split="100")


def test_sorting_by_every_metric_and_both_ways(show, folder):
    page = show("set=paris_test&system=aotgan&source=place2")
    own = scores(folder, "aotgan", "place2", "paris_test")
    assert page.value(ROWS) == stems(range(9))
    for key, best_first in (("psnr", -own["psnr"]), ("l1", own["l1"]), ("coverage", own["coverage"])):
        page.choose("#sort", key)
        page.choose("#order", "best")
        assert page.value(ROWS) == stems(np.argsort(best_first, kind="stable")), key
        page.choose("#order", "worst")
        assert page.value(ROWS) == stems(np.argsort(-best_first, kind="stable")), key
        assert page.text("#name").startswith(stems(np.argsort(-best_first))[0])
    page.choose("#sort", "number")
    assert page.value(ROWS) == stems(range(9))[::-1]


def test_scores_of_another_reading_and_against_another_system(show, folder):
    page = show("set=FFHQ_test&system=aotgan&source=celeba&sort=psnr&reading=raw/hole&order=best")
    own = scores(folder, "aotgan", "celeba", "FFHQ_test", "raw/hole")["psnr"]
    assert page.value(ROWS) == stems(np.argsort(-own))
    assert f"mean PSNR {own.mean():.2f} dB (raw, hole only)" in page.text("#summary")
    page.choose("#against", "navier_stokes")
    gain = own - scores(folder, "navier_stokes", "untrained", "FFHQ_test", "raw/hole")["psnr"]
    assert page.value(ROWS) == stems(np.argsort(-gain))
    shown = page.value(
        "[...document.querySelectorAll('.row')].sort((a, b) => a.place - b.place)[0].words[1].textContent"
    )
    assert shown == f"{gain.max():+.2f} dB".replace("-", "−")
    assert f"better on {(gain > 0).sum()} " in page.text("#summary")
    page.choose("#sort", "l1")  # lower is better
    gain = scores(folder, "aotgan", "celeba", "FFHQ_test", "raw/hole")["l1"]
    gain -= scores(folder, "navier_stokes", "untrained", "FFHQ_test", "raw/hole")["l1"]
    assert page.value(ROWS) == stems(np.argsort(gain))


def test_filters(show, folder):
    page = show("set=paris_test&system=telea&image=0000")
    coverage = scores(folder, "telea", "untrained", "paris_test")["coverage"]
    kept = np.flatnonzero((coverage >= 0.2) & (coverage <= 0.45))
    assert 0 < len(kept) < 9
    for key, value in (("from", 20), ("to", 45)):
        page.value(
            f"(e => {{ e.value = {value}; e.dispatchEvent(new Event('input')); }})(document.getElementById('{key}'))"
        )
    assert page.value(ROWS) == stems(kept)
    assert page.text("#summary").startswith(f"{len(kept)} of 9 images")
    assert page.text("#name").startswith(stems(kept)[0])
    page.press("/")
    page.write(stems(kept)[1])
    assert page.value(ROWS) == stems(kept)[1:2]
    page.write("x")
    assert page.value(ROWS) == []
    assert page.value("document.getElementById('nothing').checkVisibility()")
    assert page.value("document.getElementById('list').checkVisibility()") is False
    page.click("#reset")
    assert page.value(ROWS) == stems(range(9))
    assert page.value("document.getElementById('nothing').checkVisibility()") is False
    # the ends push each other and never cross
    page.value("(e => { e.value = 80; e.dispatchEvent(new Event('input')); })(document.getElementById('from'))")
    page.value("(e => { e.value = 30; e.dispatchEvent(new Event('input')); })(document.getElementById('to'))")
    assert page.value("document.getElementById('from').value") == "30"
    assert page.problems() == []


def test_set_source_and_system_are_chosen(show, folder):
    page = show("set=paris_test&system=telea&image=0003&right=raw&split=0")
    assert "whatever the source" in page.text("#note")
    page.choose("#system", "aotgan")
    page.choose("#source", "celeba")
    page.choose("#set", "FFHQ_test")
    page.wait(DRAWN)
    wanted = expected_picture(folder, "raw", "aotgan", "celeba", "FFHQ_test", 3)
    np.testing.assert_array_equal(picture(page), wanted)
    assert page.text("#note") == ""
    own = scores(folder, "aotgan", "celeba", "FFHQ_test")
    assert f"{own['psnr'][3]:.2f}" in page.text("#scores tr:nth-child(1) td")
    values = page.value("[...document.querySelectorAll('#strip .value')].map(each => each.textContent)")
    best = max(range(3), key=lambda i: float(values[i].split()[0]))
    assert [i for i, value in enumerate(values) if value.endswith("best")] == [best]
    page.click("#strip button:nth-child(2)")
    assert page.value("document.getElementById('system').value") == "navier_stokes"


def test_keys(show):
    page = show("set=paris_test&system=telea&image=0000")

    def name():
        return page.text("#name").split()[0]

    for key, expected in (("j", 1), ("ArrowDown", 2), ("ArrowRight", 3), ("k", 2), ("ArrowUp", 1), ("ArrowLeft", 0)):
        page.press(key)
        assert name() == f"{expected:04d}", key
    page.press("k")
    assert name() == "0000", "there is nothing before the first image"
    for key, expected in (("End", 8), ("PageUp", 0), ("PageDown", 8), ("Home", 0)):
        page.press(key)
        assert name() == f"{expected:04d}", key
    page.press("3")
    page.press("4", shift=True)
    address(page, left="truth", right="raw")
    page.press("x")
    address(page, left="raw", right="truth")
    page.press("7")  # there is no compared system
    address(page, left="raw", right="truth")
    page.press("s")
    address(page, system="navier_stokes")
    page.press("S", "S")
    address(page, system="aotgan")
    page.press("t")
    address(page, set="FFHQ_test")
    page.press("o")
    address(page, order="worst")
    assert page.value(ROWS) == stems(range(9))[::-1]
    page.press("?")
    assert page.value("document.getElementById('help').open")
    assert page.value("document.activeElement.textContent") == "Close"
    page.press("j")
    assert name() == "0008", "keys must not reach behind the help"
    page.click("#keys")  # shortcuts off
    page.press("Escape")
    assert page.value("document.getElementById('help').open") is False
    page.press("j")
    assert name() == "0008"
    page.press("ArrowDown")
    assert name() == "0007", "arrow keys are not shortcuts"
    page.value("document.getElementById('keys').click()")
    page.press("j")
    assert name() == "0006", "shortcuts on again"
    page.value("document.getElementById('find').focus()")
    page.press("?", "0")
    assert page.value("document.getElementById('find').value") == "?0"
    assert page.value("document.getElementById('help').open") is False, "what is typed is text"
    page.value("localStorage.clear()")
    assert page.problems() == []


def test_a_deep_link_restores_everything(show, folder):
    first = show("set=FFHQ_test")
    first.choose("#system", "aotgan")
    first.choose("#source", "celeba")
    first.choose("#against", "telea")
    first.choose("#left", "other")
    first.choose("#right", "error")
    first.choose("#reading", "raw/hole")
    first.choose("#sort", "l1")
    first.choose("#order", "worst")
    first.value("(e => { e.value = 10; e.dispatchEvent(new Event('input')); })(document.getElementById('from'))")
    first.drag("#stage", (0.5, 0.5), (0.3, 0.5))
    first.press("j", "j")
    address(first, split="30", image=first.text("#name").split()[0], left="other", sort="l1")
    link = first.value("location.hash.slice(1)")
    assert parse_qs(link)["source"] == ["celeba"]
    second = show(link)
    for expression in (
        ROWS,
        "document.getElementById('name').textContent",
        "document.getElementById('summary').textContent",
        "[...document.querySelectorAll('select, input')].map(each => each.value)",
    ):
        assert second.value(expression) == first.value(expression)
    np.testing.assert_array_equal(picture(second), picture(first))
    second.value("location.hash = '#set=paris_test&image=0007'")
    second.wait("document.getElementById('name').textContent.startsWith('0007')")
    assert second.value("document.getElementById('set').value") == "paris_test"
    assert second.value("document.getElementById('sort').value") == "number", "what a link does not name is the default"


def test_a_link_to_what_is_not_there_says_so(show):
    page = show("set=London&image=0042&system=telea")
    assert page.text("#notice") == (
        "The link names the test set “London” and the image “0042”, which this gallery does not have."
    )
    page.press("j")
    assert page.value("document.getElementById('notice').hidden")


def test_missing_files_are_named_and_no_other_picture_is_shown_instead(show, folder, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    index = copy / "gallery/index.html"
    (copy / "predictions/telea/untrained/paris_test/0002.png").unlink()
    text = (copy / "gallery/data.js").read_text()
    assert "../predictions/telea/" in text
    page = show("set=paris_test&system=telea&image=0001&split=0", page=index)
    page.press("j")
    page.wait("!document.getElementById('notice').hidden")
    assert "predictions/telea/untrained/paris_test/0002.png cannot be shown" in page.text("#notice")
    assert (picture(page) == picture(page)[0, 0]).all()
    page.press("j")
    page.wait(DRAWN)
    np.testing.assert_array_equal(
        picture(page), expected_picture(folder, "composite", "telea", "untrained", "paris_test", 3)
    )
    (copy / "gallery/data.js").unlink()
    page = show(page=index, drawn=False)
    assert page.text("#notice").startswith("data.js is not beside this page")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 390, 1024, 1440])
def test_it_can_be_read_everywhere(show, width, dark):
    page = show(
        "set=paris_test&system=telea&against=aotgan&sort=psnr", width=width, height=800, dark=dark, phone=width < 500
    )
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(rgba(ground)[:3]) < 200) == dark
    for prepare in ("0", "document.getElementById('more').open = true", "document.getElementById('help').showModal()"):
        page.value(prepare)
        assert page.weak_contrasts() == []
        assert page.value("document.documentElement.scrollWidth") <= width
    edges = page.value(
        "[...document.querySelectorAll('select, input[type=search], header button')].map(e => ["
        "getComputedStyle(e).borderTopColor, getComputedStyle(e).backgroundColor])"
    )
    assert len(edges) > 8
    assert [pair for pair in edges if contrast(over(rgba(pair[0]), (0, 0, 0)), rgba(pair[1])[:3]) < 3] == []
    assert page.problems() == []


def test_everything_that_can_be_touched_has_a_name_and_its_turn(show):
    page = show("set=paris_test&system=telea&image=0003")
    told = page.names()
    roles = {"button", "combobox", "slider", "searchbox", "listbox", "option", "image", "link", "region", "group"}
    assert roles - {"region"} <= {role for role, _ in told}
    # options of closed selects are told of as menu items; the list's own are the rows
    assert [(role, name) for role, name in told if role in roles and not name.strip()] == []
    assert ("combobox", "Sort by") in told
    assert any(role == "image" and "Left: Input with the hole. Right: Composite, Telea" in name for role, name in told)
    chosen = page.value(
        "document.getElementById(document.getElementById('list').getAttribute('aria-activedescendant'))"
        ".getAttribute('aria-selected') + document.querySelectorAll('[aria-selected=true]').length"
    )
    assert chosen == "true1"
    turns = []
    for _ in range(40):
        page.press("Tab")
        turns.append(
            page.value(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
        if turns[-1] == "list":
            break
    expected = "A help-button set source system sort order reading against from to find reset previous next left swap "
    expected += "right split BUTTON BUTTON BUTTON scroll list"
    assert turns == expected.split()
    places = [page.box(f"#{name}") for name in ("set", "sort", "left", "list")]
    assert places[0][1] < places[1][1] < places[2][1], "the order of the keys is the order on the page"
    assert places[2][0] < places[3][0]


def test_a_phone_shows_the_picture_first_and_all_filters_on_demand(show):
    page = show("set=paris_test", width=390, height=844, phone=True)
    assert page.value("document.getElementById('more').open") is False
    assert page.value("document.getElementById('sort').checkVisibility()") is False
    page.click("summary")
    assert page.value("document.getElementById('sort').checkVisibility()")
    stage, rows = page.box("#stage"), page.box("#list")
    assert stage[2] > 340
    assert page.value("document.getElementById('stage').offsetTop < document.getElementById('list').offsetTop")
    small = page.value(
        "[...document.querySelectorAll('button, select')].filter(e => e.checkVisibility())"
        ".map(e => e.getBoundingClientRect()).filter(b => b.width < 38 || b.height < 38).length"
    )
    assert (small, rows[2] > 340) == (0, True)


def test_nothing_moves_by_itself_where_motion_is_unwanted(show):
    page = show(still=False)
    moving = "getComputedStyle(document.getElementById('reset')).transitionDuration"
    assert page.value(moving) != "0s"
    page.look(still=True)
    assert page.value(moving) == "0s"


def test_one_system_without_sources_leaves_nothing_to_choose_between(show, folder, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    settings = {"run": "made_up", "title": "One", "demonstration": False, "sources": [], "metrics": ["l1"]}
    settings |= {"systems": [["telea", "Telea"]], "test_sets": [["paris_test", "Paris"]]}
    page = show(page=make_gallery(copy, settings))
    for control, there in (("set", True), ("system", True), ("source", False), ("against", False)):
        assert page.value(f"document.getElementById('{control}').checkVisibility()") is there, control
    assert "best" not in page.text("#strip")
    page.press("s", "t", "j")
    assert page.text("#name").startswith("0001")
    assert page.problems() == []


def many(folder, n: int):
    """The data of a gallery as if every test set had `n` images: the same pictures under other addresses."""
    text = (folder / "gallery/data.js").read_text(encoding="utf-8")
    start, _, value = text.partition(" = ")
    data, random = json.loads(value.rstrip(";\n")), np.random.default_rng(2)
    for test_set in data["testSets"]:
        places = [test_set["images"], test_set["masks"]]
        places += [entry for each in data["entries"][test_set["name"]].values() for entry in each.values()]
        for place in places:
            place["files"] = [f"{i:04d}/../{place['files'][i % 9]}" for i in range(n)]
            for key in place.get("values", {}):
                place["values"][key] = packed(random.uniform(0, 1, n))
        test_set["coverage"] = packed(random.uniform(0, 1, n))
    return f"{start} = {json.dumps(data)};\n", data


@pytest.mark.alone
def test_ten_thousand_images_need_few_rows_and_little_time(show, folder, tmp_path):
    n, copy = 10_000, tmp_path / "run"
    shutil.copytree(folder, copy)
    text, data = many(copy, n)
    (copy / "gallery/data.js").write_text(text, encoding="utf-8")
    values = data["entries"]["paris_test"]["telea"]["untrained"]["values"]["composite/image/psnr"]
    by_psnr = np.argsort(-np.frombuffer(base64.b64decode(values), "<f4"), kind="stable")
    coverage = np.frombuffer(base64.b64decode(data["testSets"][0]["coverage"]), "<f4")
    numbers = f"{ROWS}.map(stem => Number(stem.slice(0, 4)))"
    page = show("set=paris_test&system=telea", page=copy / "gallery/index.html")
    assert page.text("#summary").startswith("10000 of 10000 images")
    page.press("End")
    page.wait(DRAWN)
    assert page.text("#name").startswith("9999")
    assert page.value(numbers)[-1] == 9999
    page.choose("#sort", "psnr")
    assert page.value(numbers)[:9] == by_psnr[:9].tolist()
    page.value("document.getElementById('list').scrollTop = 76 * 4000")
    page.wait(f"{numbers}.includes({by_psnr[4000]})")
    assert page.value("document.querySelectorAll('.row').length") < 30
    spent = page.value(
        "(() => { const e = document.getElementById('from'), began = performance.now();"
        "e.value = 30; e.dispatchEvent(new Event('input')); document.body.offsetHeight;"
        "return performance.now() - began; })()"
    )
    assert page.text("#summary").startswith(f"{(coverage >= 0.3).sum()} of {n} images")
    assert spent < 1000, "milliseconds; less than a tenth of this where nothing else runs"
    assert page.problems() == []
