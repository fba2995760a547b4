"""Train one system on one source."""

from pathlib import Path

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON: system, settings, source, image_size, seed, training",
    )
    parser.add_argument("--train-list", required=True, type=Path, help="text file of image<TAB>mask lines")
    parser.add_argument("--validation-list", required=True, type=Path, help="the same, held out")
    parser.add_argument("--backbones", required=True, type=Path, help="folder of pretrained networks")
    parser.add_argument(
        "--initial-weights",
        type=Path,
        help="weights to begin with: ours, a training_state.safetensors, or the authors' (default: random ones)",
    )
    parser.add_argument("--gpus", type=int, default=0, help="0: the CPU; 1: a GPU if there is one (default: 0)")
    parser.add_argument("--threads", type=positive, default=2, help="of the CPU (default: 2)")
    parser.add_argument("--output", required=True, type=Path, help="weights.safetensors to write")


def run(args) -> None:
    from lacuna.training.loop import train

    train(
        args.settings,
        args.train_list,
        args.validation_list,
        args.backbones,
        args.gpus,
        args.threads,
        args.output,
        args.initial_weights,
    )
