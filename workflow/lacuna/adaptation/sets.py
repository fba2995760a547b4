"""Every picture of a test set, one after the other, each with a fresh copy of the network."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from lacuna.adaptation.adapting import adapt
from lacuna.adaptation.choice import choose, hold_out
from lacuna.adaptation.experiments import Experiment
from lacuna.adaptation.fillers import Pool
from lacuna.adaptation.finished import Finished, Picture
from lacuna.adaptation.unfit import UnfitPicture
from lacuna.canonical import digest, seed_of
from lacuna.data.compositing import composite_picture
from lacuna.data.images import read_image, read_mask
from lacuna.data.lists import Pair
from lacuna.data.tensors import image_tensor, mask_tensor, pictures_of
from lacuna.errors import LacunaError
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.records import AT_ONCE
from lacuna.metrics.scoring import BATCH_PIXELS, score_batch
from lacuna.systems.base import System

REGIONS = ("image", "hole")
NAMES = ("experiment", "system", "source", "test_set", "image", "photograph")
ROWS = {**dict.fromkeys(NAMES, "text"), "step": "whole", "metric": "text", "region": "text", "value": "number"}
CHOICES = {
    **dict.fromkeys(NAMES, "text"),
    "keep": "flag",
    "chosen_step": "whole",
    "last_step": "whole",
    "held_out_before": "number",
    "held_out_after": "number",
    "metric": "text",
    "region": "text",
    **dict.fromkeys(("never", "always", "chosen", "oracle"), "number"),
}


@dataclass
class Adapter:
    """Adapts a system to pictures, and scores what it predicts for them after every evaluated step.

    pool: pictures that may fill holes, None where the experiment asks for none. metrics: names. choice: hold a part of
    each picture out. inception: for features, or None. seed: of the run.
    """

    system: System
    experiment: Experiment
    losses: str | None
    pool: Pool | None
    metrics: list[str]
    backbones: Path
    choice: bool
    inception: torch.nn.Module | None
    seed: int

    def picture(self, pair: Pair, photograph: str) -> Picture:
        """Adapt to one picture; the result depends on its pixels, not on what was adapted before.

        A picture that no network can be adapted to is passed over: the network as it was completes it. Another error
        is a `LacunaError` that names the picture.
        """
        truth, hole = read_image(pair.image), read_mask(pair.mask)
        image, mask = image_tensor(truth).contiguous(), mask_tensor(hole)
        made: dict[int, np.ndarray] = {}

        def predicted(step: int, raw: torch.Tensor) -> None:
            made[step] = pictures_of(raw)

        try:
            held_out = hold_out(mask, seed_of("held out", self.seed, digest(hole.tobytes()))) if self.choice else None
            pool = None if self.pool is None else self.pool.without(photograph)
            adapted = adapt(
                self.system, image, mask, self.experiment, pool, predicted, losses=self.losses, held_out=held_out
            )
        except UnfitPicture as error:
            return self._passed_over(truth, hole, str(error))
        except LacunaError as error:
            raise LacunaError(f"the network cannot be adapted to {pair.image}: {error}") from None
        steps = sorted(made)
        composites = np.stack([composite_picture(made[step], truth, hole) for step in steps])
        return Picture(
            steps=steps,
            prediction=made[steps[-1]],
            values=self._values(composites, truth, hole),
            features=None if self.inception is None else self._features(composites),
            held_out=[adapted.held_out[step] for step in steps] if self.choice else [],
            seconds=adapted.seconds,
        )

    def _passed_over(self, truth: np.ndarray, hole: np.ndarray, reason: str) -> Picture:
        with torch.random.fork_rng():
            torch.manual_seed(seed_of("passed over", self.seed, digest(hole.tobytes())))
            (prediction,) = self.system.predict_arrays([truth], [hole])
        return Picture([], prediction, np.empty((0, len(self.metrics), len(REGIONS))), passed_over=reason)

    def _values(self, composites: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> np.ndarray:
        metrics = [metric_by_name(name) for name in self.metrics]
        at_once = max(1, BATCH_PIXELS // hole.size)
        values = np.full((len(composites), len(metrics), len(REGIONS)), np.nan)
        for start in range(0, len(composites), at_once):
            some = slice(start, start + at_once)
            found = score_batch(metrics, composites[some, None], truth[None], hole[None], self.backbones)
            for m, name in enumerate(self.metrics):
                for r, region in enumerate(REGIONS):
                    if region in found[name]:
                        values[some, m, r] = [math.nan if value is None else value for (value,) in found[name][region]]
        return values

    def _features(self, composites: np.ndarray) -> np.ndarray:
        from lacuna.metrics.features import BATCH
        from lacuna.metrics.inception import resize

        assert self.inception is not None, "features are asked for only with a network that makes them"
        device, found = next(self.inception.parameters()).device, []
        for start in range(0, len(composites), BATCH):
            resized = torch.from_numpy(np.stack([resize(each) for each in composites[start : start + BATCH]]))
            found.append(self.inception(resized.to(device)).cpu().numpy())
        return np.concatenate(found)


def adapt_set(adapter: Adapter, pairs: list[Pair], photographs: list[str], finished: Finished) -> Iterator[Picture]:
    """What every picture gave, in order; those that are done already are read."""
    for number, (pair, photograph) in enumerate(zip(pairs, photographs, strict=True), 1):
        key = digest(Path(pair.image).read_bytes(), Path(pair.mask).read_bytes(), photograph)
        picture = finished.find(key)
        again = picture is not None
        if picture is None:
            picture = adapter.picture(pair, photograph)
            finished.keep(key, picture)
        print(f"{number} of {len(pairs)}, {pair.image}: {_said(picture)}{', done before' * again}", flush=True)
        yield picture


def _said(picture: Picture) -> str:
    if picture.passed_over:
        return f"passed over and completed by the network as it was, for {picture.passed_over}"
    said = f"{picture.steps[-1]} steps in {picture.seconds:.1f} s"
    if not picture.held_out:
        return said
    step = choose(dict(zip(picture.steps, picture.held_out, strict=True))).step
    kept = f"kept after {step}" if step else "discarded"
    return f"{said}, {kept} (held-out error {picture.held_out[0]:.5f}, {min(picture.held_out):.5f} at best)"


def rows_of(names: dict[str, str], picture: Picture, metrics: list[str]) -> Iterator[dict]:
    """Rows of `ROWS` of a picture; names: the values of `NAMES`."""
    for k, step in enumerate(picture.steps):
        for m, metric in enumerate(metrics):
            for r, region in enumerate(REGIONS):
                if not math.isnan(value := float(picture.values[k, m, r])):
                    yield {**names, "step": step, "metric": metric, "region": region, "value": value}


def choices_of(names: dict[str, str], picture: Picture, metrics: list[str]) -> Iterator[dict]:
    """Rows of `CHOICES` of a picture, none without a held-out part: the values that each policy ends with.

    oracle: the step that is best for this picture by the metric itself. held_out_after: of the last step.
    """
    if not picture.held_out:
        return
    choice = choose(dict(zip(picture.steps, picture.held_out, strict=True)))
    decided = {
        "keep": choice.keep,
        "chosen_step": choice.step,
        "last_step": picture.steps[-1],
        "held_out_before": picture.held_out[0],
        "held_out_after": picture.held_out[-1],
    }
    for m, metric in enumerate(metrics):
        for r, region in enumerate(REGIONS):
            values = picture.values[:, m, r]
            if not np.isnan(values).any():
                best = max if metric_by_name(metric).direction == "higher" else min
                yield {
                    **names,
                    **decided,
                    "metric": metric,
                    "region": region,
                    "never": float(values[0]),
                    "always": float(values[-1]),
                    "chosen": float(values[picture.steps.index(choice.step)]),
                    "oracle": float(best(values)),
                }


def write_table(path: str | Path, rows: Iterator[dict], columns: dict[str, str]) -> int:
    """A Parquet file of rows with `columns` (name → `text`, `number`, `whole` or `flag`); how many there were.

    Equal rows give equal bytes, and no rows an empty table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lacuna.files import atomic

    types = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_()}
    schema, count = pa.schema([(name, types[kind]) for name, kind in columns.items()]), 0
    with atomic(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        while some := list(islice(rows, AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count
