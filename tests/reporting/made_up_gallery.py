"""A made-up run with just what a gallery shows: pictures, predictions and scores, few or ten thousand."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.files import write_rows
from tests.reporting.made_up import KEYS, TITLES, make_predictions, make_set, step


def make_gallery(folder: Path, settings: dict) -> Path:
    """The gallery of a run, by the real command; returns its page."""
    page = folder / "gallery/index.html"
    step("gallery", settings, {}, {"page": page, "data": page.with_name("data.js")})
    return page


def make_run(folder: Path, size=(44, 60), n=9, metrics=("psnr", "l1")) -> dict:
    """Pictures, predictions and scores of `made_up`'s systems; returns the settings of the gallery."""
    from skimage import data

    random = np.random.default_rng(7)
    for name, photograph in zip(TITLES["test_sets"], (data.chelsea(), data.astronaut()), strict=True):
        make_set(folder, name, photograph, size, n, random)
    for system, sources in KEYS.items():
        for source in sources:
            for test_set in TITLES["test_sets"]:
                index = make_predictions(folder, system, source, test_set, random)
                step(
                    "score",
                    {"system": system, "source": source, "test_sets": [test_set], "metrics": list(metrics)},
                    {"pairs": folder / f"lists/{test_set}.txt", "predictions": index},
                    {"scores": folder / f"scores/{system}/{source}/{test_set}.parquet"},
                )
    ordered = {key: [list(pair) for pair in TITLES[key].items()] for key in ("sources", "test_sets")}
    return TITLES | ordered | {"metrics": list(metrics)}


def make_many(folder: Path, n: int, size=(64, 64), metrics=("psnr", "ssim", "lpips_alex", "l1")) -> dict:
    """The same for one test set of `n` images: few pictures under many names, and scores out of the air."""
    from skimage import data

    random, few, test_set = np.random.default_rng(11), 24, "FFHQ_test"
    make_set(folder, test_set, data.astronaut(), size, few, random)
    first = (folder / f"lists/{test_set}.txt").read_text().splitlines()
    for number in range(few, n):
        for path in first[number % few].split("\t"):
            os.link(path, Path(path).with_name(f"{number:04d}.png"))
    pairs = [
        tuple(str(Path(path).with_name(f"{number:04d}.png")) for path in first[number % few].split("\t"))
        for number in range(n)
    ]
    coverage = random.uniform(0.01, 0.6, n)
    for system in KEYS:
        predictions = folder / f"predictions/{system}/untrained/{test_set}"
        make_predictions(folder, system, "untrained", test_set, random)
        for number in range(few, n):
            os.link(predictions / f"{number % few:04d}.png", predictions / f"{number:04d}.png")
        rows = [{"file": f"{i:04d}.png", "image": image, "mask": mask} for i, (image, mask) in enumerate(pairs)]
        write_rows(predictions / "index.csv", rows, ["file", "image", "mask"])
        listed = pd.DataFrame(rows)[["image", "mask"]].assign(coverage=coverage)
        parts = [
            listed.assign(prediction=prediction, region=region, metric=metric, value=random.uniform(0, 1, n))
            for prediction in ("raw", "composite")
            for region in ("image", "hole")
            for metric in metrics
        ]
        path = folder / f"scores/{system}/untrained/{test_set}.parquet"
        path.parent.mkdir(parents=True)
        pd.concat(parts).assign(source="untrained", test_set=test_set, system=system).to_parquet(path)
    return TITLES | {"sources": [], "test_sets": [[test_set, "Many"]], "metrics": list(metrics)}
