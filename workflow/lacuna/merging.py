"""Rows of scores of several runs, of several machines maybe, as one table: where data and metrics are the same."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lacuna import sidecars
from lacuna.axes import IMAGE_SIZE, NOT_TRAINED, REPEAT, SAMPLE, TEST_MASKS, TRAIN_MASKS
from lacuna.canonical import changes
from lacuna.errors import LacunaError
from lacuna.reporting.aggregation import read_scores, with_photographs
from lacuna.reporting.replicates import conditions
from lacuna.sources import CONTROL, SHARED

RUN = "run"
KEYS = ["system", "source", "test_set"]


def merged(runs: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of all runs with their `run` and `photograph`; image and mask are paths below the folder of a run.

    runs: folders of results. A `LacunaError` says why runs cannot be joined: a file of scores without the record of its
    job, metrics or their code, packages or networks that differ, test sets of one name with other images or masks, and
    a system that two runs have scored on the same test set with different results. Equal rows of two runs count once.
    """
    folders = [Path(run) for run in runs]
    if len({folder.resolve() for folder in folders}) < len(folders) or len(folders) < 2:
        raise LacunaError("a merge needs at least two different runs; name the folder of each once")
    if len({folder.name for folder in folders}) < len(folders):
        raise LacunaError(f"two of the runs are called '{folders[0].name}'; rename one of the folders")
    first: dict[str, tuple[str, dict]] = {}  # what was compared → where it was met first, and what it is
    parts = []
    for folder in folders:
        files = [path for path in sorted(folder.glob("scores/*/*/*.parquet")) if path.parent.name != CONTROL]
        if not files:
            raise LacunaError(f"{folder} holds no scores of systems; name the folder of a run, such as results/demo")
        _compare(folder, files, first)
        rows = with_photographs(read_scores(files))
        below = {name: [_below(path, folder) for path in rows[name]] for name in ("image", "mask")}
        parts.append(rows.assign(**below, run=folder.name))
    return _joined(parts)


def _compare(folder: Path, files: list[Path], first: dict[str, tuple[str, dict]]) -> None:
    """Every record of a job that scored, against the first of its kind."""
    described: set[Path] = set()
    for path in files:
        record = sidecars.read(path)
        if record is None:
            continue  # a job's record lies beside the first of its files
        job = record["job"]
        described |= {folder.joinpath(*Path(each).parts[-4:]) for each in job["outputs"].get("scores", [])}
        metrics = {"metrics": sorted(job["settings"]["metrics"]), "code": job["code"], "packages": job["packages"]}
        networks = {Path(each).name: digest for each, digest in job["inputs"].get("backbones", [])}
        _same("the metrics", {**metrics, "networks": networks}, str(path), first)
        test_sets = job["settings"]["test_sets"]
        cells = job["settings"].get("columns") or [{}] * len(test_sets)
        for test_set, cell, (_, digest) in zip(test_sets, cells, job["inputs"]["pairs"], strict=True):
            under = "".join(f", {axis} {cell[axis]}" for axis in (TEST_MASKS, IMAGE_SIZE) if axis in cell)
            _same(f"the test set '{test_set}'{under}", {"images and masks": digest}, str(path), first)
    for path in files:
        if path not in described:
            raise LacunaError(
                f"{path} has no record of the job that made it, so it is unknown from which data; copy the files that "
                f"end in {sidecars.ENDING} along with the scores"
            )


def _same(what: str, here: dict, path: str, first: dict[str, tuple[str, dict]]) -> None:
    where, known = first.setdefault(what, (path, here))
    if differing := changes(known, here):
        place, how = next(iter(differing.items()))
        raise LacunaError(
            f"{what} of {path} and of {where} differ ({len(differing)} values, such as {' '.join(place)}, which "
            f"{how}); score both runs from the same data with the same version of Lacuna"
        )


def _below(path: str, folder: Path) -> str:
    """The path of a picture below the folder of its run, so that pictures of two runs have one name."""
    _, found, rest = path.replace("\\", "/").rpartition(f"{folder.name}/")
    return rest if found else path


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(parts, ignore_index=True)
    trained = ~rows["source"].isin(SHARED)
    if TRAIN_MASKS in rows:
        rows[TRAIN_MASKS] = rows[TRAIN_MASKS].where(trained, NOT_TRAINED)
    if REPEAT in rows:  # the only training of a run is the first of a run with several
        rows[REPEAT] = rows[REPEAT].fillna(trained).astype(int)
    if SAMPLE in rows:  # and so is the only sample of a system that draws
        drawn = rows.groupby("system")[SAMPLE].transform("max") > 0
        rows[SAMPLE] = rows[SAMPLE].fillna(drawn).astype(int)
    for name in conditions(rows):
        if (unknown := rows[name].isna()).any():
            raise LacunaError(
                f"the run {rows.loc[unknown, RUN].iloc[0]} has one {name} and the others have several, so their cells "
                f"cannot be told apart; give its config several {name}, too, or merge runs that have one"
            )
    axes = [name for name in (*conditions(rows), REPEAT, SAMPLE) if name in rows]
    key = [*KEYS, "image", "mask", "prediction", "region", "metric", *axes]
    for group, mine in rows.groupby(KEYS, sort=True):
        results = mine.groupby(key[3:], dropna=False)["value"].nunique(dropna=False)
        if results.max() > 1:
            system, source, test_set = group
            names = " and ".join(mine[RUN].unique())
            raise LacunaError(
                f"the runs {names} have scored '{system}' trained on '{source}' on '{test_set}', with different "
                "results; give one of the systems another name in its config, or leave one run out"
            )
    return rows.drop_duplicates(key, ignore_index=True)
