"""The `lacuna` command: one subcommand a stage, the same ones that the rules run."""

import argparse
import importlib
import pkgutil
import sys

import lacuna
from lacuna import commands
from lacuna.errors import LacunaError, plain


def command_modules() -> dict[str, str]:
    """Command name (`make-masks`) → module name, from the files in `commands/`."""
    return {
        info.name.replace("_", "-"): f"{commands.__name__}.{info.name}"
        for info in pkgutil.iter_modules(commands.__path__)
    }


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen command's module is imported, so that every start stays quick."""
    parser = argparse.ArgumentParser(prog="lacuna", description="Compare image-inpainting systems.")
    if chosen is None:
        parser.add_argument("--version", action="version", version=f"lacuna {lacuna.__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, module_name in sorted(command_modules().items()):
        if chosen in (None, name):
            module = importlib.import_module(module_name)
            summary = (module.__doc__ or "").strip().splitlines()[0]
            subparser = subparsers.add_parser(name, help=summary, description=summary)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
        else:
            subparsers.add_parser(name)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit status. A `LacunaError`, and what is wrong with a file or
    folder, is printed as one sentence."""
    argv = sys.argv[1:] if argv is None else argv
    chosen = argv[0] if argv and argv[0] in command_modules() else None
    try:
        args = build_parser(chosen).parse_args(argv)
        args.run(args)
    except LacunaError as error:
        print(f"lacuna {chosen}: {plain(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.filename is None:  # nothing that a path could mend
            raise
        sentence = f"{error.filename} cannot be used ({error.strerror}); correct the path or its rights"
        print(f"lacuna {chosen}: {plain(sentence)}", file=sys.stderr)
        return 1
    return 0
