"""Draw figures of a run from their descriptions (`reporting/figures/`)."""

from lacuna.reporting.arguments import add_making_arguments, run_of


def add_arguments(parser) -> None:
    add_making_arguments(parser, "figures")


def run(args) -> None:
    from lacuna.reporting.making import make_figures

    for path in make_figures(args.settings["made"], run_of(args), args.results):
        print(f"wrote {path}")
