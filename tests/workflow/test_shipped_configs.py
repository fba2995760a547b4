"""Every shipped config is planned on stand-ins of its folders; the original comparison also runs, smaller."""

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from lacuna.config.reading import read_config
from lacuna.plan import Plan
from tests.workflow.conftest import ROOT, copy_repository

SHIPPED = sorted((ROOT / "config").rglob("*.yaml"))
# config → its jobs, and its trainings among them
JOBS = {
    "all": (211, 14),
    "axes": (183, 16),
    "config": (131, 6),
    "experiments/contrast": (46, 1),
    "experiments/dead_windows": (61, 6),
    "experiments/fill_colour": (52, 2),
    "experiments/partialconv_residual": (67, 6),
    "experiments/ttt_domains": (86, 2),
    "full_size": (81, 3),
    "longer": (131, 6),
    "outside": (58, 1),
    "paper": (161, 6),
    "paper_equal_time": (161, 6),
    "paper_long": (161, 6),
    "paper_partialconv": (67, 2),
    "paper_pennet": (158, 8),
    "removal": (46, 1),
    "ttt": (258, 1),
    "ttt_demo": (60, 1),
    "ttt_paper": (190, 1),
}
MOST_SECONDS = 5.0  # of processor time, for the whole graph


def picture(size: tuple[int, int], seed: int) -> Image.Image:
    """Coarse noise, enlarged: not flat, and no two alike."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def hole(size: tuple[int, int], share: float) -> Image.Image:
    """White in the upper left: a rectangle of that share of the picture, and so that nothing is symmetric."""
    width, height = size
    values = np.zeros((height, width), np.uint8)
    values[: max(1, round(height * share**0.4)), : max(1, round(width * share**0.6))] = 255
    return Image.fromarray(values)


def stand_in(
    config: dict, folder: Path, number: dict[str, int] | None = None, size: tuple[int, int] = (16, 12)
) -> None:
    """The folders that a config reads, below `folder`: `number` of files for a set's name, or one."""
    number, seed = number or {}, 0
    entries = [(False, *item) for item in config["image_sets"].items()]
    entries += [(True, *item) for item in config["mask_sets"].items()]
    for is_mask, name, entry in entries:
        if entry["kind"] != "folder":
            continue
        place = folder / entry["path"]
        place.mkdir(parents=True, exist_ok=True)
        low, high = entry.get("coverage", (0.01, 0.6))
        files = number.get(name, 1)
        for i in range(files):
            share = max(low, 0.05) + (high - max(low, 0.05)) * (i + 0.5) / files
            made = hole(size, share) if is_mask else picture(size, seed := seed + 1)
            made.save(place / f"{i:03d}.png")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_is_planned_in_time(path, tmp_path, monkeypatch):
    name = path.relative_to(ROOT / "config").with_suffix("").as_posix()
    config = read_config(path)
    stand_in(config, tmp_path)
    monkeypatch.chdir(tmp_path)
    began = time.process_time()
    plan = Plan(config)
    jobs = plan.jobs()
    spent = time.process_time() - began
    by_stage = Counter(job.stage for job in jobs)
    assert (len(jobs), by_stage["train"]) == JOBS[name]
    assert spent < MOST_SECONDS


SMALLER = {
    "madf": {"width": 8, "levels": 3, "image_size": 32},
    "aotgan": {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8, "feature_network": "vgg16"},
    "tfill": {
        "fixed_size": 16,
        "width": 8,
        "scales": 2,
        "transformer_layers": 1,
        "heads": 1,
        "hidden": 8,
        "discriminator_width": 4,
    },
}


@pytest.mark.slow
def test_the_original_comparison_runs_to_its_report_with_nothing_lowered_but_sizes(tmp_path):
    """Pictures, networks, sets and steps are fewer and smaller; what is asked for is the same."""
    repository = copy_repository(tmp_path)
    config = read_config(ROOT / "config" / "paper.yaml")
    config["image_size"] = 64
    of = {"train": 5, "val": 3, "test": 10}
    for name, entry in config["image_sets"].items():
        entry["count"] = of[name.rpartition("_")[2]]
    for label, settings in SMALLER.items():
        config["systems"][label]["settings"] = settings
        config["systems"][label]["training"] |= {"iterations": 3, "batch_size": 2, "checkpoint_every": 2}
    config |= {"export": {"images": 1}, "cost": {"seconds": 0.05, "largest_batch_cpu": 2}}
    number = {name: entry["count"] for name, entry in config["image_sets"].items()}
    stand_in(config, tmp_path, number | {"train_mask": 5, "val_mask": 3, "test_mask": 10}, (64, 64))
    path = tmp_path / "config" / "small_paper.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    result = repository.snakemake("--configfile", str(path), "--resources", "gpu=0", timeout=3000)
    assert result.returncode == 0, result.stdout + result.stderr
    results = tmp_path / "results" / "paper"
    origins = {
        kind: pd.read_csv(results / f"{kind}/{name}/index.csv").set_index("file")["origin"]
        for kind, name in (("images", "paris_test"), ("masks", "test_mask"))
    }
    for line in (results / "lists/paris_test.txt").read_text().splitlines():
        image, mask = (Path(each).name for each in line.split("\t"))
        assert origins["images"][image] == origins["masks"][mask]  # 007.png with 007.png
    beside = pd.read_csv(results / "tables/published_comparison.csv")
    assert len(beside) == 2 * 6 * 3 * 3 and set(beside["ours_n"]) == {10}
    report = (results / "report.html").read_text()
    assert "Published means beside ours" in report and "MADF" in report and "ShanghaiTech" in report
