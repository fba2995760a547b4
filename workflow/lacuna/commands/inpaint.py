"""Fill the hole of a picture, or of every picture of a folder, with any system, or compare several on a sheet.

Outside the hole the result has exactly the picture's own pixels.
"""

import os
import sys
import time
from pathlib import Path

from lacuna.arguments import add_filling, positive

EXAMPLE = "inpaint photo.jpg mask.png -o out.png --system telea"


def add_arguments(parser) -> None:
    parser.add_argument("image", type=Path, help="picture, folder of pictures, or - for standard input")
    parser.add_argument(
        "mask", type=Path, help="mask (white = hole); for a folder: one mask, or a folder with the same names"
    )
    outputs = "file (.png, .jpg, .webp, .tif), - for standard output; for a folder or with --sheet: a folder"
    parser.add_argument("-o", "--output", type=Path, help=outputs)
    system = "system name; not needed for `lacuna train` weights and ONNX files; several times with --sheet"
    parser.add_argument("--system", action="append", help=system)
    weights = (
        "weights of `lacuna train` or the system's authors, or an ONNX file; not for untrained systems; with --sheet: "
        "one for each --system that takes weights, in their order"
    )
    parser.add_argument("--weights", action="append", type=Path, help=weights)
    sheet = "PNG with all fills of each hole, by every --system and every sample, with their time and diversity"
    parser.add_argument("--sheet", type=Path, help=sheet)
    samples = "number of fills by each system that draws, from --seed on (default: 1); more than 1 with --sheet"
    parser.add_argument("--samples", type=positive, default=1, metavar="N", help=samples)
    backbones = "folder of pretrained networks, for the diversity of samples (default: results/backbones)"
    parser.add_argument("--backbones", default="results/backbones", help=backbones)
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
    from lacuna.errors import LacunaError, plain
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
    names, weights = args.system or [], args.weights or []
    if args.sheet is not None:
        _run_sheet(args, names, weights, options)
        return
    if args.output is None:
        raise LacunaError("no output is named; add -o with a file or a folder, or --sheet with a PNG")
    if max(len(names), len(weights), args.samples) > 1:
        raise LacunaError(
            "several systems, weights or samples fill a hole several times; add --sheet with a PNG that shows them all"
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
    system, file = next(iter(names), None), next(iter(weights), None)
    model = load(system, file, args.settings, args.gpus, args.threads, args.seed, args.device)
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


def _run_sheet(args, names: list[str], weights: list[Path], options) -> None:
    """All fills of every hole on one sheet."""
    from lacuna.all_fills import contestants, fill_all, matched, plan_sheet
    from lacuna.errors import LacunaError, plain

    def say(sentence: str) -> None:
        print(f"note: {plain(sentence)}", file=sys.stderr, flush=True)

    if args.skip_existing:
        raise LacunaError("a sheet shows all fills, so that none is skipped; leave out --skip-existing")
    jobs, notes = plan_sheet(args.image, args.mask, args.sheet, args.output, options.suffix, args.force)
    for note in notes:
        say(note)
    asked = matched(names, weights, args.settings)
    systems = contestants(asked, args.samples, args.seed, args.gpus, args.threads, args.device, say)
    failed = fill_all(
        jobs,
        systems,
        options,
        args.sheet,
        args.output is not None,
        args.backbones,
        say,
        lambda sentence: print(plain(sentence), flush=True),
    )
    if failed:
        raise LacunaError(f"{failed} fills failed; see the errors above")
