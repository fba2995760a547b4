"""Values of the user's: paths that a shell or a format would read, profiles, empty lists, folders that come later."""

import shutil

import pytest
from PIL import Image

from tests.workflow.conftest import SMALL

pytestmark = pytest.mark.slow

ALONE = {"sources": {}, "test_sets": ["rockets"], "export": False, "controls": False, "metrics": ["psnr"]}
INDEX = "results/small/predictions/theirs/elsewhere/rockets/index.csv"


def given(path: str) -> dict:
    return {**ALONE, "systems": {"theirs": {"kind": "predictions", "path": path}}}


def test_a_path_is_read_by_no_shell_and_no_format(fresh):
    folder = "it's p$(touch PWNED) {wildcards} {0}; `touch PWNED`"
    shutil.copytree(fresh.folder / "predicted/rockets", fresh.folder / folder / "rockets")
    config = fresh.configure(**given(f"{folder}/{{test_set}}"))
    result = fresh.snakemake(INDEX, "--configfile", str(config))
    assert result.returncode == 0, result.stdout + result.stderr
    assert (fresh.folder / INDEX).exists() and not (fresh.folder / "PWNED").exists()


def test_weights_may_lie_anywhere(fresh):
    weights = fresh.folder / "my {weights}/model $(touch PWNED) one.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"no weights")
    entry = {**SMALL["systems"]["aotgan"], "weights": str(weights.relative_to(fresh.folder))}
    config = fresh.configure(**{**ALONE, "systems": {"aotgan": entry}})
    result = fresh.snakemake(
        "results/small/predictions/aotgan/elsewhere/rockets/index.csv", "--configfile", str(config)
    )
    said = result.stdout + result.stderr
    assert "lacuna step predict:" in said and "model $(touch PWNED) one.safetensors" in said  # they were opened
    assert not (fresh.folder / "PWNED").exists()


def test_given_predictions_may_be_made_after_staging(fresh):
    config = ("--configfile", str(fresh.configure(**given("later/{test_set}"))))
    assert fresh.snakemake("results/small/lists/rockets.txt", *config).returncode == 0
    result = fresh.snakemake(INDEX, *config)
    said = result.stdout + result.stderr
    assert result.returncode != 0 and "Traceback" not in said
    assert "lacuna step import_predictions: " in said and "later/rockets" in said
    (fresh.folder / "later/rockets").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", SMALL["image_size"], (9, 80, 7)).save(fresh.folder / f"later/rockets/{number:04d}.png")
    assert fresh.snakemake(INDEX, *config).returncode == 0


def test_the_config_of_the_user_s_own_profile_is_taken(fresh):
    mine = fresh.configure(run="mine")
    profile = fresh.folder / "prof"
    profile.mkdir()
    (profile / "config.yaml").write_text(f"cores: 1\nconfigfile: {mine}\n")
    for words, run in ((["--profile", "prof"], "mine"), (["--configfile", str(mine)], "mine"), ([], "small")):
        result = fresh.snakemake("resolve_config", "--dry-run", *words)
        assert f"output: results/{run}/config.yaml" in result.stdout + result.stderr
