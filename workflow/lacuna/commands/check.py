"""Check every result of a run against the config; exit with 1 where one is stale, edited, or of unknown origin."""

from lacuna.arguments import add_config

SHOWN = 3  # problems of one result

EXAMPLE = "check --configfile config/mine.yaml"


def add_arguments(parser) -> None:
    add_config(parser)
    parser.add_argument("--deep", action="store_true", help="hash every file, whatever its size and time say")


def run(args) -> int:
    from lacuna.plan import Plan
    from lacuna.provenance.standing import kept_aside, standing

    plan = Plan.of_file(args.configfile, args.results)
    found = [standing(job, plan.config, args.deep) for job in plan.jobs()]
    wrong = [each for each in found if each.problems]
    for each in wrong:
        more = f"; and {len(each.problems) - SHOWN} more, see 'lacuna why'" if len(each.problems) > SHOWN else ""
        print(f"{each.job.first}: {'; '.join(each.problems[:SHOWN])}{more}")
    made = sum(each.made for each in found)
    missing = f", {len(found) - made} not made yet" if made < len(found) else ""
    count = f"{len(wrong)} of {made} results" if wrong else f"all {made} results"
    verdict = "are not what" if wrong else "are what"
    print(f"{count} of the run '{plan.run}' {verdict} {args.configfile} asks for{missing}")
    for each in found:
        if aside := kept_aside(each.job):
            print(f"{each.job.first}: states of other trainings set aside: {len(aside)}; 'lacuna why' lists them")
    return int(bool(wrong))
