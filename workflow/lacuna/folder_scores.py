"""`lacuna score` of any folders: what is scored by default, what is fetched for it, and what is said about it.

No step of the workflow comes here, so that nothing in this file, or below it, reruns one.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lacuna.backbones.fetching import at_hand
from lacuna.cells import printable
from lacuna.data.decoding import UNREADABLE, upright_size
from lacuna.data.photographs import photographs_of
from lacuna.errors import LacunaError
from lacuna.metrics import scoring, set_scoring
from lacuna.metrics.facts import INCEPTION, METRICS, Metric, SetMetric
from lacuna.metrics.findings import Findings, refuse_inverted
from lacuna.metrics.folders import paired_by_stem
from lacuna.metrics.per_image import metric_by_name
from lacuna.metrics.per_set import set_metric_by_name
from lacuna.metrics.records import write_records
from lacuna.metrics.triples import Files
from lacuna.reporting.bootstrap import intervals

DEFAULT_METRICS = ("psnr", "ssim", "lpips_alex", "l1")
SECONDS_BETWEEN_LINES = 5


def score_folders(
    truth: str,
    predictions: str,
    masks: str | None,
    output: str,
    *,
    metrics: Sequence[str] | None = None,
    set_metrics: Sequence[str] = (),
    system: str | None = None,
    invert: bool = False,
    backbones: str | Path = "results/backbones",
    threads: int = 1,
    device: str = "cpu",
) -> None:
    """Score and print: rows of images into `output`, of sets beside it (`_sets`), or into it where there are no masks.

    device: `cpu` or `cuda`, of the metrics that have a network: values are equal as far as rounding goes.

    Errors: `LacunaError` as in `paired_by_stem`, `score_rows` and `set_rows`, and for masks that look inverted.
    """
    there = _on_device(device)
    chosen = [_without_config(metric_by_name(name)) for name in metrics or DEFAULT_METRICS]
    of_sets = [_without_config(set_metric_by_name(name)) for name in set_metrics]
    files, notes = paired_by_stem(truth, predictions, masks)
    for note in notes:
        _say(note)
    names = {
        "system": system or Path(predictions).absolute().name,
        "source": "external",
        "test_set": Path(truth).absolute().name,
    }
    set_scoring.refuse_too_few(of_sets, len(files), names["test_set"])
    photographs = _photographs(files)
    if masks:
        refuse_inverted(files, invert)
        chosen = _possible(chosen, files, backbones, asked=bool(metrics))
        findings = Findings(invert)
        rows = scoring.score_rows({**names, "metrics": chosen}, files, backbones, threads, findings, there)
        summary = _Summary(photographs)
        watched = summary.watched(_with_progress(rows, findings, len(files)))
        number = write_records(output, watched, scoring.COLUMNS, ("coverage", "value"))
        for sentence in findings.sentences():
            _say(sentence)
        summary.print(chosen)
        print(f"scored {len(files)} images, {number} rows, into {printable(output)}", flush=True)
    if of_sets:
        target = Path(output) if not masks else Path(output).with_name(f"{Path(output).stem}_sets{Path(output).suffix}")
        _score_sets(
            {**names, "metrics": of_sets}, files, photographs, target, backbones, threads, there, bool(masks), invert
        )


def _without_config(metric: Metric | SetMetric) -> str:
    """The metric's name; a `LacunaError` for one that is of a backbone of a config."""
    if metric.network not in ("", INCEPTION):
        raise LacunaError(
            f"'{metric.name}' is of a backbone that a config names, and two folders have none; make a run of them "
            "(image sets of kind folder, a system of kind predictions), or take another metric"
        )
    return metric.name


def _possible(metrics: list[str], files: Sequence[Files], backbones: str | Path, asked: bool) -> list[str]:
    """The metrics whose networks are here, or could be fetched; of the default, those that the images can have."""
    kept = []
    side = None if asked else _smallest_side(files)
    for name in metrics:
        if side is not None and side < METRICS[name].minimal_size:
            _say(f"{METRICS[name].title} is left out, because the smallest side is {side} pixels")
            continue
        try:
            for backbone in METRICS[name].backbones:
                at_hand(backbone, backbones, _say)
        except LacunaError as error:
            if asked:
                raise
            _say(f"{METRICS[name].title} is left out: {error}")
            continue
        kept.append(name)
    return kept


def _smallest_side(files: Sequence[Files]) -> int | None:
    try:
        return min(min(upright_size(each[0])) for each in files)
    except UNREADABLE:  # said with its name where it is read
        return None


def _photographs(files: Sequence[Files]) -> list[str]:
    """The photograph of every image; each is its own beside an index that staging did not write."""
    images = [each[0] for each in files]
    try:
        return photographs_of(images)
    except LacunaError:
        return images


def _with_progress(rows: Iterator[dict], findings: Findings, total: int) -> Iterator[dict]:
    progress = _Progress(total, "images read")
    for row in rows:
        yield row
        progress(findings.images)


class _Progress:
    """Called with how many of all are done, a line every few seconds."""

    def __init__(self, total: int, what: str):
        self.total, self.what = total, what
        self.began = self.said = time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self.said >= SECONDS_BETWEEN_LINES and done:
            self.said = now
            left = (now - self.began) / done * (self.total - done)
            _say(f"{done} of {self.total} {self.what} after {now - self.began:.0f} s, about {left:.0f} s left")


class _Summary:
    """Means of what has gone by, with intervals over photographs."""

    def __init__(self, photographs: Sequence[str]):
        self.photographs = photographs
        self.values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.positions: dict[tuple[str, str, str], list[int]] = defaultdict(list)

    def watched(self, rows: Iterator[dict]) -> Iterator[dict]:
        """The same rows, remembered."""
        position, last = -1, None
        for row in rows:
            if (now := (row["image"], row["mask"])) != last:
                position, last = position + 1, now
            key = row["metric"], row["prediction"], row["region"]
            self.values[key].append(row["value"])
            self.positions[key].append(position)
            yield row

    def print(self, metrics: Sequence[str]) -> None:
        """One line a metric, prediction and region."""
        print(f"{'metric':<20}{'prediction':<11}{'region':<10}{'mean':>9}  {'95 % interval':<20}{'N':>6}")
        for name in metrics:
            metric = METRICS[name]
            for key, values in self.values.items():
                if key[0] != name:
                    continue
                of = [self.photographs[position] for position in self.positions[key]]
                column = np.array(values)[:, None]
                low, high = (ends[0] for ends in intervals(column, "score", photographs=of, within=metric.range))
                d = metric.decimals
                interval = f"{low:.{d}f} … {high:.{d}f}" if np.isfinite(low) else "(one photograph)"
                title = f"{metric.title} {metric.arrow}" + (f" ({metric.unit})" if metric.unit else "")
                print(f"{title:<20}{key[1]:<11}{key[2]:<10}{np.mean(values):>9.{d}f}  {interval:<20}{len(values):>6}")


def _score_sets(names, files, photographs, output, backbones, threads, device: str, masked: bool, invert: bool) -> None:
    from lacuna.metrics.features import Features, extract, images_digest
    from lacuna.nn.devices import make_deterministic

    at_hand("inception", backbones, _say)
    make_deterministic(threads)
    kinds = ["raw", "composite"] if masked else ["raw"]
    _say(f"features of {len(files)} images, {' and '.join(kinds)}")
    of = extract(files, [*kinds, "truth"], backbones, device, invert, _Progress(len(files), "images' features made"))
    numbers = {name: number for number, name in enumerate(dict.fromkeys(photographs))}
    about = names, images_digest(files), [numbers[name] for name in photographs]
    truth = Features({"truth": of.pop("truth")}, *about)
    rows = list(set_scoring.set_rows(names, Features(of, *about), truth))
    write_records(output, rows, set_scoring.COLUMNS, set_scoring.NUMBERS)
    for row in rows:
        metric = set_metric_by_name(row["metric"])
        error = row["standard_error"]
        known = f" ± {error:.{metric.decimals}f} (standard error)" if error is not None and np.isfinite(error) else ""
        flag = f", {row['flag']}" if row["flag"] else ""
        value = f"{row['value']:.{metric.decimals}f}"
        print(f"{metric.title} {metric.arrow}, {row['prediction']}: {value}{known}, N = {row['n']}{flag}")
    print(f"{len(rows)} scores of sets, into {printable(str(output))}", flush=True)


def _on_device(name: str) -> str:
    """As torch calls the device, asked of it only where it is not the CPU: TF32, which values show, is off there."""
    if name == "cpu":
        return name
    import torch

    from lacuna.nn.devices import named_device

    torch.backends.cudnn.allow_tf32 = False
    return str(named_device(name))


def _say(sentence: str) -> None:
    print(f"note: {sentence}", file=sys.stderr, flush=True)
