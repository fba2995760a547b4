"""One set of versions: pyproject.toml, requirements.lock, conda's environments, the image and the rules agree."""

import ast
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lacuna.digests import PACKAGE, modules_used

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
PYTHON = "3.11"
PYTHONS = ["3.11", "3.12", "3.13"]

OF_USERS = ("archives", "heic", "hub")  # extras for data that not everybody has; an error says which is missing

# Reports read the facts of metrics, which stand beside their functions; what those functions import is never called.
# Steps are given experiments as the plan read them, and read no YAML.
NEVER_CALLED = {
    "report": {"onnxruntime-gpu", "opencv-python-headless", "safetensors", "scikit-learn", "torch"},
    "torch": {"pyyaml"},
}


def marker_environment(python: str = PYTHON) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "extra": "",
    }


def locked(python: str = PYTHON) -> dict[str, str]:
    """name → version that the lock gives to a Python on x86-64 Linux."""
    found = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            if requirement.marker is None or requirement.marker.evaluate(marker_environment(python)):
                name = canonicalize_name(requirement.name)
                assert name not in found, f"{name} is locked twice"
                found[name] = str(requirement.specifier).removeprefix("==")
    return found


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def applicable(requirements: list[str], python: str = PYTHON) -> list[Requirement]:
    parsed = map(Requirement, requirements)
    return [each for each in parsed if each.marker is None or each.marker.evaluate(marker_environment(python))]


def conda(path: Path) -> tuple[list[str], list[Requirement]]:
    """What an environment takes from conda, and what it takes through pip on x86-64 Linux."""
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    plain = [each for each in dependencies if isinstance(each, str)]
    (piped,) = (each["pip"] for each in dependencies if isinstance(each, dict))
    return plain, applicable(piped)


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project(python):
    versions = locked(python)
    optional = project()["optional-dependencies"]
    for requirement in applicable([*project()["dependencies"], *optional["dev"]], python):
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is in pyproject.toml but not in requirements.lock; run `make lock`"
        assert requirement.specifier.contains(versions[name], prereleases=True), f"{requirement} but {versions[name]}"


def test_every_locked_file_has_a_hash():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text().strip())
    assert len(blocks) > 50 and all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_pins_the_versions_of_the_lock(path):
    plain, piped = conda(path)
    assert plain == [f"python={PYTHON}", "pip"]
    assert Requirement(f"python{project()['requires-python']}").specifier.contains(PYTHON)
    versions = locked()
    for requirement in piped:
        expected = versions.get(canonicalize_name(requirement.name))
        assert str(requirement.specifier) == f"=={expected}", (
            f"envs/{path.name} asks for {requirement}, but requirements.lock has {expected}"
        )


def test_every_dependency_of_the_project_is_in_some_environment():
    covered = {canonicalize_name(each.name) for path in ENVIRONMENTS for each in conda(path)[1]}
    wanted = {canonicalize_name(each.name) for each in applicable(project()["dependencies"])}
    # setuptools only installs this package; in a conda environment the rules find it through PYTHONPATH
    assert wanted - covered == {"setuptools"}


@cache
def imported_by(module: str) -> frozenset[str]:
    """What one of our modules imports, inside functions too."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return frozenset(names)


@cache
def installed_by() -> Mapping[str, list[str]]:
    """Top-level module → the distributions that it is found in."""
    return packages_distributions()


def third_parties(modules: tuple[str, ...]) -> set[str]:
    """Names of the distributions that our modules import."""
    names, installed = set().union(*map(imported_by, modules)), installed_by()
    names -= {PACKAGE.name, *sys.stdlib_module_names}
    # cv2 may be found in two places; any one of a module's distributions will do
    return {canonicalize_name(min(installed[name])) for name in names}


def commands_of_rules() -> set[tuple[str, str]]:
    """(environment, command) of every rule, from the text of the rules."""
    found = set()
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            environment = re.search(r"envs/(\w+)\.yaml", rule)
            assert environment, f"rule {rule.split(':')[0]} in {path.name} names no environment"
            found.update((environment[1], command) for command in re.findall(r"-m lacuna step ([a-z_]+)", rule))
    return found


def test_rules_name_environments_that_exist():
    assert {environment for environment, _ in commands_of_rules()} == {path.stem for path in ENVIRONMENTS}


@pytest.mark.parametrize(("environment", "command"), sorted(commands_of_rules()))
def test_an_environment_has_what_its_commands_import(environment, command):
    roots = ["lacuna.cli", "lacuna.arguments", "lacuna.sidecars", "lacuna.task", f"lacuna.steps.{command}"]
    if environment == "torch":  # systems are found by name
        roots += [f"lacuna.systems.{path.stem}" for path in (PACKAGE / "systems").glob("[a-z]*.py")]
    provided = {canonicalize_name(each.name) for each in conda(ROOT / "envs" / f"{environment}.yaml")[1]} | {"pip"}
    extras = project()["optional-dependencies"]
    asked_for = {canonicalize_name(Requirement(each).name) for name in OF_USERS for each in extras[name]}
    missing = third_parties(modules_used(tuple(roots))) - provided - NEVER_CALLED.get(environment, set()) - asked_for
    assert not missing, f"envs/{environment}.yaml lacks {', '.join(missing)}, which `lacuna step {command}` imports"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_a_clone_that_was_moved_makes_its_environment_again(tmp_path):
    """The environment's programs name the folder that they were made in."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    installed = tmp_path / ".venv" / ".installed"
    installed.parent.mkdir()

    def commands(where) -> str:
        installed.write_text(f"{where}\n")
        return subprocess.run(["make", "-n", "demo"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "-m venv" not in commands(tmp_path)
    assert "-m venv --clear .venv" in commands(tmp_path.parent / "before")


@cache
def image_lock():
    """The function of `envs/image_lock.py`, which is in no package."""
    return runpy.run_path(str(ROOT / "envs" / "image_lock.py"))["locked"]


def requirements(text: str) -> dict[str, Requirement]:
    """name → requirement of a text in the form of the lock, as a Python of the image reads it."""
    lines = [line.removesuffix("\\").strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return {canonicalize_name(each.name): each for each in applicable(lines)}


def test_the_image_has_the_python_of_the_environments_and_the_versions_of_the_lock():
    text = (ROOT / "Containerfile").read_text()
    assert re.search(r"^ARG BASE=python:([\d.]+)-", text, re.MULTILINE)[1] == PYTHON
    copied = re.search(r"^COPY (.*) \S+$", text, re.MULTILINE)[1].split()
    assert copied == ["requirements.lock", "envs/image_lock.py"] and all((ROOT / path).is_file() for path in copied)
    assert set((ROOT / ".containerignore").read_text().split()) == {"*", *(f"!{path}" for path in copied)}
    lock = (ROOT / "requirements.lock").read_text()
    assert image_lock()(lock, "cuda").strip() == lock.strip()


def test_the_image_for_the_cpu_leaves_out_cuda_alone():
    lock = (ROOT / "requirements.lock").read_text()
    some, whole = image_lock()(lock, "cpu"), requirements(lock)
    elsewhere = image_lock()(lock, "cpu", "torch").split()
    assert elsewhere == [f"torch{whole['torch'].specifier}", f"torchvision{whole['torchvision'].specifier}"]
    kept = requirements(some)
    left = {name for name in whole if name not in kept} - {"torch", "torchvision"}
    assert "nvidia-ml-py" not in left and "onnxruntime-gpu" in left
    assert all(re.match("nvidia-|cuda-|triton$|onnxruntime-gpu$", name) for name in left)
    assert kept.pop("onnxruntime").specifier == whole["onnxruntime-gpu"].specifier
    assert {name: str(each.specifier) for name, each in kept.items()} == {
        name: str(whole[name].specifier) for name in kept
    }
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[A-Za-z0-9])", some.strip()))
