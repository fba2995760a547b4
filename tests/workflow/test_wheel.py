"""An installed wheel plans and runs a config in an empty folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import snakemake

from lacuna import places
from tests.workflow.conftest import RESULT, ROOT, write_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel, built from a copy so that nothing is left in the repository."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("workflow", "envs", "profiles", "config"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    words = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source))
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The programs of an environment that holds the wheel, and sees the packages of this one, but not the checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    words = ("--python", str(python), "install", "--quiet", "--no-deps", str(wheel))
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "zz_others.pth").write_text(f"{Path(snakemake.__file__).parents[1]}\n")
    return folder / "bin"


def run(programs: Path, folder: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    command = [str(programs / "python"), "-m", *words]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=600)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-5000:]
    return said


def shipped_files(folder: Path) -> set[str]:
    kinds = ("workflow/Snakefile", "workflow/[rps]*/*.*", "envs/*.yaml", "config/**/*.yaml")
    kinds += ("profiles/**/*.yaml", "workflow/profiles/**/*.yaml")
    return {str(path.relative_to(folder)) for kind in kinds for path in folder.glob(kind)}


def test_the_wheel_holds_whatever_the_workflow_reads(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = shipped_files(ROOT)
    assert {"workflow/Snakefile", "workflow/rules/data.smk", "workflow/published/complexity.csv"} <= wanted
    assert not {f"lacuna/shipped/{name}" for name in wanted} - names
    package = {str(path.relative_to(places.PACKAGE)) for path in places.PACKAGE.rglob("*") if path.is_file()}
    package = {name for name in package if "__pycache__" not in name}
    assert not {f"lacuna/{name}" for name in package} - names


def test_an_installed_wheel_runs_a_config_in_an_empty_folder(installed, tmp_path):
    said = run(installed, tmp_path, "lacuna", "init", "mine")
    assert "Next: cd mine" in said
    folder = tmp_path / "mine"
    for name in ("config/config.yaml", "profiles/default/config.yaml"):
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()
    there, here = "profiles/slurm/config.yaml", "workflow/profiles/slurm/config.yaml"
    assert (folder / there).read_bytes() == (ROOT / here).read_bytes()
    assert "results/demo/report.html" in run(installed, folder, "snakemake", "-n")
    write_config(folder / "config/config.yaml")
    targets = [RESULT, "results/tiny/figures/rulegraph.svg", "results/tiny/tables/published_comparison.csv"]
    run(installed, folder, "snakemake", *targets)
    assert all((folder / path).stat().st_size > 0 for path in targets)
    assert "Nothing to be done" in run(installed, folder, "snakemake", *targets)
    assert "are what config/config.yaml asks for" in run(installed, folder, "lacuna", "check")
    assert '"commit": ""' in (folder / f"{RESULT}.job.json").read_text()
    # jobs import the package from a folder that holds nothing else
    assert [path.name for path in (folder / ".snakemake/lacuna/package").iterdir()] == ["lacuna"]


def test_a_folder_that_has_one_of_the_files_is_left_alone(installed, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("mine: 1\n")
    result = subprocess.run([installed / "lacuna", "init", "."], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "lacuna init: config/config.yaml is already there and stays as it is; name another folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["config"]
