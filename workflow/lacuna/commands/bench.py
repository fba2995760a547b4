"""Measure the speed of a stage on this machine, beside the usual way of doing it."""

import json

from lacuna.arguments import positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "stage", choices=["score"], help="stage to time; score: per-image metrics, beside scikit-image and lpips"
    )
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    parser.add_argument("--images", type=positive, default=64, help="number of pictures (default: 64)")
    parser.add_argument("--size", type=positive, default=256, help="picture side in pixels (default: 256)")
    parser.add_argument("--threads", type=positive, default=2, help="threads for each implementation (default: 2)")
    parser.add_argument("--repeats", type=positive, default=3, help="repeats; the fastest counts (default: 3)")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks")


def run(args) -> None:
    import tempfile
    from pathlib import Path

    from lacuna.metrics.benchmark import compare

    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), args.backbones, args.images, args.size, args.threads, args.repeats)
    if args.json:
        print(json.dumps(found, indent=2))
        return
    print(
        f"{found['pairs']} pairs at {args.size}×{args.size}: {found['seconds']:.2f} s here, "
        f"{found['usual_seconds']:.2f} s with scikit-image and lpips pair by pair: {found['ratio']:.1f} times as fast"
    )
