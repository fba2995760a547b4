"""Train one system on lists of your own pictures and masks."""

from dataclasses import dataclass
from pathlib import Path

from lacuna.arguments import add_machine, json_settings
from lacuna.keys import check, key


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The keys of `--settings`; what `settings` and `training` hold is checked by the system and the budget."""

    system: str = key("name of the system")
    settings: dict = key("settings of the system, where they differ from the authors'")
    source: str = key("name of the training set, from which the seed is drawn, too")
    image_size: int | tuple[int, int] = key("side of square images, or [width, height], in pixels", minimum=1)
    seed: int = key("random seed", minimum=0, maximum=2**63 - 1)
    training: dict = key("the budget", {})


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
    add_machine(parser, training=True)
    parser.add_argument("--output", required=True, type=Path, help="path of the weights.safetensors to write")


def run(args) -> None:
    from lacuna.data.decoding import UNREADABLE, upright_size
    from lacuna.data.lists import read_list
    from lacuna.data.sizes import width_and_height
    from lacuna.errors import LacunaError
    from lacuna.training.loop import train

    check(args.settings, Asked, "--settings")
    if args.output.suffix != ".safetensors":
        raise LacunaError(f"weights are written as .safetensors, not as {args.output}; name the output accordingly")
    asked = width_and_height(args.settings["image_size"])
    for path in (args.train_list, args.validation_list):  # what is wrong with them is said before a network is made
        image = read_list(path, validate=False)[0].image
        try:
            size = upright_size(image)
        except UNREADABLE as error:
            raise LacunaError(f"the image {image} of {path} cannot be read ({error}); repair or remove it") from None
        if size != asked:
            raise LacunaError(
                f"--settings.image_size is {asked[0]}×{asked[1]}, but {image} of {path} is {size[0]}×{size[1]}; give "
                "the images' size"
            )
    lists = (args.train_list, args.validation_list)
    train(args.settings, *lists, args.backbones, args.gpus, args.threads, args.output, args.initial_weights)
