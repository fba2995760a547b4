"""Compare exported graphs in ONNX Runtime with PyTorch, number by number and metric by metric."""

from pathlib import Path

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: label, source, system, settings, image_size, test_sets, metrics, images (of each test set)",
    )
    parser.add_argument("--weights", required=True, type=Path, help="those that were exported")
    parser.add_argument("--exported", required=True, type=Path, help="record.json, with the graphs beside it")
    parser.add_argument("--lists", required=True, nargs="+", type=Path, help="image<TAB>mask, one file a test set")
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--gpus", type=int, default=0, help="0: the CPU; 1: a GPU if there is one (default: 0)")
    parser.add_argument("--threads", type=positive, default=1, help="of the CPU (default: 1)")
    parser.add_argument(
        "--output", required=True, type=Path, help="parity.json to write; scores.parquet goes beside it"
    )


def run(args) -> None:
    from lacuna.export.verification import verify_export

    parity = verify_export(
        args.settings,
        args.weights,
        args.exported,
        args.lists,
        args.backbones,
        args.gpus,
        args.threads,
        args.output,
    )
    if not parity["verified"]:
        print(f"not verified: {parity['reason']}")
        return
    for name in ("run_size", "other_size"):
        found = parity[name]
        print(f"{name}: largest difference {found['max_abs_difference']:.1e}, N = {found['n']}, {found['sizes']}")
    print(f"end to end: {parity['end_to_end']['hole_levels']} of 255 levels; {', '.join(parity['providers'])}")
