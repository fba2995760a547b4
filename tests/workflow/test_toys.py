"""A thing of each kind, added by the one file that CONTRIBUTING.md names, is planned, run, and in the report.

To cover another kind of thing, add its file to `TOYS`, what asks for it to `CONFIG`, and what shows it to `SHOWN`.
"""

import json
import subprocess
import sys

import pytest

from tests.workflow.conftest import SMALL, copy_repository

pytestmark = pytest.mark.slow
PACKAGE = "workflow/lacuna"

TOYS = {
    f"{PACKAGE}/systems/toy_grey.py": '''
"""Grey in the hole."""

from lacuna.systems._classical import Classical
from lacuna.systems._facts import Facts


class ToyGrey(Classical):
    """Every hole becomes grey."""

    facts = Facts(
        name="toy_grey", title="Toy grey", paper="A toy", year=2000, licence="none", kind="classical"
    )

    def fill(self, image, mask):
        filled = image.copy()
        filled[mask] = 117
        return filled


SYSTEM = ToyGrey
''',
    f"{PACKAGE}/metrics/per_image/toy_error.py": '''
"""Toy error."""

from lacuna.metrics.facts import metric


@metric(
    title="Toy error",
    unit="",
    direction="lower",
    range=(0.0, 1.0),
    space="green, 8 bit",
    decimals=3,
    note="The mean difference of the green channel.",
    minimal_size=20,
)
def toy_error(predictions, truths):
    """A toy."""
    maps = abs(predictions[..., 1].astype(float) - truths[..., 1]) / 255
    return maps.mean(axis=(-2, -1)), maps
''',
    f"{PACKAGE}/data/masks/toy_rows.py": '''
"""Toy rows: whole rows from the top."""

from dataclasses import dataclass

from lacuna.keys import key


@dataclass(frozen=True)
class Options:
    """How the rows lie."""

    first: int = key("first row that is hole", 0, minimum=0, maximum=4)


def draw(rng, size, fewest, most, options):
    """Full rows, and the rest of the pixels in the row after them."""
    import numpy as np

    width, height = size
    mask = np.zeros(width * height, np.uint8)
    start = options.first * width
    mask[start : start + int(rng.integers(fewest, most + 1))] = 255
    return mask.reshape(height, width)
''',
    f"{PACKAGE}/data/image_sources/toy_ramps.py": '''
"""Toy ramps: pictures that a formula makes."""

from dataclasses import dataclass
from pathlib import Path

from lacuna.canonical import digest
from lacuna.data.origins import Origin, Photographs
from lacuna.keys import key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which ramps."""

    steepness: int = key("levels from one column to the next", minimum=1, maximum=5)


def check(entry, where):
    """Nothing can be wrong with a formula."""


def photographs(settings):
    """Five ramps, and no file passed over."""
    ramps = [Origin(f"ramp {i}", digest(str(i)), str(i), Path(__file__)) for i in range(5)]
    return Photographs(ramps, lambda place: (_ramp(settings["steepness"], int(place)), False))


def _ramp(steepness, i):
    import numpy as np
    from PIL import Image

    values = np.tile(np.arange(50, dtype=np.uint8) * steepness, (44, 1))
    return Image.fromarray(np.stack([values, values + np.uint8(i), 255 - values], axis=-1))
''',
}

CONFIG = {
    "run": "toys",
    "image_sets": {
        **SMALL["image_sets"],
        "ramps": {"kind": "toy_ramps", "steepness": 4, "count": 3, "title": "Toy ramps", "licence": "toy licence"},
    },
    "mask_sets": {
        "many": SMALL["mask_sets"]["many"],
        "few": {"kind": "toy_rows", "count": 3, "bins": 3, "coverage": [0.05, 0.5], "options": {"first": 2}},
    },
    "test_sets": ["ramps"],
    "systems": {"telea": None, "toy_grey": {}},
    "metrics": ["psnr", "toy_error"],
    "export": False,
}

# What the report says of each of them.
SHOWN = ["Toy grey", "Toy error", "Toy ramps", "toy licence", "toy rows"]


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A copy of the repository with the toys in it, and the config that asks for them."""
    repository = copy_repository(tmp_path_factory.mktemp("toys"))
    for name, text in TOYS.items():
        (repository.folder / name).write_text(text.lstrip())
    repository.config = str(repository.configure(**CONFIG))
    return repository


def lacuna(repository, *arguments: str) -> str:
    """What a command of the copy prints."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=repository.folder,
        env={"PYTHONPATH": str(repository.folder / "workflow"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_toys_are_planned_run_and_reported(toys):
    plan = toys.would_run("--configfile", toys.config)
    assert {"predict:toy_grey", "stage:ramps", "make_masks:few", "report"} <= plan
    result = toys.snakemake("results/toys/report.html", "--configfile", toys.config)
    assert result.returncode == 0, result.stdout + result.stderr
    report = (toys.folder / "results" / "toys" / "report.html").read_text()
    assert [text for text in SHOWN if text not in report] == []
    card = json.loads((toys.folder / "results" / "toys" / "masks" / "few" / "card.json").read_text())
    assert card["kind"] == "toy_rows" and card["options"] == {"first": 2}


@pytest.mark.parametrize(
    ("file", "again"),
    [
        (f"{PACKAGE}/systems/toy_grey.py", {"predict:toy_grey", "score:toy_grey"}),
        (f"{PACKAGE}/metrics/per_image/toy_error.py", {"score:telea", "score:toy_grey", "tabulate_scores"}),
        (f"{PACKAGE}/data/masks/toy_rows.py", {"make_masks:few", "predict:telea"}),
        (f"{PACKAGE}/data/image_sources/toy_ramps.py", {"stage:ramps", "predict:telea"}),
    ],
)
def test_an_edited_toy_is_used_again_and_nothing_else_of_its_kind(toys, file, again):
    """Needs the run of the test above."""
    target = "results/toys/report.html"
    assert toys.would_run(target, "--configfile", toys.config) == set()
    with toys.edit(file, "\nEDITED = 1\n"):
        jobs = toys.would_run(target, "--configfile", toys.config)
    assert again <= jobs
    assert ("predict:telea" in jobs) == ("predict:telea" in again)
    assert not {"stage:scenes_train", "make_masks:many"} & jobs


def test_mistakes_in_a_toys_keys_are_found_by_the_plan(toys):
    sets = CONFIG["mask_sets"]
    wrong = toys.configure(**CONFIG | {"mask_sets": {**sets, "few": {**sets["few"], "options": {"first": 5}}}})
    output = toys.snakemake("--configfile", str(wrong), "--dry-run")
    assert "mask_sets.few.options.first is 5; give a whole number from 0 to 4" in output.stdout + output.stderr
    wrong = toys.configure(**CONFIG, image_size=16)
    output = toys.snakemake("--configfile", str(wrong), "--dry-run")
    assert "Toy error needs images of at least 20×20 pixels" in output.stdout + output.stderr


def test_documents_and_commands_show_the_toys(toys):
    for folder in ("config", "docs"):
        (toys.folder / folder).mkdir(exist_ok=True)
    readme = toys.folder / "config" / "README.md"
    readme.write_text(
        "".join(f"<!-- keys: {name} -->\n<!-- end -->\n" for name in ("config", "masks", "image_sources"))
    )
    lacuna(toys, "lacuna.config")
    text = readme.read_text()
    for shown in ("toy_error", "Toy rows", "| `toy_rows`, in `options` | `first` | `0`", "`steepness`"):
        assert shown in text
    schemas = [path.read_text() for path in (toys.folder / "workflow" / "schemas").iterdir()]
    assert all(any(name in text for text in schemas) for name in ("toy_error", "toy_rows", "toy_ramps"))
    assert "toy_error" in lacuna(toys, "lacuna", "metrics", "--json")
    assert "toy_grey" in lacuna(toys, "lacuna", "systems")
