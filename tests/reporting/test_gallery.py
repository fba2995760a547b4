"""The gallery's data: every number and every path, and what is refused."""

import base64
import json
import re
import shutil
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.files import read_rows, write_rows
from lacuna.reporting import gallery
from lacuna.reporting.gallery import addresses, gallery_data, gallery_page
from tests.reporting.made_up import KEYS, TITLES
from tests.reporting.made_up_gallery import make_gallery, make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "made_up"
    return folder, make_run(folder)


@pytest.fixture
def copy(made, tmp_path):
    """A run of one's own to break. Its lists and indices still name the pictures of the first."""
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    return folder, made[1]


def read(text: str) -> dict:
    """The value that data.js assigns."""
    found = re.fullmatch(r"window\.lacunaGallery = (.*);\n", text, re.DOTALL)
    return json.loads(found[1])


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def rewrite_scores(path, change) -> None:
    change(pd.read_parquet(path)).to_parquet(path)


def test_every_score_stands_at_its_image(made):
    folder, settings = made
    data = read(gallery_data(settings, folder, folder / "gallery"))
    assert [each["name"] for each in data["testSets"]] == list(TITLES["test_sets"])
    checked = 0
    for test_set in data["testSets"]:
        images = [unquote(test_set["images"]["folder"] + file) for file in test_set["images"]["files"]]
        assert len(images) == 9
        for system, sources in KEYS.items():
            assert list(data["entries"][test_set["name"]][system]) == list(sources)
            for source in sources:
                entry = data["entries"][test_set["name"]][system][source]
                rows = pd.read_parquet(folder / f"scores/{system}/{source}/{test_set['name']}.parquet")
                for row in rows.itertuples():
                    position = next(i for i, image in enumerate(images) if row.image.endswith(image.lstrip("./")))
                    values = unpacked(entry["values"][f"{row.prediction}/{row.region}/{row.metric}"])
                    assert values[position] == np.float32(row.value)
                    assert unpacked(test_set["coverage"])[position] == np.float32(row.coverage)
                    checked += 1
    assert checked == 2 * 4 * 9 * len(rows.groupby(["prediction", "region", "metric"]))


def test_every_path_leads_from_the_page_to_its_picture(made):
    folder, settings = made
    data = read(gallery_data(settings, folder, folder / "gallery"))
    for test_set in data["testSets"]:
        pairs = [line.split("\t") for line in (folder / f"lists/{test_set['name']}.txt").read_text().splitlines()]
        for number, kind in enumerate(("images", "masks")):
            for file, pair in zip(test_set[kind]["files"], pairs, strict=True):
                url = test_set[kind]["folder"] + file
                assert not url.startswith("/")
                assert (folder / "gallery" / unquote(url)).resolve().samefile(pair[number])
        for system, sources in data["entries"][test_set["name"]].items():
            for source, entry in sources.items():
                first = (folder / "gallery" / (entry["folder"] + entry["files"][0])).resolve()
                assert first.samefile(folder / f"predictions/{system}/{source}/{test_set['name']}/0000.png")


def test_addresses_are_quoted_and_may_have_nothing_in_common(tmp_path):
    paths = [tmp_path / "set #1" / "a?.png", tmp_path / "other" / "50%.png"]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    found = addresses([str(path) for path in paths], tmp_path / "gallery")
    assert found == {"folder": "../", "files": ["set%20%231/a%3F.png", "other/50%25.png"]}
    alone = addresses([str(paths[0])], tmp_path)
    assert alone == {"folder": "set%20%231/", "files": ["a%3F.png"]}


def test_facts_come_from_the_metrics_and_what_is_shared_is_marked(made):
    folder, settings = made
    data = read(gallery_data(settings, folder, folder / "gallery"))
    assert data["metrics"][1]["name"] == "l1"
    assert data["metrics"][1]["direction"] == "lower"
    assert data["metrics"][0]["label"] == "PSNR (dB) ↑"
    assert [(each["title"], each["shared"]) for each in data["systems"]] == [
        ("Telea †", True),
        ("Navier-Stokes †", True),
        ("AOT-GAN (narrow)", False),
    ]
    assert data["readings"][0] == {"name": "composite/image", "title": "composite, whole image"}


def test_the_order_of_the_rows_does_not_matter_and_a_missing_value_stays_missing(copy):
    folder, settings = copy
    before = read(gallery_data(settings, folder, folder / "gallery"))["entries"]["paris_test"]["telea"]["untrained"]
    path = folder / "scores/telea/untrained/paris_test.parquet"
    rewrite_scores(path, lambda rows: rows.sample(frac=1, random_state=3))
    after = read(gallery_data(settings, folder, folder / "gallery"))["entries"]["paris_test"]["telea"]["untrained"]
    assert after == before
    lost = read_rows(folder / "predictions/telea/untrained/paris_test/index.csv")[4]["image"]
    rewrite_scores(path, lambda rows: rows[(rows["image"] != lost) | (rows["region"] != "hole")])
    entry = read(gallery_data(settings, folder, folder / "gallery"))["entries"]["paris_test"]["telea"]["untrained"]
    assert np.flatnonzero(np.isnan(unpacked(entry["values"]["raw/hole/psnr"]))).tolist() == [4]
    assert entry["values"]["raw/image/psnr"] == before["values"]["raw/image/psnr"]


def test_a_metric_that_is_not_asked_for_is_left_out(made):
    folder, settings = made
    data = read(gallery_data(settings | {"metrics": ["l1"]}, folder, folder / "gallery"))
    values = data["entries"]["paris_test"]["telea"]["untrained"]["values"]
    assert {key.rpartition("/")[2] for key in values} == {"l1"}


def test_systems_must_have_had_the_same_masks(copy):
    folder, settings = copy
    path = folder / "predictions/aotgan/celeba/paris_test/index.csv"
    rows = read_rows(path)
    rows[0]["mask"], rows[1]["mask"] = rows[1]["mask"], rows[0]["mask"]
    write_rows(path, rows, list(rows[0]))
    with pytest.raises(LacunaError, match=r"aotgan/celeba.* list other images or masks; run the rule 'predict' again"):
        gallery_data(settings, folder, folder / "gallery")


def test_an_image_listed_twice_is_refused(copy):
    folder, settings = copy
    path = folder / "predictions/telea/untrained/paris_test/index.csv"
    rows = read_rows(path)
    write_rows(path, [*rows, rows[0]], list(rows[0]))
    with pytest.raises(LacunaError, match="lists no image, or one twice"):
        gallery_data(settings, folder, folder / "gallery")


def test_scores_must_be_of_the_same_images_and_of_all_metrics(copy):
    folder, settings = copy
    path = folder / "scores/aotgan/place2/FFHQ_test.parquet"
    with pytest.raises(LacunaError, match="holds no values of 'ssim'"):
        gallery_data(settings | {"metrics": ["psnr", "ssim"]}, folder, folder / "gallery")
    whole = pd.read_parquet(path)
    rewrite_scores(path, lambda rows: rows[rows["image"] != rows["image"].iloc[0]])
    with pytest.raises(LacunaError, match=r"place2/FFHQ_test.parquet holds other images than the predictions"):
        gallery_data(settings, folder, folder / "gallery")
    whole.assign(image=whole["image"].str.replace("FFHQ_test/0000", "elsewhere/0000")).to_parquet(path)
    with pytest.raises(LacunaError, match="holds other images than the predictions"):
        gallery_data(settings, folder, folder / "gallery")


def test_a_missing_picture_and_missing_predictions_are_named(copy):
    folder, settings = copy
    picture = folder / "predictions/telea/untrained/paris_test/0003.png"
    picture.unlink()
    with pytest.raises(LacunaError, match=r"untrained/paris_test/0003.png does not exist"):
        gallery_data(settings, folder, folder / "gallery")
    shutil.rmtree(folder / "predictions/aotgan/celeba")
    with pytest.raises(LacunaError, match=r"predictions for 'paris_test' from place2, but all of place2, celeba"):
        gallery_data(settings | {"systems": [["aotgan", "AOT-GAN"]]}, folder, folder / "gallery")


def test_predictions_of_an_older_config_are_not_mixed_in(copy):
    folder, settings = copy
    shutil.copytree(folder / "predictions/telea/untrained", folder / "predictions/telea/elsewhere")
    with pytest.raises(LacunaError, match="from elsewhere, untrained, but"):
        gallery_data(settings, folder, folder / "gallery")


def test_the_page_needs_nothing_but_its_data(made):
    page = make_gallery(*made)
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'\b(?:src|href)="([^"]*)"', text)[0] == "data:,"
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"', text)
    assert [url for url in loaded if not re.fullmatch(r"data:,|data\.js\?[0-9a-f]{16}", url)] == []
    assert not re.search(r"https?:|@import|url\(", text)
    assert sorted(path.name for path in page.parent.iterdir()) == ["data.js", "index.html"]


def test_script_and_style_are_small_and_end_where_they_should():
    parts = [gallery.Path(gallery.__file__).with_suffix(suffix) for suffix in (".js", ".css")]
    assert sum(path.stat().st_size for path in parts) < 40 * 2**10
    assert "</script" not in parts[0].read_text(encoding="utf-8").lower()
    assert "</style" not in parts[1].read_text(encoding="utf-8").lower()


def test_a_title_is_text_and_other_data_have_another_address():
    settings = TITLES | {"title": "<b>bold</b> & more"}
    text = gallery_page(settings, "one")
    assert "<title>Gallery: &lt;b&gt;bold&lt;/b&gt; &amp; more</title>" in text
    assert "Demonstration run" in text
    assert "Demonstration run" not in gallery_page(settings | {"demonstration": False}, "one")
    assert text != gallery_page(settings, "two")
