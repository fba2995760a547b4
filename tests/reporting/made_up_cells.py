"""Made-up rows of a run with two mask sets of training, two of the test, two sizes, repeats and samples."""

from pathlib import Path

import numpy as np
import pandas as pd

from lacuna.files import write_rows
from lacuna.reporting.run import Run

SIZES = ["48", "60x44"]
MASKS = ["strokes", "boxes"]
SYSTEMS = {"net": "A net", "plain": "A plain net", "telea": "Telea"}  # `net` draws, `telea` is not trained
PHOTOGRAPHS = [0, 0, 0, 1, 1, *range(2, 9)]  # of twelve images
SETTINGS = {
    "title": "Made-up cells",
    "demonstration": False,
    "systems": list(map(list, SYSTEMS.items())),
    "sources": [["place2", "Place2"]],
    "test_sets": [["paris", "Paris"]],
    "metrics": ["psnr", "lpips_alex"],
}
COLUMNS = ["source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value"]


def axes_of(repeats: int, samples: int) -> dict:
    """What a run's settings say of these axes."""
    every = {"train_masks": MASKS, "test_masks": MASKS, "image_size": SIZES}
    selection = {"train_masks": "strokes", "test_masks": "boxes", "image_size": "60x44"}
    return {"axes": every | {"repeats": repeats, "samples": samples}, "selection": selection}


def make_cells(folder: Path, repeats: int = 2, samples: int = 3) -> Run:
    """The run, with its files of rows below the folder. Boxes are 3 dB harder, and 2 dB easier for who learned them."""
    random = np.random.default_rng([repeats, samples])
    for size in SIZES:
        (folder / f"images/paris_{size}").mkdir(parents=True)
        origins = [{"file": f"{n:02d}.png", "origin_sha256": f"p{of}"} for n, of in enumerate(PHOTOGRAPHS)]
        write_rows(folder / f"images/paris_{size}/index.csv", origins, ["file", "origin_sha256"])
    of_photograph = random.normal(0, 2, 9)[PHOTOGRAPHS]
    rows, apart = [], []
    for system in SYSTEMS:
        trained = system != "telea"
        source = "place2" if trained else "untrained"
        seeds = random.normal(0, 0.7, repeats)
        for learned in MASKS if trained else [""]:
            for tested in MASKS:
                for size in SIZES:
                    for repeat in range(1, repeats + 1) if trained else [0]:
                        for sample in range(1, samples + 1) if system == "net" else [0]:
                            base = 20 + of_photograph + random.normal(0, 0.5, len(PHOTOGRAPHS))
                            base += (seeds[repeat - 1] if trained else -2) - 3 * (tested == "boxes")
                            base += 2 * (learned == tested) + 0.5 * (size == "48")
                            names = (source, "paris", system, learned, tested, size, repeat, sample)
                            rows += [(*names, n, value) for n, value in enumerate(base)]
                        if system == "net":
                            far = random.uniform(0.1, 0.2, len(PHOTOGRAPHS))
                            apart += [(*names[:-1], n, value) for n, value in enumerate(far)]
    keys = ["source", "test_set", "system", "train_masks", "test_masks", "image_size", "repeat", "sample", "n", "value"]
    table = _with_paths(pd.DataFrame(rows, columns=keys), folder)
    readings = []
    for prediction, region, metric, scale in (
        ("composite", "image", "psnr", 1),
        ("composite", "hole", "psnr", 0.8),
        ("composite", "image", "lpips_alex", -0.01),
        ("composite", "hole", "lpips_alex", -0.02),
        ("raw", "image", "psnr", 0.9),
    ):
        value = scale * table["value"] + (1 if scale < 0 else 0)
        readings.append(table.assign(prediction=prediction, region=region, metric=metric, value=value))
    scores = pd.concat(readings, ignore_index=True)
    single = [name for name, number in (("repeat", repeats), ("sample", samples)) if number == 1]
    files = {"scores": [], "diversity": []}
    for system, mine in scores.drop(columns=single).groupby("system"):
        files["scores"].append(str(folder / f"scores_{system}.parquet"))
        mine.to_parquet(files["scores"][-1])
    keys.remove("sample")
    diverse = _with_paths(pd.DataFrame(apart, columns=keys), folder).assign(samples=samples)
    files["diversity"].append(str(folder / "diversity.parquet"))
    diverse.drop(columns=[name for name in single if name in diverse]).to_parquet(files["diversity"][0])
    return Run({**SETTINGS, **axes_of(repeats, samples)}, files)


def _with_paths(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    names = table["n"].map("{:02d}.png".format)
    image = [f"{folder}/images/paris_{size}/{name}" for size, name in zip(table["image_size"], names, strict=True)]
    mask = [
        f"{folder}/masks/{of}_{size}/{name}"
        for of, size, name in zip(table["test_masks"], table["image_size"], names, strict=True)
    ]
    coverage = 0.05 + 0.04 * table["n"] + 0.1 * (table["test_masks"] == "boxes")
    return table.assign(image=image, mask=mask, coverage=coverage).drop(columns="n")
