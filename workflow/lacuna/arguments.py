"""Kinds of command-line arguments."""

import json
from argparse import ArgumentTypeError

from lacuna.errors import LacunaError
from lacuna.places import RESULTS


def positive(text: str) -> int:
    """A whole number of at least 1; anything else is argparse's error, which names the option."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _not_negative(text: str) -> int:
    """As `positive`, from 0 on."""
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def json_settings(text: str) -> dict:
    """A JSON object; anything else is a `LacunaError`."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise LacunaError(f"--settings is not valid JSON ({error}); write it like '{{\"width\": 64}}'") from None
    if not isinstance(value, dict):
        raise LacunaError(f"--settings is {text}; write names and values, like '{{\"width\": 64}}'")
    return value


def add_machine(parser, training: bool) -> None:
    """`--gpus` and `--threads`, as Snakemake counts them; training: it may have several devices."""
    if training:
        said = "number of GPUs, one for each of the training's devices; 0: the CPU (default: 0)"
        parser.add_argument("--gpus", type=_not_negative, default=0, help=said)
    else:
        add_gpus(parser, default=0)
    parser.add_argument("--threads", type=positive, default=2, help="number of CPU threads (default: 2)")


def add_gpus(parser, default: int) -> None:
    said = f"number of GPUs; 0: the CPU, 1: a GPU if there is one (default: {default})"
    parser.add_argument("--gpus", type=int, choices=(0, 1), default=default, help=said)


def add_filling(parser, tile: str, devices: str) -> None:
    """What is asked alike wherever a picture is filled; `tile`, `devices`: what the options say for the command."""
    parser.add_argument(
        "--settings",
        type=json_settings,
        default="{}",
        help="system settings as JSON, where they differ from the weights' or the authors'",
    )
    parser.add_argument("--invert-mask", action="store_true", help="mask in which black = hole")
    parser.add_argument("--resize-mask", action="store_true", help="resizing of a mask to the picture's size")
    parser.add_argument("--dilate", type=int, default=0, metavar="N", help="pixels to grow the hole by (default: 0)")
    parser.add_argument("--tile", type=int, metavar="N", help=tile)
    parser.add_argument(
        "--overlap", type=int, metavar="N", help="pixels that neighbouring tiles share (default: 64 at most)"
    )
    parser.add_argument("--force", action="store_true", help="allow --output to overwrite the input picture or mask")
    add_gpus(parser, default=1)
    parser.add_argument("--device", help=f"{devices}, whatever --gpus says")
    parser.add_argument("--threads", type=positive, help="number of CPU threads (default: all)")


def add_config(parser) -> None:
    """`--configfile`, the config that a command asks about, and `--results`, where its results lie."""
    parser.add_argument("--configfile", "--config", default="config/config.yaml", help=CONFIG_HELP)
    add_results(parser)


def add_results(parser) -> None:
    """`--results`, for runs whose results lie below a module's prefix."""
    parser.add_argument("--results", metavar="FOLDER", default=RESULTS, help=RESULTS_HELP)


RESULTS_HELP = f"folder of all results, in a module with a prefix (default: {RESULTS})"
CONFIG_HELP = "config of the run (default: config/config.yaml)"
