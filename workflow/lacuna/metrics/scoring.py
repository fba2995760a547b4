"""Scores of predictions: one row per image, prediction, region and metric."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lacuna.data.compositing import composite_picture
from lacuna.errors import LacunaError
from lacuna.metrics.embedding import Embedding
from lacuna.metrics.facts import TILED_FROM, Metric
from lacuna.metrics.findings import Findings
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.regions import REGIONS
from lacuna.metrics.triples import Files

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
PREDICTIONS = ("raw", "composite")
# What is held in memory at once, for each thread: at most so many images, and so many pixels of them.
BATCH = 4
BATCH_PIXELS = 1 << 19
SMALLEST_STRIP = 8  # rows; SSIM's window has 7


def score_batch(
    metrics: Sequence[Metric],
    predictions: np.ndarray,
    truths: np.ndarray,
    masks: np.ndarray,
    backbones: str | Path,
    device: str = "cpu",
    embeddings: Mapping[str, Embedding] | None = None,
) -> dict[str, dict[str, list[list[float | None]]]]:
    """All metrics on a batch: metric → region → K lists of N values, None where the region has no pixel.

    `predictions` are uint8 K×N×H×W×3, `truths` uint8 N×H×W×3, `masks` bool N×H×W (true = hole). device: torch's, of
    the metrics that have a network; others are computed on the CPU. embeddings: the networks of the user's, by name.
    """

    def given(metric: Metric) -> dict:
        if metric.network:
            return {"holes": masks, "embedding": (embeddings or {})[metric.network]}
        return {"backbones": backbones, "device": device} if metric.backbones else {}

    inside = {name: region.pixels and region.pixels(masks) for name, region in REGIONS.items()}
    if len(truths) == 1 and masks.size > TILED_FROM:
        return {
            metric.name: _measured_at_once(metric, predictions, truths, inside, given(metric))
            if metric.reach is None
            else _measured_in_parts(metric, predictions, truths, inside)
            for metric in metrics
        }
    weights = {name: None if pixels is None else _weights(pixels) for name, pixels in inside.items()}
    return {metric.name: _measured(metric, predictions, truths, weights, given(metric)) for metric in metrics}


def _measured_at_once(metric, predictions, truths, inside, given) -> dict[str, list[list[float | None]]]:
    """What `_measured` gives for one large image, without weights as large as its maps."""
    whole, maps = metric.measure(predictions, truths, **given)
    values: dict[str, list[list[float | None]]] = {}
    for name, pixels in inside.items():
        if pixels is None:
            values[name] = whole.tolist()
        elif maps is not None:
            some = pixels.any()
            values[name] = [
                [metric.from_mean(float(each[0].mean(where=pixels[0], dtype=float))) if some else None] for each in maps
            ]
    return values


def _measured_in_parts(metric, predictions, truths, inside) -> dict[str, list[list[float | None]]]:
    """What `_measured` gives for one large image, from strips of it: maps of 12 megapixels take 100 MB each."""
    height, width = truths.shape[1:3]
    strips = max(1, height // max(2 * SMALLEST_STRIP, BATCH_PIXELS // width))
    edges = [height * i // strips for i in range(strips + 1)]
    sums = {name: np.zeros(len(predictions)) for name in inside}
    counts = {
        name: 0 if pixels is not None else _within(height, width, metric.border) for name, pixels in inside.items()
    }
    for top, bottom in zip(edges, edges[1:], strict=False):
        first, last = max(0, top - metric.reach), min(height, bottom + metric.reach)
        _, maps = metric.measure(predictions[:, :, first:last], truths[:, first:last])
        maps = maps[:, 0, top - first : bottom - first]
        for name, pixels in inside.items():
            if pixels is None:
                rows = slice(max(metric.border - top, 0), min(bottom, height - metric.border) - top)
                sums[name] += maps[:, rows, metric.border : width - metric.border].sum(axis=(1, 2))
            else:
                some = pixels[0, top:bottom]
                sums[name] += maps[:, some].sum(axis=1)
                counts[name] += int(np.count_nonzero(some))
    return {
        name: [[metric.from_mean(float(total / counts[name])) if counts[name] else None] for total in sums[name]]
        for name in inside
    }


def _within(height: int, width: int, border: int) -> int:
    return (height - 2 * border) * (width - 2 * border)


def _weights(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 inside a region and 0 elsewhere, N×(H·W), and how many are inside, N: products are quicker than choices."""
    inside = inside.reshape(len(inside), -1)
    return inside.astype(float), inside.sum(axis=1)


def _measured(metric, predictions, truths, weights, given) -> dict[str, list[list[float | None]]]:
    whole, maps = metric.measure(predictions, truths, **given)
    values: dict[str, list[list[float | None]]] = {}
    for region, weighted in weights.items():
        if weighted is None:
            values[region] = whole.tolist()
        elif maps is not None:
            inside, counts = weighted
            flat = [each.reshape(len(each), -1) for each in maps.swapaxes(0, 1)]
            sums = np.stack([each @ within for each, within in zip(flat, inside, strict=True)], axis=1)
            values[region] = [
                [
                    metric.from_mean(float(total / count)) if count else None
                    for total, count in zip(each, counts, strict=True)
                ]
                for each in sums
            ]
    return values


def score_rows(
    settings: dict,
    files: Sequence[Files],
    backbones: str | Path,
    threads: int = 1,
    findings: Findings | None = None,
    device: str = "cpu",
) -> Iterator[dict[str, str | float]]:
    """Rows with `COLUMNS`, in the order of `files`.

    `settings`: `{system, source, test_set, metrics: [names]}`, and maybe `columns`, further ones of all rows, and
    `embeddings`, the user's networks by name, for the metrics that are of one. The raw prediction is the stored 8-bit
    picture; the composite takes the hole from it and the rest from the image, so both are exactly what is on disk.
    Images may differ in size from one another. Each of `threads` works on a batch of its own, so that values do not
    depend on their number, and no more than a batch a thread is held in memory. `findings` reads the files and counts
    what they tell. device: torch's, of the metrics that have a network.
    Raises `LacunaError` for files missing, unreadable, mispaired or of another size, and for values not finite.
    """
    metrics = [metric_by_name(name) for name in settings["metrics"]]
    networks = settings.get("embeddings", {}).items()
    embeddings = {label: Embedding(label, entry, device) for label, entry in networks}
    findings = findings or Findings()
    names = {key: settings[key] for key in ("source", "test_set", "system")} | settings.get("columns", {})
    if any(metric.backbones or metric.network for metric in metrics):
        import torch

        torch.set_num_threads(1)

    def rows_of(some: Sequence[Files]) -> list[dict]:
        read = [findings.read(each) for each in some]
        return [
            row for part in _runs(some, read) for row in _rows(*part, metrics, names, backbones, device, embeddings)
        ]

    batches = (files[start : start + BATCH] for start in range(0, len(files), BATCH))
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque = deque()
        for batch in batches:
            ahead.append(pool.submit(rows_of, batch))
            if len(ahead) > threads:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _runs(files: Sequence[Files], read: list) -> Iterator[tuple[Sequence[Files], list]]:
    """The batch in parts of one size each, none of more than `BATCH_PIXELS` pixels (but of one image at least)."""
    start = 0
    for end in range(1, len(read) + 1):
        shape = read[start][0].shape
        full = (end - start + 1) * shape[0] * shape[1] > BATCH_PIXELS
        if end == len(read) or full or read[end][0].shape != shape:
            yield files[start:end], read[start:end]
            start = end


def _rows(files, read, metrics: list[Metric], names: dict, backbones, device: str, embeddings: dict) -> Iterator[dict]:
    truth, hole, raw = (np.stack([each[i] for each in read]) for i in range(3))
    own = all(each.image is each.truth for each in read)
    known = truth if own else np.stack([each.image for each in read])
    predictions = np.stack([raw, composite_picture(raw, known, hole)])
    for metric in metrics:
        _refuse_unjudged(metric, hole, files, embeddings)
    values = score_batch(metrics, predictions, truth, hole, backbones, device, embeddings)
    for position, (image, mask_file, file, *_) in enumerate(files):
        for k, prediction in enumerate(PREDICTIONS):
            for region in REGIONS:
                for metric in metrics:
                    if region not in values[metric.name]:
                        continue
                    value = values[metric.name][region][k][position]
                    if value is None:
                        continue
                    if not math.isfinite(value):
                        raise LacunaError(
                            f"{metric.name} of {file} ({prediction}, {region}) is {value}; "
                            "check the prediction and make it again"
                        )
                    yield {
                        **names,
                        "image": str(image),
                        "mask": str(mask_file),
                        "coverage": float(hole[position].mean()),
                        "prediction": prediction,
                        "region": region,
                        "metric": metric.name,
                        "value": value,
                    }


def _refuse_unjudged(metric: Metric, holes: np.ndarray, files: Sequence[Files], embeddings: dict) -> None:
    """A metric behind a network of the user's has a value for every image, or N would differ from other metrics'."""
    if not metric.network:
        return
    from lacuna.metrics.removal import why_not

    for hole, each in zip(holes, files, strict=True):
        if why := why_not(embeddings[metric.network], hole):
            raise LacunaError(
                f"{metric.name} cannot judge a fill of {each[1]}, because {why}; leave that mask out of the test set, "
                "or the metric out of the metrics"
            )
