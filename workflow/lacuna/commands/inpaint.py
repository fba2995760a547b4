"""Fill the hole of a picture, or of every picture of a folder, with any system.

Outside the hole the result has exactly the picture's own pixels.
"""

import os
import sys
import time
from pathlib import Path

from lacuna.arguments import add_filling

EXAMPLE = "inpaint photo.jpg mask.png -o out.png --system telea"


def add_arguments(parser) -> None:
    parser.add_argument("image", type=Path, help="picture, folder of pictures, or - for standard input")
    parser.add_argument(
        "mask", type=Path, help="mask (white = hole); for a folder: one mask, or a folder with the same names"
    )
    outputs = "file (.png, .jpg, .webp, .tif), - for standard output; for a folder: a folder"
    parser.add_argument("-o", "--output", required=True, type=Path, help=outputs)
    parser.add_argument("--system", help="system name; not needed for `lacuna train` weights and ONNX files")
    weights = "weights of `lacuna train` or the system's authors, or an ONNX file; not for untrained systems"
    parser.add_argument("--weights", type=Path, help=weights)
    add_filling(
        parser,
        tile="tile size in pixels; 0: the whole picture (default: 512)",
        devices="cpu, cuda or mps (an Apple GPU)",
    )
    formats = "output format for folders and pipes; input: each as its picture (default: png)"
    parser.add_argument("--format", default="png", help=formats)
    parser.add_argument("--skip-existing", action="store_true", help="skip pictures whose results exist")
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")


AS_INPUT = "input"
EVERY = 5  # seconds between two lines of progress where there is no terminal


def run(args) -> None:
    # PyTorch's threads otherwise spin while they wait for each other, and where other work has the cores they spin for
    # most of the time; it is read when PyTorch is imported
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from lacuna.errors import plain
    from lacuna.inpainting.jobs import PIPE, Options, inpaint_file, plan_jobs
    from lacuna.inpainting.models import load
    from lacuna.inpainting.progress import progress_bar
    from lacuna.inpainting.saving import format_of

    options = Options(
        suffix=None if args.format == AS_INPUT else format_of(Path(f"result.{args.format}")),
        invert_mask=args.invert_mask,
        resize_mask=args.resize_mask,
        dilate=args.dilate,
        tile=args.tile,
        overlap=args.overlap,
    )
    jobs, notes = plan_jobs(args.image, args.mask, args.output, options.suffix, args.force)
    if args.skip_existing:
        given, jobs = len(jobs), [job for job in jobs if job.output == PIPE or not job.output.exists()]
        if given > len(jobs):
            notes.append(f"{given - len(jobs)} of {given} results are there already and are left")
    for note in notes:
        print(f"note: {plain(note)}", file=sys.stderr)
    if not jobs:
        return
    model = load(args.system, args.weights, args.settings, args.gpus, args.threads, args.seed, args.device)
    for note in model.notes:
        print(f"note: {plain(note)}", file=sys.stderr)
    if args.image.is_dir():
        _run_folder(model, jobs, options, args.output)
        return
    with progress_bar() as bar:
        task = bar.add_task("tiles", visible=False)
        done, notes = inpaint_file(
            model, jobs[0], options, lambda done, of: bar.update(task, completed=done, total=of, visible=of > 1)
        )
    for note in notes:
        print(f"note: {plain(note)}", file=sys.stderr)
    print(done, file=sys.stderr if args.output == PIPE else sys.stdout)


def _run_folder(model, jobs: list, options, output: Path) -> None:
    """Every picture of a folder; one that fails does not stop the others."""
    from lacuna.errors import LacunaError, plain
    from lacuna.inpainting.jobs import inpaint_file
    from lacuna.inpainting.progress import progress_bar

    output.mkdir(exist_ok=True)
    failed, began, last = 0, time.monotonic(), time.monotonic()
    with progress_bar() as bar:
        for number, job in enumerate(bar.track(jobs, description=model.name), 1):
            try:
                _, notes = inpaint_file(model, job, options)
                said = [f"note: {note}" for note in notes]
            except LacunaError as error:
                failed += 1
                said = [f"not filled: {error}"]
            now = time.monotonic()
            if bar.disable and now - last >= EVERY and number < len(jobs):
                left = (now - began) / number * (len(jobs) - number)
                said.append(f"{number} of {len(jobs)} pictures, about {left:.0f} s left")
                last = now
            for line in said:
                bar.console.print(plain(line), markup=False, highlight=False, soft_wrap=True)
    print(f"{len(jobs) - failed} pictures filled by {model.name} ({model.device}), into {output}")
    if failed:
        raise LacunaError(f"{failed} of {len(jobs)} pictures failed; see the errors above")
