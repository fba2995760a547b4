"""Several mask sets, sizes, trainings and samples: which jobs there are, what they share, and what their rows say."""

from copy import deepcopy
from itertools import product

import pyarrow.parquet as pq
import pytest

from lacuna.axes import base_of, placed
from lacuna.config import validate
from lacuna.errors import LacunaError
from lacuna.metrics.records import write_records
from lacuna.plan import Plan
from lacuna.reporting.axis_words import about
from lacuna.reporting.descriptions import FIRST, figures, tables
from lacuna.task import StepSettings, Task
from tests.tiny import SETTINGS, TINY

TFILL = {"fixed_size": 16, "width": 8, "scales": 2, "transformer_layers": 1, "heads": 1, "hidden": 8}
SEVERAL = {
    **TINY,
    "mask_sets": {
        **TINY["mask_sets"],
        "lines": {"kind": "strokes", "count": 3, "bins": 3, "coverage": [0.05, 0.5]},
        "squares": {"kind": "boxes", "count": 5, "bins": 1},
    },
    "image_size": [[48, 40], [64, 64]],
    "train_masks": ["many", "squares"],
    "test_masks": ["few", "lines"],
    "repeats": 2,
    "samples": 3,
    "systems": {
        "telea": None,
        "deepfillv2": {"settings": SETTINGS},
        "tfill": {"settings": {**TFILL, "discriminator_width": 4, "image_size": 16}},
        "patchmatch": None,
    },
    "controls": True,
}
SIZES = ("48x40", "64")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """`plan(changes)`: the plan of the config above; keys that are None are left out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "a.png").write_bytes(b"picture")

    def of(config=SEVERAL, **changes) -> Plan:
        changed = {key: value for key, value in {**deepcopy(config), **changes}.items() if value is not None}
        return Plan(changed, tmp_path / "cache")

    return of


def test_every_combination_is_one_job_and_what_does_not_vary_is_shared(plan):
    several = plan()
    jobs = several.jobs()
    of = {stage: [job for job in jobs if job.stage == stage] for stage in ("stage", "make_masks", "pair", "train")}
    assert len(of["train"]) == 2 * 2 * 2 * 2  # systems, mask sets, sizes, repeats
    assert sorted(job.key["image_set"] for job in of["stage"]) == sorted(
        f"{name}~{size}" for name, size in product(("learn", "held", "mine"), SIZES)
    )
    assert sorted(job.key["mask_set"] for job in of["make_masks"]) == sorted(
        f"{name}~{size}" for name, size in product(("many", "squares", "few", "lines"), SIZES)
    )
    # training pictures under two mask sets, validation pictures under one, test pictures under two
    assert len(of["pair"]) == (2 + 1 + 2) * 2
    assert len({job.digest for job in jobs}) == len(jobs)


def test_a_network_completes_pictures_of_its_size_alone(plan):
    several = plan()
    for cell, size in product(several.cells, SIZES):
        if several.cells[cell].values["image_size"] != size:
            continue
        job = several.predict("tfill", "scenes~squares~repeat2~sample3", cell)
        assert job.upstream[1] is several.train("tfill", f"scenes~squares~{size}~repeat2")
        assert job.settings["image_size"] == several.sizes[size]


def test_what_is_not_trained_has_no_repeat_and_what_does_not_draw_no_samples(plan):
    several = plan()
    named = {label: [name for system, name in several.entrants() if system == label] for label in several.systems}
    assert named["telea"] == ["untrained"]
    assert named["patchmatch"] == [f"untrained~sample{n}" for n in (1, 2, 3)]
    assert named["deepfillv2"] == [f"scenes~{m}~repeat{n}" for m in ("many", "squares") for n in (1, 2)]
    assert len(named["tfill"]) == 2 * 2 * 3
    assert several.drawing() == ["tfill", "patchmatch"]
    controls = {job.key["system"]: job for job in several.jobs() if job.key.get("source") == "control"}
    assert controls and all(len(job.files) == 4 for job in controls.values())


def test_the_first_repeat_and_sample_have_the_seed_of_a_run_without(plan):
    """And so the same digest as in a run of that cell alone, whatever the paths are."""
    several = plan()
    alone = plan(image_size=64, train_masks="squares", test_masks="lines", repeats=None, samples=None)
    first = several.predict("tfill", "scenes~squares~repeat1~sample1", "mine~lines~64")
    assert first.digest == alone.predict("tfill", "scenes", "mine").digest
    assert alone.predict("tfill", "scenes", "mine").first == "results/tiny/predictions/tfill/scenes/mine/index.csv"
    others = [f"scenes~squares~repeat{n}~sample{m}" for n, m in ((1, 1), (1, 2), (2, 1), (2, 2))]
    assert len({several.predict("tfill", name, "mine~lines~64").digest for name in others}) == 4
    seeds = [several.train("tfill", f"scenes~squares~64~repeat{n}").settings["seed"] for n in (1, 2)]
    assert seeds[0] == SEVERAL["seed"] != seeds[1]


def test_without_axes_no_name_and_no_setting_says_anything_of_them(plan):
    one = plan(TINY, image_size=[[48, 40]], train_masks=["many"], test_masks=["few"], repeats=1, samples=1)
    whole = {"resolve_config", "rulegraph", "report"}  # which hold the config as it is written
    jobs = [
        {str(job.first): (job.digest, job.files) for job in of.jobs() if job.stage not in whole}
        for of in (one, plan(TINY))
    ]
    assert jobs[0] == jobs[1] and len(jobs[0]) > 15
    assert not any("~" in path for _, files in jobs[0].values() for path in files)


def test_what_is_shown_is_of_the_selection(plan):
    several = plan(leaderboard={"image_size": 64, "test_masks": "lines"})
    titles = several.titles()
    assert titles["selection"] == {"train_masks": "many", "test_masks": "lines", "image_size": "64"}
    assert titles["axes"]["image_size"] == list(SIZES) and titles["axes"]["repeats"] == 2
    shown = several.gallery()
    assert set(map(str, shown.inputs["predictions"])) == {
        "results/tiny/predictions/telea/untrained/mine~lines~64/index.csv",
        "results/tiny/predictions/deepfillv2/scenes~many~repeat1/mine~lines~64/index.csv",
        "results/tiny/predictions/tfill/scenes~many~repeat1~sample1/mine~lines~64/index.csv",
        "results/tiny/predictions/patchmatch/untrained~sample1/mine~lines~64/index.csv",
    }
    assert placed(shown.settings, "predictions", "tfill", "scenes") == "scenes~many~repeat1~sample1"
    assert placed(shown.settings, "lists", "mine") == "mine~lines~64"
    assert placed({}, "lists", "mine") == "mine"
    exported = several.export("deepfillv2", "scenes")
    assert exported.settings["image_size"] == 64
    assert exported.upstream == (several.train("deepfillv2", "scenes~many~64~repeat1"),)
    assert exported.first == "results/tiny/export/deepfillv2/scenes/record.json"


def test_rows_say_of_every_axis_what_they_are_of(plan):
    several = plan()
    trained = several.score("tfill", "scenes~squares~repeat2~sample3").settings
    assert trained["source"] == "scenes" and trained["test_sets"] == ["mine"] * 4
    assert trained["columns"][1] == {
        "train_masks": "squares",
        "test_masks": "few",
        "image_size": "64",
        "repeat": 2,
        "sample": 3,
    }
    classical = several.score("telea", "untrained").settings["columns"][0]
    assert classical["train_masks"] == "" and classical["repeat"] == classical["sample"] == 0
    assert list(plan(repeats=None, samples=None).score("telea", "untrained").settings["columns"][0]) == [
        "train_masks",
        "test_masks",
        "image_size",
    ]


def test_columns_reach_the_rows_with_their_types(tmp_path):
    columns = [{"image_size": "64", "repeat": 2}, {"image_size": "48x40", "repeat": 2}]
    settings = StepSettings(system="a", test_sets=["mine", "mine"], columns=columns)
    given = Task(settings, {}, {})
    cells = [each for each, _ in given.each_test_set(files=[tmp_path, tmp_path])]
    assert [cell["columns"] for cell in cells] == columns and cells[0]["test_set"] == "mine"
    rows = [{"system": "a", "value": 0.5, **cell["columns"]} for cell in cells]
    write_records(tmp_path / "rows.parquet", rows, list(rows[0]), ("value",), ("repeat",))
    table = pq.read_table(tmp_path / "rows.parquet")
    assert str(table.schema.field("repeat").type) == "int64" and str(table.schema.field("image_size").type) == "string"


def test_samples_of_one_training_are_compared_together(plan):
    several = plan()
    assert several.sampled() == [
        *(("tfill", f"scenes~{m}~repeat{n}") for m in ("many", "squares") for n in (1, 2)),
        ("patchmatch", "untrained"),
    ]
    job = several.diversity("tfill", "scenes~squares~repeat2")
    assert str(job.first) == "results/tiny/diversity/tfill/scenes~squares~repeat2/mine~few~48x40.parquet"
    assert [path.split("/")[-3] for path in job.inputs["predictions"][:3]] == [
        f"scenes~squares~repeat2~sample{n}" for n in (1, 2, 3)
    ]
    assert job.settings["samples"] == 3 and "sample" not in job.settings["columns"][0]
    assert plan(samples=None).sampled() == []


def test_given_predictions_lie_in_a_folder_of_each_cell(plan):
    theirs = {"theirs": {"kind": "predictions", "path": "predicted/{test_set}/{test_masks}/{image_size}"}}
    job = plan(systems={**SEVERAL["systems"], **theirs}).predicted("theirs", "elsewhere", "mine~lines~64")
    assert job.settings["folder"] == "predicted/mine/lines/64" and job.settings["test_set"] == "mine"


def test_a_picture_of_several_sizes_is_adapted_to_at_one(plan):
    asked = {"experiments": ["combination_I"], "common": {"steps": 2}, "systems": ["deepfillv2"]}
    several = plan(adaptation=asked, leaderboard={"image_size": 64})
    assert several.adapted_contestants() == {}
    (job,) = several.adaptation_jobs()
    assert job.settings["image_size"] == 64 and job.key["source"] == "scenes"
    assert several.train("deepfillv2", "scenes~many~64~repeat1") in job.upstream


def test_captions_of_pictures_say_that_they_are_of_the_first(plan):
    said = plan(leaderboard={"image_size": 64}).titles()
    assert about(FIRST, said).endswith("images of 64×64. Of each system the first training and the first sample.")
    assert "first" not in about(FIRST, plan(repeats=None, samples=None).titles())
    assert about(FIRST, plan(TINY).titles()) == ""
    assert {name for name, each in figures().items() if each.cells == FIRST} >= {"failures", "examples", "qualitative"}


def test_names_of_paths_keep_the_names_of_the_config():
    assert base_of("scenes~many~64~repeat1") == base_of("scenes") == "scenes"


def test_every_table_and_figure_has_its_place_in_a_plan_with_axes(plan):
    several = plan(adaptation=None)
    assert several.report().digest and {job.stage for job in several.jobs()} >= {"gallery", "votes", "table", "figure"}
    assert {name for name, each in tables().items() if each.values(several)} >= {"leaderboard", "quantitative"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"test_masks": ["few", "few"]}, "test_masks names 'few' twice"),
        ({"test_masks": []}, "test_masks is []"),
        ({"test_masks": ["few", "fewer"]}, "test_masks names the unknown mask set 'fewer'"),
        ({"image_size": [48, 40, 64]}, "image_size is [48, 40, 64]; give"),
        ({"image_size": [[64, 64], [48, 40], [64, 64]]}, "image_size names [64, 64] twice"),
        ({"image_size": [[64, 64], [4, 64]]}, "image_size[1][0] is 4"),
        ({"leaderboard": {"test_masks": "many"}}, "leaderboard.test_masks is 'many', which test_masks does not name"),
        ({"leaderboard": {"image_size": 32}}, "leaderboard.image_size is '32', which image_size does not name"),
        ({"leaderboard": {"repeat": 1}}, "unknown key 'repeat' at leaderboard"),
        ({"repeats": 0}, "repeats is 0"),
        ({"image_size": [[24, 24], [64, 64]]}, "samples is 3, and LPIPS says how much they differ"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, sentence):
    with pytest.raises(LacunaError) as error:
        validate({**deepcopy(SEVERAL), **changes})
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"systems": {"telea": None, "patchmatch": None}}, "train_masks names several mask sets, but no system is"),
        ({"systems": {"telea": None, "patchmatch": None}, "train_masks": "many"}, "repeats is above 1, but no system"),
        ({"systems": {"telea": None, "deepfillv2": {"settings": SETTINGS}}}, "samples is above 1, but no system draws"),
        (
            {
                "systems": {"madf": {"settings": {"width": 4}}, "patchmatch": None},
                "image_size": [[128, 128], [192, 128]],
            },
            "image_size is 192×128, but systems.madf",
        ),
        (
            {"systems": {**SEVERAL["systems"], "theirs": TINY["systems"]["theirs"]}},
            "write {test_masks} where its value",
        ),
    ],
)
def test_an_axis_that_says_nothing_of_any_system_is_refused(changes, sentence, plan):
    with pytest.raises(LacunaError) as error:
        plan(**changes)
    assert sentence in str(error.value)


def test_masks_of_a_test_set_s_own_go_with_one_mask_set_alone(plan):
    sets = deepcopy(TINY["image_sets"])
    sets["mine"]["masks"] = "lines"
    with pytest.raises(LacunaError, match=r"image_sets\.mine\.masks is 'lines', but test_masks names several"):
        plan(image_sets=sets)
    one = plan(image_sets=sets, test_masks="few")
    assert one.pair("mine~64").upstream[1] is one.make_masks("lines~64")
