"""Derive tables of a run from their descriptions (`reporting/tables/`)."""

from lacuna.reporting.arguments import add_making_arguments, run_of


def add_arguments(parser) -> None:
    add_making_arguments(parser, "tables")


def run(args) -> None:
    from lacuna.reporting.making import make_tables

    for path in make_tables(args.settings["made"], run_of(args), args.results):
        print(f"wrote {path}")
