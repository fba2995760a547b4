"""Fill the hole of a picture by a network that first learns on from what is known of it (test-time training).

Outside the hole the result has exactly the picture's own pixels.
"""

import sys
from pathlib import Path

from lacuna.arguments import add_filling, json_settings

EXAMPLE = "adapt photo.png mask.png -o out.png --weights weights.safetensors"


def add_arguments(parser) -> None:
    parser.add_argument("image", type=Path, help="picture, or - for standard input")
    parser.add_argument("mask", type=Path, help="mask (white = hole)")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, help="file (.png, .jpg, .webp, .tif), or - for standard output"
    )
    parser.add_argument("--experiment", default="combination_I", help="name of an experiment (default: combination_I)")
    parser.add_argument(
        "--differences",
        type=json_settings,
        default="{}",
        help="settings as JSON, where they differ from the experiment's",
    )
    keep = "whether to keep the adaptation; auto: a held-out part of the picture decides (default: auto)"
    parser.add_argument("--keep", choices=("auto", "always", "never"), default="auto", help=keep)
    parser.add_argument("--strip", type=Path, help="file for a strip of pictures, the result after more and more steps")
    parser.add_argument("--system", help="system name; not needed for `lacuna train` weights")
    parser.add_argument("--weights", type=Path, help="weights of `lacuna train` or the system's authors")
    parser.add_argument(
        "--discriminator",
        type=Path,
        help="discriminator weights of the authors (default: the training state beside --weights)",
    )
    parser.add_argument(
        "--losses",
        choices=("thesis", "own"),
        help="losses by region, or the system's own (default: by region, if it has them)",
    )
    parser.add_argument("--pool", type=Path, help="folder of pictures for experiments that fill the hole with others")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks")
    add_filling(parser, tile="largest side to learn from, in pixels; 0: all (default: 512)", devices="cpu or cuda")


def run(args) -> None:
    from lacuna.adaptation.filling import adapt_picture
    from lacuna.errors import LacunaError
    from lacuna.inpainting.jobs import PIPE, Options, plan_jobs, read_job, write_job
    from lacuna.inpainting.models import load
    from lacuna.inpainting.progress import progress_bar
    from lacuna.inpainting.saving import format_of, written

    if args.image.is_dir():
        raise LacunaError(f"the image {args.image} is a folder, and one picture is adapted to at a time; name a file")
    if args.strip is not None:
        format_of(args.strip)
        if not args.strip.absolute().parent.is_dir():
            raise LacunaError(f"the folder {args.strip.parent} for the strip does not exist; make it first")
        if args.strip.absolute() == args.output.absolute():
            raise LacunaError(f"strip and output are both to be written to {args.output}; name two files")
    options = Options(
        invert_mask=args.invert_mask,
        resize_mask=args.resize_mask,
        dilate=args.dilate,
        tile=args.tile,
        overlap=args.overlap,
    )
    (job,), said = plan_jobs(args.image, args.mask, args.output, options.suffix, args.force)
    model = load(args.system, args.weights, args.settings, args.gpus, args.threads, device=args.device)
    given = read_job(job, options)
    with progress_bar() as bar:
        task = bar.add_task(f"adapting {model.name}", total=None)
        done = adapt_picture(
            model,
            given.picture,
            given.hole,
            args.experiment,
            args.keep,
            pool=args.pool,
            backbones=args.backbones,
            discriminator=args.discriminator,
            losses=args.losses,
            differences=args.differences,
            tile=args.tile,
            overlap=args.overlap,
            every_step=args.strip is not None,
            progress=lambda step, of: bar.update(task, completed=step, total=of),
        )
    notes = write_job(job, given, done.picture)
    if args.strip is not None:
        written(done.strip(given.picture, given.hole), args.strip)
    for note in [*said, *notes, *given.doubts(options)]:
        print(f"note: {note}", file=sys.stderr)
    print(_said(args, model, done), file=sys.stderr if args.output == PIPE else sys.stdout)


def _said(args, model, done) -> str:
    """What was done, in one line."""
    if done.adapted is None:
        return f"{args.output}: filled by {model.name} as it is, nothing was adapted ({model.device})"
    last, seconds = max(done.adapted.predictions), done.adapted.seconds
    which = f"kept after {done.choice.step} of {last} steps" if done.choice.keep else "discarded, filled as it was"
    evidence = done.choice.evidence
    proof = ""
    if evidence:
        best = min(evidence.values())
        proof = f"; held-out error {evidence[0]:.5f} before, {best:.5f} at best"
    return f"{args.output}: {model.name} adapted in {seconds:.1f} s ({model.device}), {which}{proof}"
