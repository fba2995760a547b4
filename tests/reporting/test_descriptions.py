"""Descriptions: complete, light to read, one job for equal inputs, one caption for both reports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lacuna.errors import LacunaError
from lacuna.reporting.adaptation.experiments import GROUPS, OTHERS
from lacuna.reporting.adaptation.kinds import DRAWINGS
from lacuna.reporting.captions import caption, caption_file, overview_file
from lacuna.reporting.descriptions import EACH, INPUTS, Figure, Table, described, figures, tables, together
from lacuna.reporting.markup import restructured_text
from lacuna.reporting.sections import SECTIONS
from tests.reporting.made_up import TITLES, MadeUpPlan

EVERY = [(kind, name) for kind in ("tables", "figures") for name in described(kind)]
OF_AXES = {"axes", "best_of_n", "diversity", "variance"}
ABOUT_THE_WORK = {"adaptation_cost", "complexity", "contestants", "latency", "rulegraph"}


class Plan(MadeUpPlan):
    """With what captions ask."""

    config = {
        "title": "A **title** {{ 7*7 }}",
        "metrics": ["psnr"],
        "demonstration": True,
        "figures": {"columns": "bins"},
        "published": {"FFHQ_test": "places2"},
        "analyses": ["contrast", "dead_windows", "fill_colour"],
    }
    run = "made_up"
    unscored_sets = ("own_pictures",)

    def __init__(self, folder):
        self.cache_folder = folder

    @staticmethod
    def titles():
        return {"systems": TITLES["systems"]} | {
            name: [list(pair) for pair in TITLES[name].items()] for name in ("sources", "test_sets")
        }


def test_reading_them_imports_nothing_heavy():
    heavy = {"numpy", "pandas", "matplotlib", "torch", "scipy", "PIL", "seaborn"}
    program = (
        "import sys; from lacuna.reporting.descriptions import tables, figures; import lacuna.reporting.captions;"
        f" tables(); figures(); print(*(set(sys.modules) & {heavy}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("kind, name", EVERY)
def test_each_is_complete(kind, name):
    description = described(kind)[name]
    assert description.name == name and description.title and description.caption
    if kind == "tables":
        assert (description.rows is not None) == ("csv" in description.formats)
        assert description.shown is not None or not set(description.formats) - {"csv"}
    else:
        assert description.alt and (description.draw is not None) == bool(description.inputs)


@pytest.mark.parametrize("kind, name", EVERY)
def test_every_caption_says_n_region_and_raw_or_composite(kind, name, tmp_path):
    description = described(kind)[name]
    text = caption(Plan(tmp_path), description, (EACH[description.each](Plan) or [""])[0])
    if name not in ABOUT_THE_WORK:
        for word in (r"\b[Nn]\b", "[Cc]omposite|raw", "whole|hole|region"):
            assert re.search(word, text), word
    assert ("Demonstration" in text) == bool(description.demonstration)


def test_what_is_made_from_the_same_inputs_shares_a_job():
    jobs = together("tables", Plan)
    assert {"quantitative", "leaderboard", "table"} <= set(jobs["scores",])
    assert jobs["costs",] == ["complexity", "latency"]
    made = [name for names in jobs.values() for name in names]
    # nobody of the made-up run is from outside, and it has one value of every axis
    assert sorted(made) == sorted(set(tables()) - {"contestants"} - OF_AXES)
    drawn = [name for names in together("figures", Plan).values() for name in names]
    by_other_rules = {"adaptation_drawings", "samples", "rulegraph"}
    assert sorted(drawn) == sorted(set(figures()) - by_other_rules - OF_AXES)


def test_no_two_have_the_same_file():
    files = [
        file
        for kind in ("tables", "figures")
        for description in described(kind).values()
        for value in description.values(MadeUpPlan)
        for file in description.files(value)
    ]
    assert len(files) == len(set(files))
    groups = {figures()["adaptation_improvement"].file(value) for value in [*GROUPS, OTHERS]}
    assert not groups & {figures()["adaptation_drawings"].file(value) for value in DRAWINGS}
    assert not groups & {figure.file() for figure in figures().values() if not figure.each}


def test_what_does_not_apply_is_not_made():
    class Plain(MadeUpPlan):
        trainings = staticmethod(list)
        is_exporting = staticmethod(lambda: False)
        labels = staticmethod(lambda given: ["theirs"] if given else [])

    assert "quality_cost" not in together("figures", Plain)["predictions", "scores"]
    assert ("training",) not in together("figures", Plain)
    assert not [inputs for inputs in together("tables", Plain) if "parity" in inputs]


def test_what_is_of_axes_is_made_where_there_are_several_values():
    class Sized(MadeUpPlan):
        axes = staticmethod(lambda: {"image_size": ["48", "64"]})

    class Drawing(MadeUpPlan):
        repeats, samples = 2, 3
        drawing = staticmethod(lambda: ["aotgan"])

    def made(plan):
        return {name for kind in ("tables", "figures") for names in together(kind, plan).values() for name in names}

    assert made(Sized) - made(MadeUpPlan) == {"axes", "variance"}
    assert made(Drawing) - made(MadeUpPlan) == OF_AXES - {"axes"}
    assert ("diversity", "scores") in together("tables", Drawing)


def test_captions_say_what_is_selected(tmp_path):
    class Sized(Plan):
        @staticmethod
        def titles():
            axes = {"axes": {"image_size": ["48", "64"], "repeats": 3}, "selection": {"image_size": "64"}}
            return Plan.titles() | axes

    plan = Sized(tmp_path)
    text = caption(plan, tables()["leaderboard"])
    assert restructured_text("images of 64×64") in text and "3 trainings from different seeds" in text
    assert "over trainings as well as photographs" in text
    assert "image\\_size" in caption(plan, tables()["quantitative"])
    assert "interval" not in caption(plan, tables()["variance"])
    for name in ("leaderboard", "quantitative"):
        before = caption(Plan(tmp_path), tables()[name])
        assert "image\\_size" not in before and "trainings from" not in before and "Selected" not in before


def test_unknown_words_are_refused():
    for wrong in ({"inputs": ("score",)}, {"section": "sumary"}, {"each": "set"}):
        with pytest.raises(LacunaError, match="names the unknown"):
            Table(title="t", caption="c", **wrong)
    assert {"scores", "costs"} <= set(INPUTS) and {"summary"} <= set(SECTIONS)
    assert Figure(title="t", caption="{n} of {what}", alt="a").text(what="x  y") == "N of x y"


def test_captions_are_files_with_escaped_titles(tmp_path):
    plan = Plan(tmp_path)
    path = Path(caption_file(plan, figures()["qualitative"], "FFHQ_test"))
    text = path.read_text()
    assert path.is_absolute() and text.startswith(r"Demonstration\:")
    assert r"FFHQ stand\-in\: \<one\> portrait \& more\, N images" in text
    time = path.stat().st_mtime_ns
    assert caption_file(plan, figures()["qualitative"], "FFHQ_test") == str(path) and path.stat().st_mtime_ns == time
    columns = Path(caption_file(plan, tables()["leaderboard"])).read_text()
    assert r"* **mean\_rank**\: " in columns or r"* **mean\_rank**: " in columns
    overview = Path(overview_file(plan)).read_text()
    assert overview.startswith(r"**A \*\*title\*\* \{\{ 7\*7 \}\}**") and "snakemake.config" in overview
