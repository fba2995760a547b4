"""A comparison of one kind of system alone, without sources, reaches its report."""

import pytest
import yaml

from lacuna.plan import Plan
from tests.workflow.conftest import SMALL, small_weights
from tests.workflow.killing import Killer

SMALLEST = {"width": 4, "discriminator_width": 4}
ALONE = {
    "classical": {"telea": None, "navier_stokes": None},
    "predictions": {"theirs": {"kind": "predictions", "path": "predicted/{test_set}"}},
    "released weights": {"deepfillv2": {"settings": SMALLEST, "weights": "some weights/deepfillv2.safetensors"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALONE)
def test_one_kind_of_system_alone_reaches_a_report(fresh, monkeypatch, kind):
    monkeypatch.chdir(fresh.folder)
    if kind == "released weights":
        assert small_weights(fresh.folder / "some weights/deepfillv2.safetensors") == SMALLEST
    changes = {"sources": {}, "test_sets": ["rockets"], "systems": ALONE[kind], "metrics": ["psnr"], "studio": False}
    config = fresh.folder / "config/alone.yaml"
    config.write_text(yaml.safe_dump({**SMALL, **changes}, sort_keys=False))
    assert {"report", "score"} <= fresh.would_run("--configfile", str(config))
    jobs = Plan.of_file(config).jobs()
    assert "train" not in {job.stage for job in jobs}
    Killer(fresh.folder, jobs, fresh.folder / "log.txt").make()
    page = (fresh.folder / "results/small/report.html").read_text()
    assert SMALL["title"] in page
    for label in ALONE[kind]:
        assert label in (fresh.folder / "results/small/tables/quantitative.csv").read_text()
