import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lacuna import digests

ROOT = Path(__file__).parents[1]


def modules_really_imported(module: str) -> set[str]:
    """Modules of ours in `sys.modules` after importing one, asked of a new interpreter."""
    program = f"import sys, {module}; print(*[m for m in sys.modules if m.split('.')[0] == 'lacuna'])"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_the_graph_holds_at_least_what_python_imports():
    for module in ("lacuna.systems.telea", "lacuna.metrics.per_image", "lacuna.plan"):
        assert modules_really_imported(module) <= set(digests.modules_used((module,)))


def test_a_system_does_not_reach_another():
    used = digests.modules_used(("lacuna.steps.predict", "lacuna.systems.telea"))
    assert "lacuna.systems.telea" in used
    assert not {"lacuna.systems.aotgan", "lacuna.training.loop", "lacuna.nn.losses"} & set(used)


def test_staging_and_masks_reach_no_system_and_no_metric():
    for command in ("stage", "make_masks", "pair"):
        used = digests.modules_used((f"lacuna.steps.{command}",))
        assert not [name for name in used if name.startswith(("lacuna.systems", "lacuna.metrics", "lacuna.nn"))]


def test_metrics_that_register_themselves_are_reached_and_kinds_of_data_are_not():
    scoring = digests.modules_used(("lacuna.steps.score",))
    assert {"lacuna.metrics.per_image.psnr", "lacuna.metrics.per_image._lpips"} <= set(scoring)
    assert not [name for name in scoring if name.endswith("__init__")]
    staging = digests.modules_used(("lacuna.steps.stage", "lacuna.data.image_sources.folder"))
    assert "lacuna.data.image_sources.package" not in staging
    masks = digests.modules_used(("lacuna.steps.make_masks", "lacuna.data.masks.boxes"))
    assert not {"lacuna.data.masks.strokes", "lacuna.data.masks.folder"} & set(masks)


def test_bytes_change_the_digest_and_file_times_do_not(tmp_path, monkeypatch):
    package = tmp_path / "lacuna"
    shutil.copytree(digests.PACKAGE, package)

    def fresh_digest(root: str) -> str:
        program = f"from lacuna.digests import code_digest; print(code_digest(({root!r},)))"
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    telea, stage = fresh_digest("lacuna.systems.telea"), fresh_digest("lacuna.steps.stage")
    (package / "systems" / "telea.py").touch()
    assert fresh_digest("lacuna.systems.telea") == telea
    with (package / "systems" / "telea.py").open("a") as file:
        file.write("\nEDITED = 1\n")
    assert fresh_digest("lacuna.systems.telea") != telea
    assert fresh_digest("lacuna.steps.stage") == stage


SOURCE = '''"""What it is for."""

import argparse
from dataclasses import dataclass
from typing import ClassVar


@dataclass
class Recipe:
    """Settings."""

    width: int = 4
    depth: int
    kinds: ClassVar[int] = 3


def area(width: int, height: int = 2) -> int:
    """Width times height."""
    # in pixels
    return width * height


def parser():
    made = argparse.ArgumentParser(description="Says what it does")
    made.add_argument("--width", help="of a picture", metavar="N", default=4)
    return made
'''


def meaning(tmp_path, text: str) -> str:
    """Digest of a module with that text."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.py"
    path.write_text(text)
    return digests._facts("lacuna.made_up", path)["digest"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# in pixels", "# in square pixels"),
        ('"""What it is for."""', '"""Another sentence."""'),
        ('"""Width times height."""', '"""Height times width."""'),
        ('    """Settings."""\n\n', ""),
        ("width: int = 4", "width: float = 4"),
        ("height: int = 2) -> int", "height=2)"),
        ('help="of a picture"', 'help="in pixels"'),
        ('metavar="N"', 'metavar="M"'),
        ("Says what it does", "Does what it says"),
        ("width * height", "(width\n        * height)"),
    ],
)
def test_what_changes_no_behaviour_changes_no_digest(tmp_path, old, new):
    assert old in SOURCE
    assert meaning(tmp_path, SOURCE) == meaning(tmp_path, SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("width: int = 4", "width: int = 5"),
        ("    depth: int\n", ""),
        ("depth: int", "height: int"),
        ("kinds: ClassVar[int] = 3", "kinds: int = 3"),
        ("height: int = 2", "height: int = 3"),
        ("width * height", "width + height"),
        ("default=4", "default=5"),
        ('"--width"', '"--height"'),
        ("import argparse\n", ""),
    ],
)
def test_what_changes_behaviour_changes_the_digest(tmp_path, old, new):
    assert old in SOURCE
    assert meaning(tmp_path, SOURCE) != meaning(tmp_path, SOURCE.replace(old, new))


def test_every_static_file_of_the_package_belongs_to_a_module_that_reads_it():
    modules = [
        ".".join(path.relative_to(digests.PACKAGE.parent).with_suffix("").parts)
        for path in digests.PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    ]
    read = {path for module in modules for path in digests.static_files(module)}
    files = {path for path in digests.PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in files if path.suffix not in {".py", ".typed"}} <= read
    assert {path.name for path in digests.static_files("lacuna.reporting.page.contents")} >= {"page.html"}


def test_a_template_is_in_the_digest_of_the_module_that_reads_it(tmp_path):
    package = tmp_path / "lacuna"
    shutil.copytree(digests.PACKAGE, package)

    def fresh_digest() -> str:
        program = "from lacuna.digests import module_digest; print(module_digest('lacuna.studio.assembling'))"
        return subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True).stdout

    before = fresh_digest()
    with (package / "studio/static/index.html").open("a") as file:
        file.write("<!-- edited -->")
    assert fresh_digest() != before


def test_what_scores_any_folders_reruns_no_step_of_the_workflow():
    used = digests.modules_used(("lacuna.steps.score",))
    assert "lacuna.metrics.scoring" in used
    assert not {"lacuna.folder_scores", "lacuna.backbones.fetching", "lacuna.reporting.bootstrap"} & set(used)
