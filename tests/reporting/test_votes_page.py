"""The page for votes in a real browser: by keyboard and by finger, blinded, remembered, saved, and read back."""

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from lacuna.reporting.votes.ballots import read_votes
from lacuna.reporting.votes.page import make_ballot
from tests.browser import browser  # noqa: F401 - a fixture
from tests.reporting.made_up import KEYS, TITLES
from tests.reporting.made_up_gallery import make_run

SIZE = (44, 60)
WORDS = [*KEYS, *dict(TITLES["systems"]).values(), *TITLES["sources"], *TITLES["sources"].values(), "untrained"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with a page of twelve questions."""
    folder = tmp_path_factory.mktemp("results") / "made_up"
    make_run(folder, SIZE)
    indices = sorted(folder.glob("predictions/*/*/*/index.csv"))
    assert make_ballot({"seed": 5, "questions": 12}, indices, folder / "votes", folder / "votes_key.csv") == 12
    return folder


def questions_of(run: Path) -> list[dict]:
    text = (run / "votes/data.js").read_text()
    return json.loads(re.fullmatch(r"window\.lacunaVotes = (.*);\n", text)[1])["questions"]


def test_pictures_are_the_composites_that_the_key_names(run):
    def read(path):
        return np.asarray(Image.open(path))

    for shown, row in zip(questions_of(run), read_rows(run / "votes_key.csv"), strict=True):
        assert shown["id"] == row["question"]
        hole, image = read(row["mask"]) == 255, read(row["image"])
        assert image.shape[:2] == SIZE
        for side in "ab":
            folder = run / f"predictions/{row[f'system_{side}']}/{row[f'source_{side}']}/{row['test_set']}"
            file = next(each["file"] for each in read_rows(folder / "index.csv") if each["image"] == row["image"])
            wanted = np.where(hole[..., None], read(folder / file), image)
            np.testing.assert_array_equal(read(run / "votes" / shown[side]), wanted)
        np.testing.assert_array_equal(
            read(run / "votes" / shown["input"]), np.where(hole[..., None], (230, 0, 126), image)
        )


def test_no_file_and_no_text_of_the_folder_names_a_system(run):
    names = [str(path.relative_to(run)) for path in (run / "votes").rglob("*")]
    assert sum(name.endswith(".png") for name in names) > 24
    texts = [(run / "votes" / name).read_text() for name in ("index.html", "data.js")]
    for word in WORDS:
        for text in [*names, *texts]:
            assert word.lower() not in text.lower(), (word, text[:80])
    chunks = b"".join(path.read_bytes() for path in (run / "votes/pictures").iterdir())
    assert b"tEXt" not in chunks and b"aotgan" not in chunks


def test_another_picture_makes_another_ballot_and_a_copy_the_same(run, tmp_path):
    indices = sorted(run.glob("predictions/*/*/*/index.csv"))
    key = tmp_path / "key.csv"
    make_ballot({"seed": 5, "questions": 12}, indices, tmp_path / "votes", key)
    ballot = read_rows(run / "votes_key.csv")[0]["ballot"]
    assert read_rows(key)[0]["ballot"] == ballot
    row = read_rows(key)[0]
    picture = run / f"predictions/{row['system_a']}/{row['source_a']}/{row['test_set']}/{Path(row['image']).name}"
    kept = picture.read_bytes()
    try:
        Image.fromarray(255 - np.asarray(Image.open(picture))).save(picture)
        make_ballot({"seed": 5, "questions": 12}, indices, tmp_path / "votes", key)
    finally:
        picture.write_bytes(kept)
    assert read_rows(key)[0]["ballot"] != ballot


def test_only_a_page_for_votes_is_replaced(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/photo.png").touch()
    indices = sorted(run.glob("predictions/*/*/*/index.csv"))
    with pytest.raises(LacunaError, match="mine would be replaced, but it is not a page for votes"):
        make_ballot({"seed": 5, "questions": 3}, indices, tmp_path / "mine", tmp_path / "key.csv")
    assert (tmp_path / "mine/photo.png").exists() and not (tmp_path / "key.csv").exists()


READY = "!document.getElementById('question').hidden && document.getElementById('fills').style.visibility === ''"


def at(page, number: int) -> None:
    """Wait until a question is shown."""
    page.wait(f"document.getElementById('progress').textContent === '{number} of 12' && {READY}")


def left(page) -> str:
    """The picture on the left."""
    return page.value("document.querySelector('#left img').getAttribute('src')")


@pytest.mark.slow
def test_votes_cast_by_keys_are_saved_and_read(run, browser, tmp_path):  # noqa: F811
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    questions, expected = questions_of(run), []
    with browser.open(run / "votes/index.html") as page:
        assert page.value("document.getElementById('save').disabled")
        for number, key in enumerate(["ArrowLeft", "ArrowRight", "ArrowDown", "1", "3", "2"], 1):
            at(page, number)
            a_left = left(page) == questions[number - 1]["a"]
            choice = {"ArrowLeft": 1, "1": 1, "ArrowRight": -1, "3": -1}.get(key, 0)
            expected.append(choice if a_left else -choice)
            page.press(key)
        at(page, 7)
        page.press("Backspace")
        at(page, 6)
        page.press("s")
        (file,) = _saved(tmp_path)
        found = read_votes([file], run / "votes_key.csv")
        assert found["choice"].tolist() == expected[:5] and found["voter"].nunique() == 1
        assert found["chose_left"].tolist()[:2] == [1, 0]
        page.go(run / "votes/index.html")  # where it was
        at(page, 6)
        assert page.problems() == [] and page.weak_contrasts() == []
        text = page.text("body")
    record = read_json(file)
    assert file.name == f"votes-{record['ballot']}-{record['voter']}.json"
    assert not [word for word in WORDS if word.lower() in text.lower()]


def _saved(folder: Path) -> list[Path]:
    end = time.monotonic() + 10
    while not (found := sorted(folder.glob("votes-*.json"))):
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_all_fits_a_phone_and_a_finger_votes(run, browser):  # noqa: F811
    with browser.open(run / "votes/index.html", width=360, height=640, phone=True) as page:
        page.value("localStorage.clear()")
        page.go(run / "votes/index.html")
        at(page, 1)
        assert page.value("document.documentElement.scrollWidth <= innerWidth")
        for name in ("left", "right", "tie"):
            _, top, width, height = page.box(f"#{name}")
            assert width >= 44 and height >= 44 and top >= 0 and top + height <= 640, name
        for number, name in enumerate(["left", "tie", "right"], 1):
            at(page, number)
            page.click(f"#{name}")
        at(page, 4)
        for number in range(4, 13):
            at(page, number)
            page.click("#right")
        page.wait("document.getElementById('progress').textContent === '12 of 12 done'")
        assert "all the questions" in page.text("#done") and page.value("document.getElementById('question').hidden")
        page.click("#back")
        at(page, 12)
        assert page.problems() == []


@pytest.mark.slow
def test_sides_are_drawn_anew_and_a_missing_picture_is_named(run, browser, tmp_path):  # noqa: F811
    copy = tmp_path / "votes"
    shutil.copytree(run / "votes", copy)
    with browser.open(copy / "index.html") as page:
        page.value("localStorage.clear()")
        sides = set()
        for _ in range(20):
            page.go(copy / "index.html")
            at(page, 1)
            sides.add(left(page))
        assert len(sides) == 2
        (copy / questions_of(run)[2]["a"]).unlink()  # the second question's are loaded already
        page.press("ArrowLeft")
        at(page, 2)
        page.press("ArrowLeft")
        page.wait("!document.getElementById('notice').hidden")
        assert questions_of(run)[2]["a"] in page.text("#notice")
        page.press("ArrowLeft")  # nothing is voted on that is not seen
        assert page.value("document.getElementById('progress').textContent") == "3 of 12"
    (copy / "data.js").unlink()
    with browser.open(copy / "index.html") as page:
        assert "data.js is not beside this page" in page.text("#notice")


def test_equal_fills_have_no_question_and_the_page_says_so(run, tmp_path, browser):  # noqa: F811  # noqa: F811
    indices = sorted(run.glob("predictions/*/*/*/index.csv"))
    key = tmp_path / "key.csv"
    assert make_ballot({"seed": 5, "questions": 3}, indices[:2], tmp_path / "votes", key) == 0
    assert read_rows(key) == [] and not list((tmp_path / "votes/pictures").iterdir())
    with browser.open(tmp_path / "votes/index.html") as page:
        assert "nothing to vote on" in page.text("#notice")
        assert page.value("document.getElementById('question').hidden && document.getElementById('save').disabled")
