"""The workflow is used from any folder, as a module, from git: results and notes go where the user works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import RESULT, TINY, command, run_snakemake, write_config

pytestmark = pytest.mark.slow


def files_of(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def module(snakefile: str, name: str = "lacuna", using: str = "", more: str = "", config: str = "config") -> str:
    """What a user writes; `snakefile` and `config` are Python."""
    said = f"module {name}:\n    snakefile: {snakefile}\n    config: {config}\n{more}"
    return f"{said}\nuse rule * from {name}{using}\n\n"


def committed(clone: Path, folder: Path) -> Path:
    """A repository of git that holds the clone."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    repository = folder / "repository"
    shutil.copytree(clone, repository)
    for each in (repository, *(path for path in repository.rglob("*") if path.is_dir())):
        each.chmod(0o755)
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "All")):
        subprocess.run([*git, *words], cwd=repository, check=True)
    return repository


def use(here: Path, *modules: str) -> None:
    (here / "Snakefile").write_text('configfile: "config/config.yaml"\n\n' + "".join(modules))


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_a_snakefile_of_another_folder(clone, here, tmp_path, snakefile):
    link = tmp_path / "a link"
    link.symlink_to(clone)
    before = files_of(clone)
    assert "rule predict:" in run_snakemake(here, "-s", str(link / snakefile), RESULT)
    assert (here / RESULT).is_file() and (here / ".snakemake/lacuna/syntax").is_dir()
    assert "Nothing to be done" in run_snakemake(here, "-s", str(link / snakefile), RESULT)
    assert files_of(clone) == before
    checked = command(here, "lacuna", "check", package=clone / "workflow")
    assert checked.stdout.startswith("all 4 results of the run 'tiny' are what config/config.yaml asks for")
    why = command(here, "lacuna", "why", RESULT, package=clone / "workflow")
    assert "made by predict (telea, untrained, rockets)" in why.stdout
    assert "It is what config/config.yaml asks for now" in why.stdout


def test_a_directory_given_to_snakemake(clone, here, tmp_path):
    config = write_config(tmp_path / "mine.yaml")
    before = files_of(tmp_path)
    wanted = "results/tiny/lists/rockets.txt"
    said = run_snakemake(clone, wanted, "-d", str(here), "--configfile", str(config))
    assert "rule make_masks:" in said
    assert (here / wanted).is_file()
    new = files_of(tmp_path) - before
    assert new and all(path.is_relative_to(here) for path in new)


def test_a_folder_without_a_config_gets_the_demonstration(clone, tmp_path):
    said = run_snakemake(tmp_path, "-s", str(clone / "Snakefile"), "-n", "results/demo/lists/place2_train.txt")
    assert "results/demo/lists/place2_train.txt" in said


def test_results_on_another_file_system(clone, here, tmp_path_factory):
    away = next((path for path in map(Path, ("/dev/shm",)) if os.access(path, os.W_OK)), None)
    if away is None or away.stat().st_dev == here.stat().st_dev:
        pytest.skip("there is no second file system here that can be written to")
    folder = away / tmp_path_factory.mktemp("away").name
    folder.mkdir()
    try:
        (here / "results").symlink_to(folder)
        run_snakemake(here, "-s", str(clone / "Snakefile"), RESULT)
        assert (folder / RESULT.removeprefix("results/")).is_file()
        assert "Nothing to be done" in run_snakemake(here, "-s", str(clone / "Snakefile"), RESULT)
    finally:
        shutil.rmtree(folder)


def test_a_module_from_a_path(clone, here):
    use(here, module(repr(str(clone / "workflow/Snakefile"))))
    said = run_snakemake(here, "-n").splitlines()
    assert {"rule report:", "rule tabulate_scores:", "rule pair:"} <= set(said)
    run_snakemake(here, RESULT)
    assert "Nothing to be done" in run_snakemake(here, RESULT)


def test_a_module_with_a_prefix_and_other_names(clone, here):
    """Its paths are those below the prefix, in the job's own text as well; what is drawn of the rules needs none."""
    more = '    prefix: "in painting"\n'
    use(here, module(repr(str(clone / "workflow/Snakefile")), using=" as x_*", more=more))
    with (here / "Snakefile").open("a") as stream:
        stream.write('print("local:", *sorted(workflow._localrules))')
    said = run_snakemake(here, "-n")
    local = ("all", "fetch_backbone", "fetch_data", "fetch_web_runtime", "pair", "resolve_config")
    assert " ".join(["local:", *(f"x_{name}" for name in local)]) in said.splitlines()
    targets = [f"in painting/{RESULT}", "in painting/results/tiny/figures/rulegraph.svg"]
    said = run_snakemake(here, *targets)
    assert "rule x_predict:" in said
    assert all((here / path).is_file() for path in targets) and not (here / "results").exists()
    assert (here / f"in painting/{RESULT}.job.json").is_file()
    assert "Nothing to be done" in run_snakemake(here, *targets)
    results = ("--results", "in painting/results")
    checked = command(here, "lacuna", "check", *results, package=clone / "workflow")
    assert checked.stdout.startswith("all 6 results of the run 'tiny' are what config/config.yaml asks for")
    why = command(here, "lacuna", "why", targets[0], *results, package=clone / "workflow")
    assert "It is what config/config.yaml asks for now" in why.stdout
    (here / f"in painting/{RESULT}").write_text("edited\n")
    checked = command(here, "lacuna", "check", *results, package=clone / "workflow")
    assert checked.returncode == 1 and "edited or lost since it was made" in checked.stdout


def test_the_whole_run_of_a_module_with_a_prefix(clone, here):
    use(here, module(repr(str(clone / "workflow/Snakefile")), using=" as x_*", more='    prefix: "inpainting/"\n'))
    run_snakemake(here)
    page = here / "inpainting/results/tiny/report.html"
    assert TINY["title"] in page.read_text()
    assert "Nothing to be done" in run_snakemake(here)
    assert not (here / "results").exists()
    run_snakemake(here, "--report", "report.zip")
    assert (here / "report.zip").stat().st_size > 0


def test_two_modules_with_other_configs_at_once(clone, here):
    write_config(here / "config/other.yaml", run="other", seed=8, systems={"navier_stokes": None})
    modules = [
        module(
            repr(str(clone / "workflow/Snakefile")),
            name=name,
            using=f" as {name}_*",
            more=f'    prefix: "{name}"\n',
            config=f'yaml.safe_load(open("config/{config}.yaml"))',
        )
        for name, config in (("first", "config"), ("second", "other"))
    ]
    (here / "Snakefile").write_text("import yaml\n\n" + "".join(modules))
    targets = [f"first/{RESULT}", "second/results/other/predictions/navier_stokes/untrained/rockets/index.csv"]
    said = run_snakemake(here, *targets)
    assert "rule first_predict:" in said and "rule second_predict:" in said
    assert all((here / path).is_file() for path in targets)
    assert "Nothing to be done" in run_snakemake(here, *targets)


def test_a_module_from_git(clone, here, tmp_path):
    """Git gives the rules; the package is one that is installed."""
    repository = committed(clone, tmp_path)
    source = f'gitfile("{repository}", path="workflow/Snakefile", ref="main")'
    use(here, module(source, using=" as x_*"))
    said = run_snakemake(here, RESULT, package=clone / "workflow")
    assert "rule x_predict:" in said and (here / RESULT).is_file()
    assert "Nothing to be done" in run_snakemake(here, RESULT, package=clone / "workflow")


SNAKEDEPLOY = (sys.executable, "-c", "from snakedeploy.client import main; main()")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="snakedeploy has no release for this Python")
def test_a_deployed_workflow(clone, tmp_path):
    """A repository on this disk is written as a path relative to itself: nobody but a test deploys one."""
    repository = committed(clone, tmp_path)
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    words = ("deploy-workflow", str(repository), str(deployed), "--branch", "main", "--name", "lacuna")
    result = subprocess.run((*SNAKEDEPLOY, *words), capture_output=True, text=True)
    assert result.returncode == 0 and "error prone" not in result.stderr, result.stderr
    snakefile = deployed / "workflow/Snakefile"
    text = snakefile.read_text()
    snakefile.write_text(text.replace('"workflow/Snakefile"', repr(str(repository / "workflow/Snakefile"))))
    write_config(deployed / "config/config.yaml")
    assert "profiles/default for setting default" in run_snakemake(deployed, RESULT)
    assert "Nothing to be done" in run_snakemake(deployed, RESULT)


APPTAINER = """#!/bin/bash
if [ "$1" = --version ]; then echo "apptainer version 1.3.4"; exit; fi
echo "$*" >> "$(dirname "$0")/asked"
exec bash -c "${!#}"
"""


def test_jobs_in_a_container(clone, here, tmp_path, monkeypatch):
    """A stand-in takes the place of Apptainer: it notes what it is asked, and runs the job without a container."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "apptainer").write_text(APPTAINER)
    (programs / "apptainer").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    run_snakemake(here, "-s", str(clone / "Snakefile"), "results/tiny/lists/rockets.txt")
    assert "Nothing to be done" in run_snakemake(here, "-s", str(clone / "Snakefile"), "results/tiny/lists/rockets.txt")
    words = ("-s", str(clone / "Snakefile"), "--sdm", "apptainer", "--apptainer-args=--nv", RESULT)
    result = command(here, "snakemake", "--cores", "2", *words, package=clone / "workflow")
    assert result.returncode == 1
    assert "runs jobs in the image lacuna.sif, which is not there; build it" in result.stdout + result.stderr
    (here / "lacuna.sif").write_text("an image\n")
    run_snakemake(here, *words)
    asked = (programs / "asked").read_text().splitlines()
    assert len(asked) > 1 and all(" --nv " in line and " lacuna.sif " in line for line in asked)
    assert any("lacuna step predict" in line for line in asked)
    assert "Nothing to be done" in run_snakemake(here, *words)
    monkeypatch.setenv("LACUNA_IMAGE", str(tmp_path / "other.sif"))
    result = command(here, "snakemake", "--cores", "2", *words, package=clone / "workflow")
    assert f"runs jobs in the image {tmp_path / 'other.sif'}, which is not there" in result.stdout + result.stderr


def test_a_module_without_the_package_says_so(clone, here, tmp_path):
    rules = tmp_path / "rules without a package"
    shutil.copytree(clone / "workflow", rules, ignore=shutil.ignore_patterns("lacuna"))
    use(here, module(repr(str(rules / "Snakefile"))))
    program = "import sys; sys.path[:] = [p for p in sys.path if 'workflow' not in p]; "
    program += "from snakemake.cli import main; main(['-n', '--cores', '1'])"
    result = subprocess.run([sys.executable, "-c", program], cwd=here, capture_output=True, text=True)
    assert result.returncode == 1
    assert "the Python package lacuna is not installed beside Snakemake" in result.stdout + result.stderr
