"""Write the report of a run from the results that are there, without Snakemake."""

from lacuna.arguments import add_config
from lacuna.errors import LacunaError

EXAMPLE = "report --configfile config/mine.yaml"


def add_arguments(parser) -> None:
    add_config(parser)


def run(args) -> None:
    """Run the job of the report alone. A result that is missing or is not what the config asks for is a
    `LacunaError` that names the first."""
    from lacuna.commands import step
    from lacuna.plan import Plan
    from lacuna.provenance.standing import standing

    plan = Plan.of_file(args.configfile, args.results)
    report = plan.named("report", [])
    found = [standing(job, plan.config) for job in plan.jobs() if job.stage != "report"]
    for what, these in (
        ("is not there", [each for each in found if not each.made]),
        ("is not what the config asks for", [each for each in found if each.problems]),
    ):
        if these:
            raise LacunaError(
                f"{these[0].job.first} {what} ({len(these)} of {len(found)} results); run 'snakemake report "
                f"--configfile {args.configfile}', which makes them and the report"
            )
    step.make(report.record, "report", gpus=0, threads=1)
