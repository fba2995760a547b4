"""Scores of one folder of predictions: one row per image, prediction, region and metric."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lacuna.data.compositing import composite
from lacuna.data.images import read_image_bytes, read_mask_bytes
from lacuna.data.lists import read_list
from lacuna.errors import LacunaError
from lacuna.files import read_rows
from lacuna.metrics.facts import Metric
from lacuna.metrics.per_image import named

COLUMNS = [
    "source",
    "test_set",
    "system",
    "image",
    "mask",
    "coverage",
    "prediction",
    "region",
    "metric",
    "value",
]
BATCH = 16  # images held in memory at once

# Region name → the pixels that count, from the masks (N×H×W, bool, true = hole); None means the whole image.
REGIONS = {"image": lambda masks: None, "hole": lambda masks: masks}


def paired_files(list_path: str | Path, index_path: str | Path) -> list[tuple[str, str, Path]]:
    """(image, mask, prediction file) for every line of the list; the predictions' index must agree line by line."""
    pairs, index = read_list(list_path, validate=False), read_rows(index_path)  # sizes and masks are checked on reading
    if len(pairs) != len(index):
        raise LacunaError(
            f"{index_path} lists {len(index)} predictions, but {list_path} has {len(pairs)} pairs; predict again."
        )
    for line, (pair, row) in enumerate(zip(pairs, index, strict=True), start=1):
        if pair != (row.get("image"), row.get("mask")):
            raise LacunaError(
                f"line {line} of {list_path} pairs {pair[0]} with {pair[1]}, but prediction {line} of {index_path} "
                f"was made from {row.get('image')} and {row.get('mask')}; predict again."
            )
    folder = Path(index_path).parent
    return [(*pair, folder / row["file"]) for pair, row in zip(pairs, index, strict=True)]


def _stack(paths: list, arrays: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """The arrays C×H×W as N×H×W×C; one of another height and width than `size` is an error that names its file."""
    for path, array in zip(paths, arrays, strict=True):
        if array.shape[1:] != size:
            raise LacunaError(
                f"{path} is {array.shape[2]}×{array.shape[1]} pixels, but the first image of its list is "
                f"{size[1]}×{size[0]}; make the set again at one size."
            )
    return np.ascontiguousarray(np.stack(arrays).transpose(0, 2, 3, 1))


def score_batch(
    metric: Metric, predictions: np.ndarray, truths: np.ndarray, masks: np.ndarray, backbones: str | Path
) -> dict[str, list[float | None]]:
    """One metric on a batch: region → one value per image, None where the region has no pixel.

    `predictions` and `truths` are uint8 N×H×W×3, `masks` bool N×H×W (true = hole).
    """
    options = {"backbones": backbones} if metric.network else {}
    whole, maps = metric.measure(predictions, truths, **options)
    values: dict[str, list[float | None]] = {}
    for region, pixels_of in REGIONS.items():
        pixels = pixels_of(masks)
        if pixels is None:
            values[region] = [float(value) for value in whole]
        elif maps is not None:
            values[region] = [
                metric.from_mean(float(each[inside].mean())) if inside.any() else None
                for each, inside in zip(maps, pixels, strict=True)
            ]
    return values


def score_rows(settings: dict, list_path: str | Path, index_path: str | Path, backbones: str | Path) -> Iterator[dict]:
    """Rows with `COLUMNS`, in the order of the list.

    `settings`: `{system, source, test_set, metrics: [names]}`. The raw prediction is the stored 8-bit picture; the
    composite takes the hole from it and the rest from the image, so both are exactly what is on disk.
    Raises `LacunaError` for files missing, unreadable, mispaired or of another size, and for values not finite.
    """
    metrics = [named(name) for name in settings["metrics"]]
    names = {key: settings[key] for key in ("source", "test_set", "system")}
    size = None
    files_of_all = paired_files(list_path, index_path)
    for start in range(0, len(files_of_all), BATCH):
        batch = files_of_all[start : start + BATCH]
        images, masks, files = zip(*batch, strict=True)
        truths = [read_image_bytes(path) for path in images]
        size = size or truths[0].shape[1:]
        truth = _stack(images, truths, size)
        mask = _stack(masks, [read_mask_bytes(path) for path in masks], size)
        raw = _stack(files, [read_image_bytes(path) for path in files], size)
        hole = mask[..., 0] == 1
        predictions = {"raw": raw, "composite": composite(raw, truth, mask)}
        values = {
            (prediction, metric.name): score_batch(metric, pictures, truth, hole, backbones)
            for prediction, pictures in predictions.items()
            for metric in metrics
        }
        for position in range(len(batch)):
            for prediction in predictions:
                for region in REGIONS:
                    for metric in metrics:
                        value = values[prediction, metric.name].get(region, [None] * len(batch))[position]
                        if value is None:
                            continue
                        if not math.isfinite(value):
                            raise LacunaError(
                                f"{metric.name} of {files[position]} ({prediction}, {region}) is {value}; "
                                "check the prediction and make it again."
                            )
                        yield {
                            **names,
                            "image": images[position],
                            "mask": masks[position],
                            "coverage": float(hole[position].mean()),
                            "prediction": prediction,
                            "region": region,
                            "metric": metric.name,
                            "value": value,
                        }
