"""`lacuna inpaint --sheet`: all fills of one hole, by several systems and seeds, side by side; no truth is needed.

No step of the workflow comes here, so that nothing in this file, or below it, reruns one.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

import numpy as np

from lacuna.data.stems import is_one_file, refuse_own_mask
from lacuna.errors import LacunaError
from lacuna.inpainting.folders import pairs
from lacuna.inpainting.jobs import PIPE, FillJob, Given, Options, read_job, write_job
from lacuna.inpainting.models import Model, load
from lacuna.inpainting.saving import writable
from lacuna.metrics.diversity import Diversity
from lacuna.reporting.sheet import Fill, SheetRow, draw_sheet
from lacuna.systems import system_class

CLOSER_FROM = 2  # a hole's box whose longer side is less than this part of the picture's is shown closer, too
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """A system as it is asked for: `load`'s name, weights and settings."""

    system: str | None
    weights: str | Path | None
    settings: dict


@dataclass(frozen=True)
class Contestant:
    """A system that is ready, what it is called on the sheet, and the seeds of its fills."""

    model: Model
    name: str
    seeds: tuple[int, ...]

    @property
    def heads(self) -> list[str]:
        """What stands over its columns."""
        if len(self.seeds) == 1:
            return [self.name]
        return [f"{self.name}\nsample {number}" for number in range(1, len(self.seeds) + 1)]


def matched(names: Sequence[str], weights: Sequence[str | Path], settings: dict) -> list[Asked]:
    """Which weights and settings belong to which system, in the order of the systems.

    Weights belong to the systems that take them, one for each, in order; without any system, weights name their own.
    settings: of the one system, or of several by their names. Whatever does not fit together is a `LacunaError`.
    """
    if len(names) <= 1 and len(weights) <= 1:  # what is wrong with one, `load` says
        return [Asked(next(iter(names), None), next(iter(weights), None), settings)]
    if not names:
        of: list[tuple[str | None, str | Path | None]] = [(None, path) for path in weights]
    else:
        takers = [name for name in names if system_class(name).facts.kind == "deep"]
        if len(takers) != len(weights):
            if not takers:
                raise LacunaError("--weights is given, but none of the systems takes weights; leave it out")
            raise LacunaError(
                f"--weights is given {len(weights)} times, but the systems that take weights are {', '.join(takers)}; "
                "give one for each of them, in their order"
            )
        left = iter(weights)
        of = [(name, next(left) if name in takers else None) for name in names]
    for name, value in settings.items():
        if name not in names or not isinstance(value, dict):
            known = ", ".join(names) or "named here"
            raise LacunaError(
                f'--settings of several systems are by their names, like \'{{"mat": {{"resolution": 512}}}}\', but '
                f"'{name}' is not settings of a system ({known}); correct them"
            )
    return [Asked(name, path, settings.get(name, {})) for name, path in of]


def contestants(
    asked: Sequence[Asked],
    samples: int,
    seed: int,
    gpus: int,
    threads: int | None,
    device: str | None,
    say: Say = lambda sentence: None,
) -> list[Contestant]:
    """All systems, ready to fill. One that draws has `samples` fills, from `seed` on; of another `say` is told."""
    models = []
    for each in asked:
        model = load(each.system, each.weights, each.settings, gpus, threads, seed, device, drawn=samples > 1)
        for note in model.notes:
            say(note)
        models.append((model, each))
    names = _apart([(model.name, each.weights) for model, each in models])
    found = []
    for name, (model, each) in zip(names, models, strict=True):
        if samples > 1 and not model.draws:
            say(f"'{name}' does not draw, so that every seed gives the same fill; it is made once")
        if samples > 1 and model.draws and model.system is not None:
            own = type(model.system).Recipe()
            set_here = {
                key: value
                for key, value in model.system.drawing.items()
                if getattr(own, key) != value and key not in each.settings
            }
            for key, value in set_here.items():
                say(f"'{name}' draws with its setting '{key}' at {str(value).lower()}, which its authors leave off")
        found.append(Contestant(model, name, tuple(range(seed, seed + (samples if model.draws else 1)))))
    return found


def _apart(names: Sequence[tuple[str, str | Path | None]]) -> list[str]:
    """Names that differ from each other: a system that is there twice has its weights' name beside it, or a number."""
    often = Counter(name for name, _ in names)
    told = [f"{name} ({Path(path).stem})" if often[name] > 1 and path else name for name, path in names]
    made: list[str] = []
    for name in told:
        numbered = (f"{name} {number}" for number in count(2))
        made.append(next(each for each in chain([name], numbered) if each not in made))
    return made


def plan_sheet(
    image: Path, mask: Path, sheet: Path, folder: Path | None, suffix: str | None, force: bool = False
) -> tuple[list[FillJob], list[str]]:
    """What is to be filled for a sheet, and what is to be said about the folders. Outputs are fills without a system.

    folder: where fills are kept; None: nowhere. suffix: of their files; None: as the picture's. Whatever can be seen to
    be wrong by now is a `LacunaError`.
    """
    if PIPE in (image, mask, sheet, folder):
        raise LacunaError("a sheet is made of files, not of a pipe; name files")
    if sheet.suffix.lower() != ".png":
        raise LacunaError(f"the sheet {sheet} is written as PNG; end its name with .png")
    for what, path in (("sheet", sheet), ("folder of fills", folder)):
        if path is not None and not path.absolute().parent.is_dir():
            raise LacunaError(f"the folder {path.parent} for the {what} does not exist; make it first")
    for path in (image, mask):
        if not path.exists():
            raise LacunaError(f"the file {path} does not exist; correct the name")
        if not force and (is_one_file(path, sheet)):
            raise LacunaError(f"the sheet would replace {path} itself; name another, or add --force")
        if not force and folder is not None and path.is_dir() and is_one_file(path, folder):
            raise LacunaError(
                f"the fills would lie among the files of {path}, where the next call would read them; name another "
                "folder, or add --force"
            )
    if sheet.is_dir():
        raise LacunaError(f"the sheet {sheet} is a folder; name a file that ends with .png")
    if folder is not None and folder.is_file():
        raise LacunaError(
            f"with --sheet, all fills are kept in a folder, but the output {folder} is a file; name another"
        )
    notes: list[str] = []
    if image.is_dir():
        found, notes = pairs(image, mask, folder)
        given = [(path, its, name) for path, its, name in found]
    elif mask.is_dir():
        raise LacunaError(f"the mask {mask} is a folder, but the image {image} is not; name the mask's file")
    else:
        given = [(image, mask, image.stem)]
    for path, its, _ in given:
        refuse_own_mask(path, its)
    place = folder or Path()
    return [FillJob(path, its, place / f"{name}{suffix or writable(path)}") for path, its, name in given], notes


def fill_all(
    jobs: Sequence[FillJob],
    systems: Sequence[Contestant],
    options: Options,
    sheet: Path,
    keep: bool,
    backbones: str | Path,
    say: Say,
    tell: Say,
) -> int:
    """Fill every hole by every system, and write the sheet; how many fills could not be made.

    keep: write every fill beside the job's output, with the system's name and the sample's number behind the picture's.
    backbones: where the network of LPIPS lies, or comes to. say: told what a user should know. tell: told what was
    done. Errors: a `LacunaError` where no fill could be made.
    """
    measured = Diversity(backbones, say)
    rows: list[SheetRow] = []
    failed = made = 0
    for job in jobs:
        try:
            given = read_job(job, options)
        except LacunaError as error:
            if len(jobs) == 1:
                raise
            say(f"not filled: {error}")
            failed += sum(len(each.seeds) for each in systems)
            continue
        for note in given.doubts(options):
            say(note)
        row = _row(given, job)
        for contestant in systems:
            try:
                fills = _fills(job, given, contestant, options, keep, say)
            except LacunaError as error:
                if len(jobs) == len(systems) == 1:
                    raise
                say(f"not filled: {job.image} by {contestant.name}: {error}")
                failed += len(contestant.seeds)
                row = replace(row, fills=[*row.fills, *[None] * len(contestant.seeds)])
                continue
            made += len(fills)
            seconds = sum(each.seconds for each in fills) / len(fills)
            said = f"{job.image}: {contestant.name}, {seconds:.2f} s ({contestant.model.device})"
            notes = [f"{each.seconds:.2f} s" for each in fills]
            if len(fills) > 1:
                said = f"{job.image}: {contestant.name}, {len(fills)} samples, {seconds:.2f} s each"
                said += f" ({contestant.model.device})"
                distance = measured.of([each.picture for each in fills], given.hole)
                if distance is not None:
                    said += f", diversity {distance:.4f}"
                    notes[0] += f"\ndiversity {distance:.4f}"
            shown = [Fill(each.picture, note) for each, note in zip(fills, notes, strict=True)]
            row = replace(row, fills=[*row.fills, *shown])
            tell(said)
        rows.append(row.shrunk())
        if _is_small(given.hole):
            rows.append(row.closer("closer").shrunk())
    if not made:
        raise LacunaError("no hole could be filled, so there is no sheet; see the errors above")
    title = "All fills of one hole" if len(rows) < 3 and len(jobs) == 1 else "All fills"
    draw_sheet([head for each in systems for head in each.heads], rows, sheet, f"{title}, composites")
    tell(f"{sheet}: {made} fills of {len(jobs)} picture{'s' * (len(jobs) > 1)} by {len(systems)} systems")
    return failed


@dataclass(frozen=True)
class _Made:
    """A composite, uint8 H×W×3, and the seconds that it took, reading and writing excluded."""

    picture: np.ndarray
    seconds: float


def _fills(job: FillJob, given: Given, contestant: Contestant, options: Options, keep: bool, say: Say) -> list[_Made]:
    """One fill for each seed."""
    fills = []
    for number, seed in enumerate(contestant.seeds, 1):
        model = contestant.model.with_seed(seed)
        began = time.monotonic()
        filled = model.fill(given.picture, given.hole, tile=options.tile, overlap=options.overlap)
        fills.append(_Made(filled.rgb, time.monotonic() - began))
        if keep:
            sample = f"_sample{number}" if len(contestant.seeds) > 1 else ""
            name = "".join(each if each.isalnum() or each in "-_." else "_" for each in contestant.name)
            target = job.output.with_name(f"{job.output.stem}_{name}{sample}{job.output.suffix}")
            for note in write_job(replace(job, output=target), given, filled):
                say(f"{target}: {note}")
    return fills


def _row(given: Given, job: FillJob) -> SheetRow:
    """The row of a picture, before anything is filled."""
    height, width = given.picture.size
    share = np.count_nonzero(given.hole) / given.hole.size
    return SheetRow(job.image.name, given.picture.rgb, given.hole, [], note=f"{width}×{height}, {share:.1%} hole")


def _is_small(hole: np.ndarray) -> bool:
    """Whether the hole's box is so small beside the picture that nobody sees how it was filled."""
    sides = [np.ptp(np.flatnonzero(hole.any(axis))) + 1 for axis in (1, 0)]
    return max(sides) * CLOSER_FROM < max(hole.shape)
