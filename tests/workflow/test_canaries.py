"""A whole run whose every path and title is written for a shell, a format, a page and a path outside: nothing happens.

Code that runs would leave a file PWNED; files outside the results are counted.
"""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.workflow.conftest import SMALL, copy_repository, small_weights

SHELL = "$(touch PWNED) `touch PWNED`; touch PWNED & 'q' \"d\" {wildcards} {0} {input} %s \\ #"
MARKUP = "$x_{1}$ \\input{PWNED} <script>touch()</script> |include| ` `_ {{ 7*7 }} {% raw %} ../../PWNED"


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def hostile(folder: Path) -> dict:
    """A config, and the files that it names."""
    photographs, masks, given, weights = (
        f"{what} {SHELL}".replace("/", "") for what in ("photos", "holes", "given", "weights")
    )
    shutil.move(folder / "photographs", folder / photographs)
    shutil.copytree(folder / "predicted/mine", folder / given / "mine")
    (folder / masks).mkdir()
    for number in range(3):
        mask = Image.new("L", (48, 40), 0)
        mask.paste(255, (4 + 3 * number, 5, 20 + 5 * number, 24))
        mask.save(folder / masks / f"{number}.png")
    settings = small_weights(folder / weights / f"{SHELL}.safetensors")
    title = f"{SHELL} {MARKUP}"
    return {
        "title": title,
        "image_sets": {
            "mine": {
                "kind": "folder",
                "path": photographs,
                "count": 3,
                "crop": "random",
                "title": title,
                "licence": title,
                "note": title,
            }
        },
        "mask_sets": {"few": {"kind": "folder", "path": masks, "count": 3, "coverage": [0.01, 0.9], "bins": 1}},
        "sources": {},
        "train_masks": "few",
        "validation_masks": "few",
        "test_sets": ["mine"],
        "systems": {
            "telea": {"title": title},
            "theirs": {"kind": "predictions", "path": f"{given}/{{test_set}}", "title": title},
            "deepfillv2": {
                "settings": settings,
                "weights": f"{weights}/{SHELL}.safetensors",
                "title": title,
            },
        },
        "metrics": ["psnr"],
        "export": False,
        "studio": False,
        "controls": False,
    }


@pytest.mark.slow
def test_no_value_of_the_user_s_is_executed_and_nothing_is_written_outside_the_results(tmp_path):
    (tmp_path / "above").mkdir()
    repository = copy_repository(tmp_path / "above")
    changes = hostile(repository.folder)
    config = repository.configure(**{**SMALL, **changes})
    before = files_of(tmp_path)
    result = repository.snakemake("--configfile", str(config), "--resources", "gpu=0")
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    reported = repository.snakemake("--configfile", str(config), "--report", "results/small/snakemake.zip")
    assert reported.returncode == 0, (reported.stdout + reported.stderr)[-4000:]
    new = files_of(tmp_path) - before
    assert not [name for name in new if "PWNED" in name]
    outside = {name for name in new if not name.startswith(("above/results/", "above/.snakemake/"))}
    assert not {name for name in outside if "__pycache__" not in name}
    page = (repository.folder / "results/small/report.html").read_text()
    assert "<script>touch()" not in page and "&lt;script&gt;touch()" in page and "{{ 7*7 }}" in page
