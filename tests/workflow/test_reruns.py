"""What is made again, what is not, and what is said of it: by Snakemake, `lacuna check`, `why` and `accept`.

A run of one algorithm on a folder of pictures, so that every case can be made for real.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import SMALL, Repository, copy_repository

pytestmark = pytest.mark.slow

ALONE = {
    "sources": {},
    "test_sets": ["mine"],
    "systems": {"telea": None},
    "metrics": ["psnr"],
    "export": False,
    "controls": False,
}
INDEX = "results/small/predictions/telea/untrained/mine/index.csv"
CONFIG = "config/changed.yaml"


def lacuna(repository: Repository, *words: str) -> subprocess.CompletedProcess:
    """A command in the copy, with the copy's own code."""
    environment = {**os.environ, "PYTHONPATH": str(repository.folder / "workflow")}
    command = [sys.executable, "-m", "lacuna", *words]
    return subprocess.run(command, cwd=repository.folder, env=environment, capture_output=True, text=True, timeout=300)


def check(repository: Repository, *words: str) -> str:
    """What `lacuna check` says; its status must fit."""
    done = lacuna(repository, "check", "--configfile", CONFIG, *words)
    assert done.stderr == "" and done.returncode == int(not done.stdout.startswith("all ")), done.stdout + done.stderr
    return done.stdout


def would(repository: Repository) -> set[str]:
    return {job for job in repository.would_run(INDEX, "--configfile", CONFIG) if ":" not in job}


@pytest.fixture(scope="module")
def predicted(tmp_path_factory) -> Repository:
    """A copy in which the pictures of one algorithm were made."""
    repository = copy_repository(tmp_path_factory.mktemp("predicted"))
    repository.configure(**ALONE)
    result = repository.snakemake(INDEX, "--configfile", CONFIG)
    assert result.returncode == 0, result.stdout + result.stderr
    return repository


@pytest.fixture
def copy(predicted, tmp_path) -> Repository:
    """`cp -r` of that copy, with the times of its files in another order."""
    folder = tmp_path / "copy"
    shutil.copytree(predicted.folder, folder, symlinks=True)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    random.Random(4).shuffle(files)
    for number, path in enumerate(files):
        os.utime(path, (1_700_000_000 + 60 * number,) * 2)
    return Repository(folder)


def test_a_copy_with_shuffled_times_is_as_good(copy):
    assert would(copy) == set()
    assert check(copy).startswith("all 4 results of the run 'small' are what config/changed.yaml asks for, ")


def test_a_deleted_snakemake_folder_changes_nothing_and_hides_nothing(copy):
    shutil.rmtree(copy.folder / ".snakemake")
    assert would(copy) == set()
    shutil.rmtree(copy.folder / ".snakemake")
    before = (copy.folder / INDEX).with_name("0000.png").read_bytes()
    copy.configure(**ALONE, seed=77)
    result = copy.snakemake(INDEX, "--configfile", CONFIG)
    assert result.returncode == 0, result.stderr
    assert "lacuna: 4 results were made from something else" in result.stderr
    assert (copy.folder / INDEX).with_name("0000.png").read_bytes() != before
    assert check(copy).startswith("all 4 results")


def test_results_copied_over_do_not_pass_for_those_that_were_there(copy):
    other = copy.folder / "other"
    shutil.copytree(copy.folder / "results/small", other)
    copy.configure(**ALONE, seed=77)
    assert copy.snakemake(INDEX, "--configfile", CONFIG).returncode == 0
    assert would(copy) == set()
    shutil.rmtree(copy.folder / "results/small")
    shutil.copytree(other, copy.folder / "results/small")
    assert {"stage", "make_masks", "pair", "predict"} <= would(copy)
    copy.configure(**ALONE)
    assert would(copy) == set()


def test_results_of_another_run_are_named(copy):
    shutil.copytree(copy.folder / "results/small/lists", copy.folder / "results/two/lists")
    copy.configure(**ALONE, run="two")
    assert "copied from another run: it was made as results/small/lists/mine.txt" in check(copy)


def test_a_picture_replaced_under_its_name_is_seen(copy):
    (copy.folder / "photographs/a.png").write_bytes((copy.folder / "photographs/c.png").read_bytes())
    assert {"stage", "pair", "predict"} <= would(copy) and "make_masks" not in would(copy)
    assert "the user's files: photographs (photographs) are others than when it was made" in check(copy)


def test_a_prediction_edited_by_hand_is_named(copy):
    picture = (copy.folder / INDEX).with_name("0001.png")
    status = picture.stat()
    picture.write_bytes(bytes(reversed(picture.read_bytes())))
    assert f"edited or lost since it was made: {picture.relative_to(copy.folder)}\n" in check(copy)
    os.utime(
        picture,
        ns=(status.st_atime_ns, json.loads(sidecar(copy).read_text())["files"][name(picture, copy)]["mtime_ns"]),
    )
    assert check(copy).startswith("all 4 results")  # same size, same time
    assert "edited or lost" in check(copy, "--deep")
    picture.unlink()
    assert "edited or lost" in check(copy)


def sidecar(repository: Repository) -> Path:
    return repository.folder / f"{INDEX}.job.json"


def name(path: Path, repository: Repository) -> str:
    return str(path.relative_to(repository.folder))


def test_a_result_without_its_record_is_of_unknown_origin(copy):
    sidecar(copy).unlink()
    assert f"{INDEX}: of unknown origin: there is no index.csv.job.json beside it" in check(copy)
    shutil.rmtree(copy.folder / ".snakemake")
    assert would(copy) == {"predict"}


def test_another_commit_and_back(copy):
    def git(*words):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *identity, *words], cwd=copy.folder, check=True, capture_output=True)

    (copy.folder / ".gitignore").write_text(".snakemake\nresults\n__pycache__\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "Begin")
    telea = copy.folder / "workflow/lacuna/systems/telea.py"
    telea.write_text(telea.read_text() + "\nEDITED = 1\n")
    git("commit", "-am", "Edit the algorithm")
    assert would(copy) == {"predict"}
    assert "code: module lacuna.systems.telea has changed" in check(copy)
    git("checkout", "HEAD~1")
    assert would(copy) == set()
    telea.write_text(telea.read_text().replace('"""', '"""Said in another way. ', 1) + "\n# a remark\n")
    assert would(copy) == set()


def test_what_differs_is_said_by_name(copy):
    masks = {**SMALL["mask_sets"], "few": {**SMALL["mask_sets"]["few"], "coverage": [0.05, 0.4]}}
    copy.configure(**ALONE, mask_sets=masks)
    torch = copy.folder / "envs/torch.yaml"
    torch.write_text(torch.read_text().replace("pillow==", "pillow==99."))
    said = lacuna(copy, "why", INDEX, "--configfile", CONFIG).stdout
    assert f"{INDEX}: made by predict (telea, untrained, mine), a step of the run 'small'" in said
    assert "It is not what config/changed.yaml asks for now:" in said
    assert "- config: mask_sets.few.coverage was [0.05, 0.5] and is [0.05, 0.4] (seen by make_masks (few))" in said
    assert "- package: pillow was " in said and " and is 99." in said
    picture = INDEX.replace("index.csv", "0000.png")
    copy.configure(**ALONE)
    torch.write_text(torch.read_text().replace("pillow==99.", "pillow=="))
    assert "It is what config/changed.yaml asks for now." in lacuna(copy, "why", picture, "--configfile", CONFIG).stdout
    refused = lacuna(copy, "why", "results/small/nothing", "--configfile", CONFIG)
    assert refused.returncode == 1 and "is not a result of the run 'small'" in refused.stderr


def test_what_was_accepted_is_not_made_again_until_the_next_change(copy):
    masks = copy.folder / "workflow/lacuna/data/masks/building.py"
    masks.write_text(masks.read_text() + "\nHARMLESS = 1\n")
    assert would(copy) == {"make_masks", "pair", "predict"}
    refused = lacuna(copy, "accept", INDEX, "--configfile", CONFIG)
    assert refused.returncode == 1 and "which is stale itself; accept that too" in refused.stderr
    done = lacuna(copy, "accept", "results/small", "--configfile", CONFIG)
    assert "accepted 1 results" in done.stdout and "module lacuna.data.masks.building has changed" in done.stdout
    assert would(copy) == set() and check(copy).startswith("all 4 results")
    shutil.rmtree(copy.folder / ".snakemake")
    assert would(copy) == set()
    masks.write_text(masks.read_text() + "\nHARMFUL = 1\n")
    assert would(copy) == {"make_masks", "pair", "predict"}


def test_a_step_by_hand_takes_settings_and_paths_from_the_config(copy):
    (copy.folder / INDEX).unlink()
    done = lacuna(copy, "step", "predict", "--config", CONFIG, "--key", "telea", "untrained", "mine")
    assert done.returncode == 0, done.stderr
    assert check(copy).startswith("all 4 results") and would(copy) == set()
    refused = lacuna(copy, "step", "predict", "--config", CONFIG, "--key", "telea")
    assert refused.stderr.startswith("lacuna step predict: there is no job 'predict' of 'telea' in this config; ")
    assert "telea untrained mine" in refused.stderr
