"""Fill the hole of a picture, or of every picture of a folder, with any system.

Outside the hole the result has exactly the picture's own pixels.
"""

import sys
from pathlib import Path

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument("image", type=Path, help="a picture, a folder of pictures, or - for standard input")
    parser.add_argument("mask", type=Path, help="white = hole; for a folder: one mask, or a folder with the same names")
    outputs = "file (.png, .jpg, .webp, .tif), - for standard output, or for a folder a folder"
    parser.add_argument("-o", "--output", required=True, type=Path, help=outputs)
    parser.add_argument("--system", help="its name; weights that `lacuna train` wrote and ONNX files know theirs")
    weights = "of `lacuna train`, of the system's authors, or an exported .onnx file; none for an untrained system"
    parser.add_argument("--weights", type=Path, help=weights)
    parser.add_argument(
        "--settings",
        type=json_settings,
        default="{}",
        help="JSON: settings that differ from the weights' or the authors'",
    )
    parser.add_argument("--invert-mask", action="store_true", help="black = hole")
    parser.add_argument("--resize-mask", action="store_true", help="resize a mask of another size to the picture's")
    parser.add_argument("--dilate", type=int, default=0, metavar="N", help="let the hole grow by N pixels (default: 0)")
    parser.add_argument("--tile", type=int, metavar="N", help="compute N×N pixels at once; 0: all (default: 512)")
    parser.add_argument("--overlap", type=int, metavar="N", help="pixels that tiles share (default: 64 at most)")
    parser.add_argument("--format", default="png", help="of a folder's or a pipe's results (default: png)")
    parser.add_argument("--force", action="store_true", help="write over the picture or the mask, if asked to")
    parser.add_argument("--gpus", type=int, default=1, help="0: the CPU; 1: a GPU if there is one (default: 1)")
    parser.add_argument("--threads", type=positive, help="of the CPU (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of what a system draws at random (default: 0)")


def run(args) -> None:
    from lacuna.inpainting.jobs import PIPE, Options, inpaint_file, plan_jobs
    from lacuna.inpainting.models import load
    from lacuna.inpainting.saving import format_of

    options = Options(
        suffix=format_of(Path(f"result.{args.format}")),
        invert_mask=args.invert_mask,
        resize_mask=args.resize_mask,
        dilate=args.dilate,
        tile=args.tile,
        overlap=args.overlap,
    )
    jobs, notes = plan_jobs(args.image, args.mask, args.output, options.suffix, args.force)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    model = load(args.system, args.weights, args.settings, gpus=args.gpus, threads=args.threads, seed=args.seed)
    if args.image.is_dir():
        _run_folder(model, jobs, options, args.output)
        return
    with _progress() as bar:
        task = bar.add_task("tiles", visible=False)
        done, notes = inpaint_file(
            model, jobs[0], options, lambda done, of: bar.update(task, completed=done, total=of, visible=of > 1)
        )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(done, file=sys.stderr if args.output == PIPE else sys.stdout)


def _run_folder(model, jobs: list, options, output: Path) -> None:
    """Every picture of a folder; one that fails does not stop the others."""
    from lacuna.errors import LacunaError
    from lacuna.inpainting.jobs import inpaint_file

    output.mkdir(exist_ok=True)
    failed = 0
    with _progress() as bar:
        for job in bar.track(jobs, description=model.name):
            try:
                _, notes = inpaint_file(model, job, options)
                said = [f"note: {note}" for note in notes]
            except LacunaError as error:
                failed += 1
                said = [f"not filled: {error}"]
            for line in said:
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
    print(f"{len(jobs) - failed} pictures filled by {model.name} ({model.device}), into {output}")
    if failed:
        raise LacunaError(f"{failed} of {len(jobs)} pictures were not filled; mend what is said above about each")


def _progress():
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
