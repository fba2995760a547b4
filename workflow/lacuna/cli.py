"""The `lacuna` command: what people use, and one floor below it, in `lacuna step`, the steps that the rules run."""

import argparse
import importlib
import pkgutil
import sys

import lacuna
from lacuna import commands
from lacuna.errors import LacunaError, plain
from lacuna.files import disk_full, is_disk_full

# The order in which `--help` lists commands; those that it lacks come after.
FIRST = ("inpaint", "adapt", "train", "score", "systems", "metrics", "studio", "report", "check", "why", "accept")
STEPS = """The steps that the workflow runs are one floor below: `lacuna step --help` lists them, and
`lacuna step train --config config/config.yaml --key aotgan place2` runs one by hand."""


def command_modules() -> dict[str, str]:
    """Command name (`fetch-backbone`) → module name, from the files in `commands/`, in the order of `--help`."""
    names = sorted(info.name for info in pkgutil.iter_modules(commands.__path__))
    names.sort(key=lambda name: (name == "step", FIRST.index(name) if name in FIRST else len(FIRST)))
    return {name.replace("_", "-"): f"{commands.__name__}.{name}" for name in names}


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen command's module is imported, so that every start stays quick."""
    parser = argparse.ArgumentParser(prog="lacuna", description="Compare image-inpainting systems.", epilog=STEPS)
    if chosen is None:
        parser.add_argument("--version", action="version", version=f"lacuna {_version()}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, module_name in command_modules().items():
        if chosen in (None, name):
            module = importlib.import_module(module_name)
            summary = (module.__doc__ or "").strip().splitlines()[0]
            example = f"example: lacuna {module.EXAMPLE}"
            subparser = subparsers.add_parser(name, help=summary, description=summary, epilog=example)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
        else:
            subparsers.add_parser(name)
    return parser


def _version() -> str:
    """The package's; in an image or an environment of conda's it is found by its path alone, and has none."""
    try:
        return lacuna.__version__
    except ModuleNotFoundError:  # importlib.metadata's PackageNotFoundError is one
        return "of a clone that is not installed"


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit status. A `LacunaError`, and what is wrong with a file or
    folder, is printed as one line."""
    argv = sys.argv[1:] if argv is None else argv
    chosen = argv[0] if argv and argv[0] in command_modules() else None
    called = " ".join(argv[: 2 if chosen == "step" else 1])
    try:
        args = build_parser(chosen).parse_args(argv)
        return args.run(args) or 0
    except LacunaError as error:
        print(f"lacuna {called}: {plain(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"lacuna {called}: {plain(_about(error))}", file=sys.stderr)
        return 1
    return 0


def _about(error: OSError) -> str:
    if is_disk_full(error):
        return f"{disk_full(error)}; what was finished before is kept"
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    if error.filename is None:
        return f"the system refused to read or write ({reason}); check the disk and the network, then run this again"
    return f"{error.filename} cannot be used ({reason}); correct the path or its rights"
