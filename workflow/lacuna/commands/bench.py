"""Measure the speed of a stage on this machine, beside the usual way of doing it."""

import json
from pathlib import Path

from lacuna.arguments import json_settings, positive
from lacuna.training.settings import PRECISIONS

EXAMPLE = "bench score --images 16"


def add_arguments(parser) -> None:
    stages = parser.add_subparsers(dest="stage", required=True, metavar="stage")
    says = "per-image metrics, beside scikit-image and lpips"
    score = stages.add_parser("score", help=says, description=says)
    score.add_argument("--images", type=positive, default=64, help="number of pictures (default: 64)")
    score.add_argument("--size", type=positive, default=256, help="picture side in pixels (default: 256)")
    score.set_defaults(stage_run=_score)

    says = "adaptation to single pictures, beside a plain loop"
    adapt = stages.add_parser("adapt", help=says, description=says)
    adapt.add_argument("--images", type=positive, default=2, help="number of pictures (default: 2)")
    adapt.add_argument("--size", type=positive, default=64, help="picture side in pixels (default: 64)")
    adapt.add_argument("--steps", type=positive, default=10, help="number of steps of each adaptation (default: 10)")
    adapt.add_argument("--width", type=positive, default=16, help="width of the network in channels (default: 16)")
    adapt.add_argument("--experiment", default="combination_I", help="name of the experiment (default: combination_I)")
    adapt.set_defaults(stage_run=_adapt)

    says = "training steps, beside a plain loop"
    train = stages.add_parser("train", help=says, description=says)
    train.add_argument("--size", type=positive, default=128, help="picture side in pixels (default: 128)")
    train.add_argument("--batch", type=positive, default=2, help="pictures a step (default: 2)")
    train.add_argument("--sizes", type=_numbers, help="several sides in pixels, such as 64,128: times alone")
    train.add_argument("--batches", type=_numbers, help="several pictures a step, such as 1,2,4: times alone")
    train.add_argument("--plot", help="path of the PNG file that shows the speed at these sizes and batches")
    train.add_argument("--images", type=positive, help="number of pictures (default: two batches)")
    train.add_argument("--compile", action="store_true", help="network compiled by PyTorch, as by training: compile")
    train.add_argument("--steps", type=positive, default=3, help="number of steps of each turn (default: 3)")
    train.set_defaults(stage_run=_train)

    says = "predictions in PyTorch, beside ONNX Runtime"
    predict = stages.add_parser("predict", help=says, description=says)
    predict.add_argument("--size", type=positive, default=256, help="picture side in pixels (default: 256)")
    predict.add_argument("--batch", type=positive, default=4, help="most pictures at once (default: 4)")
    predict.add_argument(
        "--seconds", type=positive, default=10, help="seconds that each batch is measured for (default: 10)"
    )
    predict.set_defaults(stage_run=_predict)

    says = "staging of drawn pictures, from few to many: whether cost and memory grow with their number"
    staging = stages.add_parser("stage", help=says, description=says)
    staging.add_argument("--images", type=positive, default=4000, help="largest number of images (default: 4000)")
    staging.add_argument("--fewest", type=positive, default=1000, help="smallest number of images (default: 1000)")
    staging.add_argument("--counts", type=positive, default=3, help="how many numbers are tried (default: 3)")
    staging.add_argument("--size", type=positive, default=256, help="picture side in pixels (default: 256)")
    staging.set_defaults(stage_run=_stage)

    for stage in (train, predict):
        stage.add_argument("--system", required=True, help="name of the system")
        stage.add_argument("--settings", type=json_settings, default={}, help="JSON object of settings (default: {})")
    for stage in (train, predict):
        stage.add_argument(
            "--precision", choices=PRECISIONS, default=PRECISIONS[0], help=f"number format (default: {PRECISIONS[0]})"
        )
    for stage in (score, train, predict):
        stage.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="device (default: cpu)")
    for stage in (score, adapt, train, predict, staging):
        stage.add_argument("--json", action="store_true", help="print the measurements as JSON")
        stage.add_argument("--threads", type=positive, default=2, help="number of CPU threads (default: 2)")
    for stage in (score, adapt, train):
        stage.add_argument(
            "--repeats", type=positive, default=3, help="number of repeats of each implementation (default: 3)"
        )
        stage.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks")


def run(args) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found, says = args.stage_run(args, Path(folder))
    print(json.dumps(found, indent=2) if args.json else says)


def _numbers(text: str) -> list[int]:
    return [positive(part) for part in text.split(",")]


def _score(args, folder) -> tuple[dict, str]:
    """The measurements, and one sentence on them."""
    from lacuna.metrics.benchmark import compare

    found = compare(folder, args.backbones, args.images, args.size, args.threads, args.repeats, args.device)
    return found, (
        f"{found['pairs']} pairs at {args.size}×{args.size}: {found['seconds']:.2f} s here, "
        f"{found['usual_seconds']:.2f} s with scikit-image and lpips pair by pair: {found['ratio']:.1f} times as fast"
    )


def _adapt(args, folder) -> tuple[dict, str]:
    """The measurements, and one sentence on them."""
    from lacuna.adaptation.benchmark import compare

    found = compare(
        folder,
        args.backbones,
        args.images,
        args.size,
        args.steps,
        args.width,
        args.threads,
        args.repeats,
        args.experiment,
    )
    hourly = found["images_per_hour"]
    return found, (
        f"pictures of {args.size}×{args.size}, {args.steps} steps each: {hourly['fast']:.0f} an hour in mode fast, "
        f"{hourly['plain']:.0f} by a plain loop: {found['ratio']:.2f} times as fast"
    )


def _train(args, folder) -> tuple[dict, str]:
    """The measurements, and one sentence on them."""
    from lacuna.training.benchmark import Measured, compare, scaling

    def measured(size: int, batch: int) -> Measured:
        images, device = args.images or 2 * batch, (args.device, args.precision, args.compile)
        return Measured(args.backbones, args.system, args.settings, size, batch, images, args.threads, *device)

    if args.sizes or args.batches or args.plot:
        every = [measured(size, batch) for size in args.sizes or [args.size] for batch in args.batches or [args.batch]]
        found = scaling(folder, every, args.steps, args.repeats)
        if args.plot:
            from lacuna.training.scaling import draw

            draw(Path(args.plot), found["runs"])
        return found, "\n".join(
            f"{run['size']}×{run['size']}, {run['batch_size']} pictures a step: {run['seconds']['engine']:.3g} s a "
            f"step, {run['seconds']['plain']:.3g} s by a plain loop: {run['ratio']:.2f} times as fast"
            for run in found["runs"]
        )
    found = compare(folder, measured(args.size, args.batch), args.steps, args.repeats)
    seconds = found["seconds"]
    return found, (
        f"{args.system} at {args.size}×{args.size}, {args.batch} pictures a step: {seconds['engine']:.3g} s a step, "
        f"{seconds['plain']:.3g} s by a plain loop: {found['ratio']:.2f} times as fast "
        f"({found['ratio_first_pass']:.2f} times in the first pass over the pictures); the loader alone is "
        f"{found['loader_ratio']:.0f} times as fast as the quickest step"
    )


def _predict(args, folder) -> tuple[dict, str]:
    """The measurements, and one sentence on them."""
    from lacuna.cost.benchmark import compare

    found = compare(
        folder,
        args.system,
        args.settings,
        args.size,
        args.batch,
        args.seconds,
        args.threads,
        args.device,
        args.precision,
    )
    if found["ratio"] is None:
        return found, f"ONNX Runtime cannot use the device '{args.device}' here; see the rows of PyTorch with --json"
    rates = {row["runtime"]: row["images_per_second"] for row in found["rows"] if row["batch"] == found["batch"]}
    return found, (
        f"{args.system} at {found['size']}×{found['size']}, {found['batch']} at once: {rates['pytorch']:.3g} pictures "
        f"a second in PyTorch, {rates['onnxruntime']:.3g} in ONNX Runtime: {found['ratio']:.2f} times as fast"
    )


def _stage(args, folder) -> tuple[dict, str]:
    """The measurements, and one sentence on them."""
    from lacuna.data.benchmark import compare
    from lacuna.errors import LacunaError

    if args.fewest > args.images:
        raise LacunaError(f"--fewest is {args.fewest}, more than --images, {args.images}; lower it")
    found = compare(folder, args.fewest, args.images, args.counts, args.size, args.threads)
    last = found["rows"][-1]
    exponent = "" if found["exponent"] is None else f", cost grows with the power {found['exponent']:.3f}"
    return found, (
        f"{last['images']} pictures of {args.size}×{args.size}, {args.threads} at once: "
        f"{last['images_per_second']:.0f} a second, {last['images_per_processor_second']:.0f} a second of processor "
        f"time{exponent}; peak memory {last['peak_megabytes']:.0f} MB, {found['memory_ratio']:.2f} times the smallest"
    )
