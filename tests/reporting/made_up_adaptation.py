"""A made-up adaptation: rows, choices, features, records and pictures as the rule `adapt` leaves them."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lacuna.adaptation.naming import contestant
from lacuna.files import read_rows, write_json, write_rows
from lacuna.metrics.features import Features, write_features

STEPS = (0, 5, 10)
LONGER = {"combination_D": (0, 5, 10, 20)}
SECTION = {
    "experiments": ["baseline", "combination_I", "combination_D", "masks_larger", "zero_shot", "my_own"],
    "changes": {"my_own": {"steps": 10}},
    "choose_on": None,
    "choice": True,
    "set_metrics": ["fid", "kid"],
}
# Share of the error that is left after the last step, of the first and the second picture of a photograph, and so on.
LEFT = {
    "baseline": (0.98, 1.01),
    "combination_I": (0.80, 0.95, 1.04),
    "combination_D": (0.85, 0.97),
    "masks_larger": (1.05, 1.02),
    "zero_shot": (0.50, 0.60),
    "my_own": (1.0, 0.9),
}
START = {"l1": 0.1, "psnr": 20.0, "ssim": 0.8, "lpips_alex": 0.3}
HIGHER = {"psnr", "ssim"}


def rows_of(
    experiment: str, system: str, source: str, test_set: str, images: dict[str, str], metrics=("psnr", "l1")
) -> pd.DataFrame:
    """Rows of a job, of which every number is known. images: file name → photograph."""
    left = LEFT[experiment]
    found = []
    for number, (image, photograph) in enumerate(images.items()):
        for metric in metrics:
            for region in ("image", "hole"):
                start = START[metric] * (1 + 0.1 * number) * (2 if region == "hole" and metric == "l1" else 1)
                start *= 0.9 if source == "celeba" and metric in HIGHER else 1.2 if source == "celeba" else 1
                start *= (0.5 if metric in HIGHER else 3) if experiment == "zero_shot" else 1
                steps = LONGER.get(experiment, STEPS)
                for step in steps:
                    change = (left[number % len(left)] - 1) * step / steps[-1]
                    value = start * (1 - change if metric in HIGHER else 1 + change)
                    found.append((experiment, system, source, test_set, image, photograph, step, metric, region, value))
    columns = ["experiment", "system", "source", "test_set", "image", "photograph", "step", "metric", "region", "value"]
    return pd.DataFrame(found, columns=columns)


def choices_of(rows: pd.DataFrame, kept: set[str]) -> pd.DataFrame:
    """Choices of the same: pictures in `kept` take the last step, the others none."""
    found = []
    keys = ["experiment", "system", "source", "test_set", "image", "photograph", "metric", "region"]
    for key, mine in rows.groupby(keys):
        values = mine.sort_values("step")["value"].to_numpy()
        keep = key[4] in kept
        best = values.max() if key[6] in HIGHER else values.min()
        found.append(
            dict(zip(keys, key, strict=True))
            | {"keep": keep, "chosen_step": int(mine["step"].max()) * keep, "last_step": mine["step"].max()}
            | {"held_out_before": 0.1, "held_out_after": 0.1, "never": values[0], "always": values[-1]}
            | {"chosen": values[-1] if keep else values[0], "oracle": best}
        )
    return pd.DataFrame(found)


def make_adaptation(folder: Path, keys: list[tuple[str, str, str]], metrics) -> dict:
    """The files of a run whose predictions are there; keys: (system, source, test set). Returns files by group."""
    random, jobs = np.random.default_rng(5), []
    truths = {}
    for experiment in SECTION["experiments"]:
        for system, source, test_set in keys:
            job = folder / f"adaptation/{experiment}/{system}/{source}/{test_set}"
            job.mkdir(parents=True)
            pairs = read_rows(folder / f"predictions/{system}/{source}/{test_set}/index.csv", "file", "image", "mask")
            images = {Path(pair["image"]).name: f"{test_set} {i // 2}" for i, pair in enumerate(pairs)}
            rows = rows_of(experiment, system, source, test_set, images, metrics)
            rows.to_parquet(job / "rows.parquet")
            choices_of(rows, set(list(images)[::2])).to_parquet(job / "choice.parquet")
            steps = LONGER.get(experiment, STEPS)
            record = {"steps": steps[-1], "n": len(images), "seconds_mean": 12.5, "seconds_median": 12.25}
            record |= {"device": "cpu", "peak_memory_bytes": 300 * 2**20, "passed_over": {}}
            write_json(job / "record.json", record)
            _features(job, experiment, test_set, len(images), random, truths)
            _pictures(folder, job, pairs, contestant(system, experiment))
            jobs.append(job)
    for test_set, features in truths.items():
        write_features(folder / f"features/truth/{test_set}.safetensors", features)
    adapted = [folder / f"predictions/{contestant(j.parts[-3], j.parts[-4])}/{j.parts[-2]}/{j.name}" for j in jobs]
    unadapted = [folder / "predictions" / "/".join(key) / "index.csv" for key in keys]
    return {
        "adaptation_rows": {"adaptation_rows": [job / "rows.parquet" for job in jobs]},
        "adaptation_choices": {"adaptation_choices": [job / "choice.parquet" for job in jobs]},
        "adaptation_records": {"adaptation_records": [job / "record.json" for job in jobs]},
        "adaptation_features": {
            "adaptation_features": [job / "features.safetensors" for job in jobs],
            "adaptation_truth": [folder / f"features/truth/{test_set}.safetensors" for test_set in truths],
        },
        "adaptation_pictures": {"adapted": [each / "index.csv" for each in adapted], "unadapted": unadapted},
    }


def _features(job: Path, experiment: str, test_set: str, n: int, random, truths: dict) -> None:
    photographs = [i // 2 for i in range(n)]
    if test_set not in truths:
        truth = {"truth": random.normal(size=(n, 2048)).astype(np.float32)}
        truths[test_set] = Features(truth, {"test_set": test_set}, test_set, photographs)
    truth = truths[test_set].of["truth"]
    steps = LONGER.get(experiment, STEPS)
    shifts = {step: 1 + (LEFT[experiment][0] - 1) * step / steps[-1] for step in steps}
    of = {f"step_{step:05d}": truth + np.float32(shift) for step, shift in shifts.items()}
    write_features(job / "features.safetensors", Features(of, {"experiment": experiment}, test_set, photographs))


def _pictures(folder: Path, job: Path, pairs: list[dict], label: str) -> None:
    """What the network predicted before, moved towards the truth in the left half, and away from it in the right."""
    system, source, test_set = job.parts[-3:]
    before, after = (folder / f"predictions/{name}/{source}/{test_set}" for name in (system, label))
    after.mkdir(parents=True)
    for pair in pairs:
        truth, raw = (np.asarray(Image.open(path)).astype(float) for path in (pair["image"], before / pair["file"]))
        moved = raw + 0.6 * (truth - raw) * np.where(np.arange(raw.shape[1]) < raw.shape[1] // 2, 1, -1)[:, None]
        Image.fromarray(np.clip(moved, 0, 255).astype(np.uint8)).save(after / pair["file"])
    write_rows(after / "index.csv", pairs, ["file", "image", "mask"])
