"""One picture from its file to its result's file, and what is refused before anything is computed."""

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lacuna.data.stems import is_one_file, refuse_own_mask
from lacuna.errors import LacunaError
from lacuna.inpainting.folders import pairs
from lacuna.inpainting.holes import hole_of
from lacuna.inpainting.models import Model
from lacuna.inpainting.pictures import Picture, picture_of
from lacuna.inpainting.saving import encoded, fitted, format_of, writable, write

PIPE = Path("-")  # standard input, or standard output


@dataclass(frozen=True)
class Options:
    """How masks are read and pictures computed: see `Model.inpaint`.

    suffix: of results that have no name of their own; None: as the picture's.
    """

    suffix: str | None = ".png"
    invert_mask: bool = False
    resize_mask: bool = False
    dilate: int = 0
    tile: int | None = None
    overlap: int | None = None


@dataclass(frozen=True)
class FillJob:
    """Where a picture, its mask and its result lie; `PIPE` for one of the first two, and for the last."""

    image: Path
    mask: Path
    output: Path


def plan_jobs(
    image: Path, mask: Path, output: Path, suffix: str | None, force: bool = False
) -> tuple[list[FillJob], list[str]]:
    """The one job of a picture, or those of a folder, and what is to be said about the folders.

    Whatever can be seen to be wrong by now is a `LacunaError`, above all a picture that would be its own mask.
    """
    notes: list[str] = []
    if image.is_dir():
        if output == PIPE or output.is_file() or not output.absolute().parent.is_dir():
            raise LacunaError(f"{image} is a folder, so the output must be a folder, not {output}")
        for folder in (image, mask):
            if not force and folder.is_dir() and is_one_file(folder, output):
                raise LacunaError(
                    f"the results would lie among the files of {folder}, where the next call would read them; "
                    "name another folder, or add --force"
                )
        found, notes = pairs(image, _present(mask), output)
        jobs = [FillJob(path, its, output / f"{name}{suffix or writable(path)}") for path, its, name in found]
    else:
        if mask.is_dir():
            raise LacunaError(f"the mask {mask} is a folder, but the image {image} is not; name the mask's file")
        if image == mask == PIPE:
            raise LacunaError("image and mask cannot both come from standard input; name a file for one of them")
        if output == PIPE and sys.stdout.isatty():
            raise LacunaError("the result would go to the terminal; send it into a file or a pipe, or name an output")
        if output.is_dir():
            raise LacunaError(f"the output {output} is a folder, but the image {image} is not; name a file")
        if output != PIPE and not output.absolute().parent.is_dir():
            raise LacunaError(f"the folder {output.parent} for the output does not exist; make it first")
        jobs = [FillJob(_present(image), _present(mask), output)]
    for job in jobs:
        if PIPE not in (job.image, job.mask):
            refuse_own_mask(job.image, job.mask)
        if job.output != PIPE:
            format_of(job.output)
        for given in (job.image, job.mask):
            if not force and PIPE not in (given, job.output) and is_one_file(given, job.output):
                raise LacunaError(f"the output would replace {given} itself; name another, or add --force")
    return jobs, notes


def _present(path: Path) -> Path:
    if path != PIPE and not path.exists():
        raise LacunaError(f"the file {path} does not exist; correct the name")
    return path


@dataclass
class Given:
    """What a job starts from: picture, hole (bool H×W), the result's suffix, and the mask's name in messages."""

    picture: Picture
    hole: np.ndarray
    suffix: str
    name: str
    mask_name: str

    def doubts(self, options: Options) -> list[str]:
        """A sentence where the mask looks turned around."""
        share = np.count_nonzero(self.hole) / self.hole.size
        if share <= 0.5 or options.invert_mask:
            return []
        return [f"{self.mask_name} covers {share:.0%}; if white is what to keep, add --invert-mask"]


def read_job(job: FillJob, options: Options) -> Given:
    """Picture and mask of a job. What cannot be read, or written in the end, is a `LacunaError`."""
    name = "standard input" if job.image == PIPE else str(job.image)
    mask_name = "the mask from standard input" if job.mask == PIPE else f"the mask {job.mask}"
    picture = picture_of(_source(job.image), name)
    hole = hole_of(
        _source(job.mask),
        picture,
        name=mask_name,
        invert=options.invert_mask,
        resize=options.resize_mask,
        dilate=options.dilate,
    )
    suffix = (options.suffix or picture.suffix) if job.output == PIPE else format_of(job.output)
    fitted(picture, suffix, name)  # what the format cannot hold is refused before anything is computed
    return Given(picture, hole, suffix, name, mask_name)


def write_job(job: FillJob, given: Given, filled: Picture) -> list[str]:
    """Write the completed picture, whole or not at all; what could not be kept, in words."""
    result = fitted(filled, given.suffix, given.name)
    if job.output == PIPE:
        sys.stdout.buffer.write(encoded(result, given.suffix))
        sys.stdout.buffer.flush()
    else:
        write(result, job.output)
    return result.notes


def inpaint_file(
    model: Model, job: FillJob, options: Options, progress: Callable[[int, int], None] = lambda done, of: None
) -> tuple[str, list[str]]:
    """Fill one picture and write it, whole or not at all. Returns what was done, and what could not be kept, in words.

    progress: as in `lacuna.inpainting.filling.fill`. Errors: `LacunaError`.
    """
    given = read_job(job, options)
    began = time.monotonic()
    filled = model.fill(given.picture, given.hole, tile=options.tile, overlap=options.overlap, progress=progress)
    seconds = time.monotonic() - began
    notes = write_job(job, given, filled)
    height, width = given.picture.size
    share = np.count_nonzero(given.hole) / given.hole.size
    by = f"by {model.name} in {seconds:.2f} s ({model.device})"
    return f"{job.output}: {width}×{height} pixels, {share:.1%} filled {by}", [*notes, *given.doubts(options)]


def _source(path: Path):
    return io.BytesIO(sys.stdin.buffer.read()) if path == PIPE else path
