"""A copy of the repository with a very small config, on which the DAG can be run and edited."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]

SMALL = {
    "run": "small",
    "title": "A very small comparison for the tests of the DAG",
    "demonstration": True,
    "seed": 7,
    "image_size": [48, 40],
    "image_sets": {
        "scenes_train": {"kind": "package", "images": ["skimage:data/coffee.png"], "count": 5, "crop": "random"},
        "scenes_val": {"kind": "package", "images": ["skimage:data/chelsea.png"], "count": 3, "crop": "random"},
        "rockets": {"kind": "package", "images": ["skimage:data/rocket.jpg"], "count": 3, "crop": "random"},
        "mine": {"kind": "folder", "path": "photographs", "count": 3, "crop": "random"},
    },
    "mask_sets": {
        "many": {"kind": "strokes", "count": 7, "bins": 2},
        "few": {"kind": "boxes", "count": 3, "bins": 3, "coverage": [0.05, 0.5]},
    },
    "sources": {"scenes": {"train": "scenes_train", "validation": "scenes_val"}},
    "train_masks": "many",
    "validation_masks": "few",
    "test_sets": ["rockets", "mine"],
    "test_masks": "few",
    "systems": {
        "telea": None,
        "theirs": {"kind": "predictions", "path": "predicted/{test_set}", "title": "Somebody's"},
        "aotgan": {"settings": {"width": 4, "blocks": 1, "rates": [1, 2], "feature_network": "vgg16"}},
    },
    "training": {"iterations": 2, "batch_size": 2, "validate_every": 1, "checkpoint_every": 1},
    "metrics": ["psnr", "ssim", "l1", "lpips_alex"],
    "figures": {"qualitative_images": 1},
    "cost": {"seconds": 0.05, "largest_batch_cpu": 2},
}


def small_weights(path: Path) -> dict:
    """Write weights of a small, untrained network as `lacuna train` does; return its settings."""
    import torch
    from safetensors.torch import save_file

    from lacuna import systems

    settings = {"width": 4, "discriminator_width": 4}
    torch.manual_seed(0)
    path.parent.mkdir(parents=True)
    note = {"lacuna": json.dumps({"system": "deepfillv2", "settings": settings})}
    save_file(systems.create("deepfillv2", **settings).network.state_dict(), path, note)
    return settings


@dataclass
class Repository:
    """A checkout to run Snakemake in."""

    folder: Path

    def snakemake(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess:
        """Run Snakemake there; never raises."""
        command = [sys.executable, "-m", "snakemake", "--cores", "4", *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=environment, timeout=timeout
        )

    def would_run(self, *arguments: str) -> set[str]:
        """`rule` or `rule:system` of every job that a dry run lists."""
        result = self.snakemake("--dry-run", *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        jobs, rule = set(), None
        for line in (result.stdout + result.stderr).splitlines():
            words = line.split()
            if len(words) == 2 and words[0] in ("rule", "localrule") and words[1].endswith(":"):
                rule = words[1].rstrip(":")
                jobs.add(rule)
            elif rule and words[:1] == ["wildcards:"]:
                values = dict(part.strip().split("=", 1) for part in line.split(":", 1)[1].split(","))
                jobs.update(f"{rule}:{value}" for value in values.values())
        return jobs - {"all"}

    def edit(self, file: str, text: str = "\nEDITED = 1\n") -> "Edited":
        """Append to a file within a `with` block."""
        return Edited(self.folder / file, text)

    def configure(self, **changes) -> Path:
        """A config file beside the default one, with top-level keys replaced."""
        path = self.folder / "config" / "changed.yaml"
        path.write_text(yaml.safe_dump({**SMALL, **changes}, sort_keys=False))
        return path


class Edited:
    """A file with text appended, put back afterwards."""

    def __init__(self, path: Path, text: str):
        self.path, self.text = path, text

    def __enter__(self):
        self.before = self.path.read_bytes()
        self.path.write_bytes(self.before + self.text.encode())

    def __exit__(self, *_):
        self.path.write_bytes(self.before)


def copy_repository(folder: Path) -> Repository:
    """The workflow, a small config, three photographs, and the downloads of backbones that are already there."""
    shutil.copy(ROOT / "Snakefile", folder)
    for name in ("workflow", "envs", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(SMALL, sort_keys=False))
    (folder / "photographs" / "deeper").mkdir(parents=True)
    data = Path(__import__("skimage").__file__).parent / "data"
    for source, target in {"astronaut.png": "a.png", "camera.png": "deeper/b.png", "coins.png": "c.png"}.items():
        shutil.copy(data / source, folder / "photographs" / target)
    for test_set in SMALL["test_sets"]:
        (folder / "predicted" / test_set).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", SMALL["image_size"], (90, 100, 110)).save(folder / "predicted" / test_set / f"{i:04d}.png")
    downloads = ROOT / "results" / "backbones" / "downloads"
    if downloads.is_dir():
        (folder / "results" / "backbones").mkdir(parents=True)
        (folder / "results" / "backbones" / "downloads").symlink_to(downloads)
    return Repository(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Repository:
    """A copy in which the whole small DAG has run."""
    repository = copy_repository(tmp_path_factory.mktemp("finished"))
    result = repository.snakemake()
    assert result.returncode == 0, result.stdout + result.stderr
    return repository


@pytest.fixture
def fresh(tmp_path) -> Repository:
    """A copy in which nothing has run."""
    return copy_repository(tmp_path)


# For tests that use the workflow from folders of their own.

TINY = {
    **SMALL,
    "run": "tiny",
    "image_sets": {"rockets": SMALL["image_sets"]["rockets"]},
    "sources": {},
    "train_masks": "few",
    "test_sets": ["rockets"],
    "systems": {"telea": None},
    "metrics": ["psnr"],
    "studio": False,
}
RESULT = "results/tiny/predictions/telea/untrained/rockets/index.csv"
NAME = 'it\'s a "clone" with $spaces, ümläuts & 図'


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """What a clone holds, without results, in a folder with an awkward name that is read-only."""
    folder = tmp_path_factory.mktemp("clones") / NAME
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for name in ("workflow", "envs", "profiles", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    folders = [folder, *(each for each in folder.rglob("*") if each.is_dir())]
    for each in folders:
        each.chmod(0o555)
    yield folder
    for each in folders:
        each.chmod(0o755)


@pytest.fixture
def here(tmp_path) -> Path:
    """A folder of the user's, with a config."""
    folder = tmp_path / "the user's own, größer"
    (folder / "config").mkdir(parents=True)
    write_config(folder / "config/config.yaml")
    return folder


def write_config(path: Path, **changes) -> Path:
    path.write_text(yaml.safe_dump({**TINY, **changes}, sort_keys=False))
    return path


def command(folder: Path, *words: str, package: Path | None = None) -> subprocess.CompletedProcess:
    """Run `python -m …` there, with the package of the clone or none; what was written into the clone is an error."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    if package:
        environment["PYTHONPATH"] = str(package)
    words = (sys.executable, "-m", *words)
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, timeout=600)


def run_snakemake(folder: Path, *words: str, package: Path | None = None) -> str:
    """What Snakemake says; a failure of it is an error."""
    result = command(folder, "snakemake", "--cores", "2", *words, package=package)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-5000:]
    return said
