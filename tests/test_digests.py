import shutil
import subprocess
import sys
from pathlib import Path

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


def test_what_scores_any_folders_reruns_no_step_of_the_workflow():
    used = digests.modules_used(("lacuna.steps.score",))
    assert "lacuna.metrics.scoring" in used
    assert not {"lacuna.folder_scores", "lacuna.backbones.fetching", "lacuna.reporting.bootstrap"} & set(used)
