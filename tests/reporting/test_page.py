"""A made-up run from predictions to the page: figures, bytes, and a page that stands alone."""

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from lacuna.data.image_sources import dtd, paris_streetview
from lacuna.errors import LacunaError
from lacuna.reporting import style
from lacuna.reporting.figures.qualitative import chosen_positions, draw_grid
from lacuna.reporting.page import writing
from lacuna.reporting.page.embedding import embedded
from lacuna.reporting.page.provenance import work_of
from lacuna.reporting.page.writing import duration, page
from lacuna.reporting.style import HOLE
from tests.reporting.made_up import KEYS, TITLES, MadeUpPlan, made_of, make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "made_up"
    folder.mkdir()
    return folder, make_run(folder)


@pytest.fixture(scope="module")
def text(made):
    """The page of the made-up run."""
    return page(made[1], made[0])


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_stands_alone(text):
    elements = Elements(text).found
    links = [(tag, a[key]) for tag, a in elements for key in ("src", "href", "srcset", "data", "poster") if key in a]
    assert links
    outside = [link for _, link in links if not link.startswith(("data:image/", "#"))]
    assert outside[0] == "gallery/index.html"  # of the same run, and said to be
    assert {link.partition("#")[0] for link in outside} == {"gallery/index.html", "votes/index.html"}
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in elements}
    without_pictures = re.sub(r"data:image/[^\"]*", "", text)
    assert not re.search(r"https?:|@import|url\(|\bon\w+=", without_pictures)


def test_links_lead_somewhere_and_pictures_are_described_and_whole(text):
    elements = Elements(text).found
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for _, a in elements if a.get("href", "").startswith("#")} <= set(ids)
    pictures = [a for tag, a in elements if tag == "img"]
    # ranks, grids, examples, failures and error by circle, coverage, cost, curves, samples, masks, rulegraph
    others = 1 + 2 + 1 + 2 + 1 + 1 + 1 + 2 + 1 + 1
    # of the adaptation: experiment settled on, groups, zero-shot, histograms, examples, drawings
    assert len(pictures) == others + 1 + 4 + 1 + 1 + 4 + 6
    for picture in pictures:
        assert len(picture["alt"]) > 20
        kind, data = re.fullmatch(r"data:image/([\w+]+);base64,(.*)", picture["src"]).groups()
        if kind != "svg+xml":
            Image.open(io.BytesIO(base64.b64decode(data))).load()


def test_test_time_training_has_a_section_where_a_run_has_it(made, text):
    settings, folder = made[1], made[0]
    assert '<h2 id="adaptation">' in text or "Test-time training</h2>" in text
    for words in ("Experiments ranked by their improvement", "Keep or discard: PSNR", "Does adaptation bridge domains"):
        assert words in text, words
    assert "of AOT-GAN (narrow) on all test sets: adapting" in text  # what the numbers say of domains
    assert "combination I, which the thesis settled on" in text and "after figure 4.12 of the thesis" in text
    without = {
        kind: {name: values for name, values in names.items() if not name.startswith("adaptation")}
        for kind, names in settings["made"].items()
    }
    assert "Test-time training" not in page(settings | {"made": without}, folder)


def test_the_page_says_what_it_is(made):
    text = page(made[1], made[0], commit="abc1234")
    assert "<strong>Demonstration.</strong>" in text
    assert "abc1234" in text
    assert "FFHQ stand-in: &lt;one&gt;" in text
    assert "<one>" not in text
    assert "note: a &#34;quoted&#34; &lt;value&gt;" in text
    assert "On composites, every trained system beats its own initialisation" in text
    assert text.index("All test sets together") < text.index("Systems trained on Place2")
    real = page(made[1] | {"demonstration": False}, made[0])
    assert "Demonstration." not in real
    assert "commit <code>" not in real


def test_the_page_has_the_same_bytes_twice(made, text):
    assert page(made[1], made[0]) == text


@pytest.mark.parametrize(
    "missing",
    [
        "tables/quantitative.csv",
        "tables/training.csv",
        "tables/leaderboard.csv",
        "tables/controls.csv",
        "tables/set_scores.csv",
        "tables/statistics_pairs.csv",
        "tables/published_comparison.csv",
        "tables/complexity.csv",
        "tables/latency.csv",
        "tables/export.csv",
        "tables/export_metrics.csv",
        "tables/cross.csv",
        "figures/critical_difference.png",
        "figures/quality_cost.png",
        "figures/examples.png",
        "figures/failures.png",
        "figures/failures.csv",
        "figures/qualitative_paris_test.png",
        "figures/metric_by_coverage.png",
        "figures/training_curves.png",
        "figures/rulegraph.svg",
        "images/validation/card.json",
        "images/splits.json",
        "masks/train_masks/card.json",
        "training/aotgan/celeba/record.json",
        "training/aotgan/place2/samples.png",
        "predictions/telea/untrained/FFHQ_test/record.json",
    ],
)
def test_a_missing_file_is_named(made, tmp_path, missing):
    folder = tmp_path / "made_up"
    shutil.copytree(made[0], folder)
    (folder / missing).unlink()
    with pytest.raises(LacunaError, match=re.escape(missing)):
        page(made[1], folder)


def test_a_page_that_is_too_large_is_refused(made, monkeypatch):
    monkeypatch.setattr(writing, "LIMIT", 1000)
    with pytest.raises(LacunaError, match="lower 'figures.qualitative_images'"):
        page(made[1], made[0])


def test_large_pictures_become_webp(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (300, 2400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    uri = embedded(tmp_path / "noise.png")
    assert uri.startswith("data:image/webp;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size == (1800, 225)


def test_a_run_without_training_has_no_section_about_it(made, tmp_path):
    folder = tmp_path / "made_up"
    shutil.copytree(made[0], folder)
    names = (
        "quantitative",
        "training",
        "leaderboard",
        "statistics_pairs",
        "published_comparison",
        "cross",
        "set_scores",
    )
    names += ("complexity", "latency", "export", "export_metrics", "votes_ranks", "difficulty")
    for path in [*(folder / f"tables/{name}.csv" for name in names), folder / "figures/failures.csv"]:
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "aotgan" not in line))
    (folder / "figures/training_curves.png").unlink()
    config = made[1]["config"] | {"sources": {}}

    class NoTraining(MadeUpPlan):
        paged_sources = staticmethod(lambda: ["untrained"])
        trainings = staticmethod(list)

    less = {"config": config, "sources": {}, "made": made_of(NoTraining)}
    systems = [entry for entry in TITLES["systems"] if entry[0] != "aotgan"]
    text = page(made[1] | less | {"systems": systems}, folder)
    assert 'id="training"' not in text
    assert 'id="table-untrained"' in text
    assert 'id="published"' not in text
    assert "ONNX Runtime beside PyTorch" not in text and "an algorithm, and no network" in text
    assert 'id="sources"' not in text
    assert "one system only" not in text  # two are left
    pairs = folder / "tables/statistics_pairs.csv"
    pairs.write_text(pairs.read_text().splitlines(keepends=True)[0])
    assert "one system only" in page(made[1] | less | {"systems": systems}, folder)


def test_the_leaderboard_comes_first_and_says_how_sure_it_is(text):
    ids = re.findall(r'<section id="(\w+)">', text)
    assert ids[:6] == ["summary", "uncertainty", "judging", "published", "set_metrics", "controls"]
    assert "N = 18 test images of 10 photographs of 2 data sets" in text
    assert re.search(r'<strong>\d+\.\d\d</strong> <span class="interval">\[\d+\.\d\d, \d+\.\d\d\]</span>', text)
    assert re.search(r"\d+ of 12 comparisons differ", text)  # 3 pairs, 2 metrics, 2 sources
    assert "Paris StreetView stand-in: a cat (N = 300 published, 9 ours)" in text


def test_what_looks_wrong_is_said_and_what_does_not_is_not(made, text, tmp_path):
    assert "looks inverted" not in text
    assert "The ground truth does not score perfectly" not in text
    assert "AOT-GAN (narrow) trained on CelebA is worse than" not in text
    folder = tmp_path / "made_up"
    shutil.copytree(made[0], folder)
    card = folder / "masks/train_masks/card.json"
    card.write_text(card.read_text().replace('"mean_coverage": 0.3', '"mean_coverage": 0.71'))
    assert "The mask set train_masks looks inverted: on average 71% of an image is hole" in page(made[1], folder)


def test_what_is_known_of_a_published_set_and_pairs_that_look_alike_are_shown(made, tmp_path):
    folder = tmp_path / "made_up"
    shutil.copytree(made[0], folder)
    cards = [folder / f"images/{name}/card.json" for name in ("train", "paris_test")]
    for path, kind in zip(cards, (dtd, paris_streetview), strict=True):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"published": kind.CARD.facts()}))
    pictures = [folder / f"near{n}.png" for n in (1, 2)]
    for n, path in enumerate(pictures):
        Image.new("RGB", (300, 200), (9, 70 * n, 4)).save(path)
    pair = {"training": "train", "evaluation": "paris_test", "distance": 3, "mirrored": True}
    pair |= {"image": str(pictures[0]), "other": str(pictures[1]), "origin": "a <b>.jpg", "other_origin": "c.jpg"}
    splits = folder / "images/splits.json"
    near = {"limit": 6, "correlation": 0.9, "number": 31, "pairs": [pair] * 30}
    splits.write_text(json.dumps(json.loads(splits.read_text()) | {"near": near}))
    text = page(made[1], folder)
    for card in (dtd.CARD, paris_streetview.CARD):
        assert card.title in text and escape(card.terms) in text and "15,000 pictures" in text
    assert "31 pairs of a photograph of a training set" in text and "the nearest 24 are" in " ".join(text.split())
    assert text.count("3 of 64, mirrored") == 24 and "a &lt;b&gt;.jpg" in text and "<b>.jpg" not in text


def test_every_caption_says_n_region_and_raw_or_composite(text):
    captions = re.findall(r'<(?:p class="caption"|figcaption)><strong>(.*?)</(?:p|figcaption)>', text, re.S)
    about_the_work = ("The metrics.", "Time and ", "Complexity.", "Not in ONNX Runtime.", "The rules that made")
    of_results = [each for each in captions if not any(words in each for words in about_the_work)]
    assert len(captions) > len(of_results) > 20
    for word in (
        r"\bN\b",
        "composite|raw",
        "whole|hole only|along the hole|regions? that (the legend|each line) names",
    ):
        assert [caption for caption in of_results if not re.search(word, caption)] == []


def test_long_tables_are_folded_and_their_headings_say_how_long_they_are(made, text):
    assert text.count("<details>") == text.count("</details>") >= 8
    published = len((made[0] / "tables/published_comparison.csv").read_text().splitlines()) - 1
    assert f"<summary>Published means beside ours ({published} lines)</summary>" in text
    summary = text[text.index('id="summary"') : text.index('id="uncertainty"')]
    assert "<details" not in summary  # the leaderboard stands open


def test_failures_are_linked_to_their_place_in_the_gallery(text):
    links = re.findall(r'href="gallery/index.html#([^"]*)">(\d+)</a>', text)
    assert len(links) == 3 * 4  # three of each system and source: 1 % of 18 is less
    assert ("set=FFHQ_test", "system=aotgan", "reading=composite%2Fhole", "source=celeba") in {
        tuple(part for part in link.split("&amp;") if not part.startswith("image=")) for link, _ in links
    }
    assert all(f"image={name}" in link for link, name in links)


def test_controls_and_scores_of_sets_are_shown_and_stay_out_of_the_ranks(made, text, tmp_path):
    controls = text[text.index('<section id="controls">') : text.index('<section id="reading">')]
    for words in (
        "Ground truth",
        "Masked input",
        "Systems, worst to best",
        "100.00",
        "FID",
        "N is small (FID: fewer than 2048 images",
    ):
        assert words in controls, words
    assert "Masked input" not in text[: text.index('<section id="set_metrics">')].partition("<main>")[2]
    assert "control" not in (made[0] / "tables/leaderboard.csv").read_text()
    folder = tmp_path / "made_up"
    shutil.copytree(made[0], folder)
    for name in ("controls", "set_scores"):
        path = folder / f"tables/{name}.csv"
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    without = page(made[1], folder)
    assert 'id="set_metrics"' not in without and "The config leaves the controls out" in without


@pytest.mark.slow
def test_the_page_holds_every_figure_as_it_is_drawn_and_these_carry_no_date_and_no_version(made, text, tmp_path):
    folder = tmp_path / "made_up"
    folder.mkdir()
    settings = make_run(folder, drawn=True)
    drawn = sorted((folder / "figures").glob("*.png"))
    assert [path.name for path in drawn] == sorted(path.name for path in (made[0] / "figures").glob("*.png"))
    for path in drawn:
        with Image.open(path) as picture:
            assert set(picture.info) <= {"dpi"}, path
    pictures = [a["src"] for tag, a in Elements(page(settings, folder)).found if tag == "img"]
    noise = [a["src"] for tag, a in Elements(text).found if tag == "img"]
    assert len(pictures) == len(noise) and "data:image/webp" in {source.partition(";")[0] for source in pictures}


def grid_arguments(folder, test_set="FFHQ_test"):
    settings = TITLES | {"test_set": test_set, "title": "Faces", "images": 2}
    indices = [folder / f"predictions/{s}/{source}/{test_set}/index.csv" for s in KEYS for source in KEYS[s]]
    return settings, folder / f"lists/{test_set}.txt", indices


def test_the_grid_shows_the_hole_and_has_the_same_bytes_twice(made, tmp_path):
    settings, pairs, indices = grid_arguments(made[0])
    draw_grid(settings, pairs, indices, tmp_path / "a.png")
    draw_grid(settings, pairs, indices[::-1], tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    columns = np.flatnonzero((pixels == HOLE).all(2).any(0))
    assert 0 < columns.max() < pixels.shape[1] * 0.35  # in the first column only: composites cover every hole


def test_raw_and_composite_grids_differ(made, tmp_path):
    settings, pairs, indices = grid_arguments(made[0])
    draw_grid(settings, pairs, indices, tmp_path / "a.png")
    draw_grid(settings | {"prediction": "raw"}, pairs, indices, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_grid_refuses_what_it_cannot_show(made, tmp_path):
    settings, pairs, indices = grid_arguments(made[0])
    with pytest.raises(LacunaError, match="no predictions of 'FFHQ_test'"):
        draw_grid(settings, pairs, [], tmp_path / "a.png")
    with pytest.raises(LacunaError, match="hold the system 'aotgan'"):
        draw_grid(settings | {"systems": TITLES["systems"][:2]}, pairs, indices, tmp_path / "a.png")
    with pytest.raises(LacunaError, match="predict again"):
        draw_grid(settings, made[0] / "lists/paris_test.txt", indices, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_images_are_chosen_by_coverage_alone():
    coverages = [0.5, 0.1, 0.3, 0.2, 0.6, 0.4]
    assert chosen_positions(coverages, 3) == [3, 5, 4]  # the 2nd, 4th and 6th smallest
    assert chosen_positions(coverages, 1) == [5]
    assert chosen_positions(coverages[:2], 5) == [1, 0]


@pytest.mark.parametrize("seconds, text", [(3.14, "3.1 s"), (65, "1 min 05 s"), (7500, "2 h 05 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_letters_that_no_font_draws_are_named(made, text, monkeypatch):
    monkeypatch.setattr(style, "_other_fonts", lambda: [("One", frozenset("日"))])
    systems = [[name, f"{title} 日語"] for name, title in TITLES["systems"]]
    named = page(made[1] | {"systems": systems}, made[0])
    assert re.search(r"No font of the machine that drew the figures has these letters .*: 語</p>", named, re.DOTALL)
    assert "No font of the machine" not in text


def test_the_page_that_paints_is_named_with_what_keeps_it_from_filling(made, text, tmp_path):
    assert "lacuna studio" not in text
    folder = tmp_path / "run"
    shutil.copytree(made[0], folder)
    (folder / "studio").mkdir()
    (folder / "studio/models.json").write_text('{"notice": "Nothing can be filled here: npm is <missing>."}')
    with_studio = page(made[1] | {"studio": True}, folder)
    assert f"lacuna studio --results results/{made[1]['run']}</code>. Nothing can be filled here" in with_studio
    assert "npm is &lt;missing&gt;." in with_studio


def test_what_a_training_did_is_said_where_it_is_not_the_default():
    usual = {"steps": 300, "feature_losses_every": 1, "ema": None, "accumulate": 1, "devices": 1}
    usual["precision"] = "32-true"
    assert work_of(usual) == ["300 steps"]
    assert work_of(usual | {"accumulate": 4}) == ["300 steps", "in 4 parts one after the other"]
    assert work_of(usual | {"precision": "bf16-mixed"}) == ["300 steps", "bf16-mixed"]
    other = usual | {"ema": 0.99, "accumulate": 3, "devices": 2, "feature_losses_every": 5}
    assert work_of(other) == [
        "300 steps",
        "losses on pretrained features in one of 5",
        "averaged weights (0.99)",
        "divided among 2 devices",
        "in 3 parts one after the other",
    ]
