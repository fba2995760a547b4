"""Train one system on lists of your own pictures and masks."""

from pathlib import Path

from lacuna.arguments import add_machine, json_settings

EXAMPLE = (
    """train --settings '{"system": "madf", "settings": {}, "source": "mine", "image_size": 256, "seed": 1, """
    """"training": {"iterations": 1000}}' --train-list train.txt --validation-list validation.txt """
    "--backbones results/backbones --output weights.safetensors"
)


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings",
        type=json_settings,
        required=True,
        help="JSON object with the keys system, settings, source, image_size, seed and training",
    )
    parser.add_argument("--train-list", required=True, type=Path, help="text file of image<TAB>mask lines to train on")
    parser.add_argument(
        "--validation-list", required=True, type=Path, help="text file of held-out image<TAB>mask lines"
    )
    parser.add_argument("--backbones", required=True, type=Path, help="folder of pretrained networks")
    parser.add_argument(
        "--initial-weights",
        type=Path,
        help="weights to begin with: ours, a training_state.safetensors, or the authors' (default: random ones)",
    )
    add_machine(parser)
    parser.add_argument("--output", required=True, type=Path, help="path of the weights.safetensors to write")


def run(args) -> None:
    from lacuna.training.loop import train

    lists = (args.train_list, args.validation_list)
    train(args.settings, *lists, args.backbones, args.gpus, args.threads, args.output, args.initial_weights)
