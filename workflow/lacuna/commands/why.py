"""Say of a result which job made it, from what, and whether it is what the config asks for now."""

from pathlib import Path

from lacuna.arguments import CONFIG_HELP, add_results

EXAMPLE = "why results/demo/tables/quantitative.csv"


def add_arguments(parser) -> None:
    parser.add_argument("path", help="file or folder of a run's results")
    parser.add_argument("--configfile", help=f"{CONFIG_HELP}; of another run, the config in its folder")
    add_results(parser)


def run(args) -> None:
    from lacuna import sidecars
    from lacuna.provenance.standing import job_of, kept_aside, standing

    plan, config = plan_for(args.path, args.configfile, args.results)
    job = job_of(plan, _relative(args.path))
    sidecar = sidecars.read(job.first)
    print(f"{args.path}: made by {job.name}, a step of the run '{plan.run}'")
    if sidecar:
        _describe(sidecar)
    found = standing(job, plan.config, deep=True)
    if not found.made:
        print(f"It is not there; 'snakemake {job.first}' makes it.")
    elif not found.problems:
        print(f"It is what {config} asks for now.")
    else:
        print(f"It is not what {config} asks for now:")
        for problem in found.problems:
            print(f"- {problem}")
    aside = kept_aside(job)
    if aside:
        print("States of this training that do not fit are set aside:")
    for state in aside:
        print(
            f"- step {state.step}, in {state.folder}: {'; '.join(state.differs)}; this goes on from it: {state.command}"
        )


def _describe(sidecar: dict) -> None:
    from lacuna import sidecars
    from lacuna.canonical import flat

    job = sidecar["job"]
    commit = f", at commit {sidecar['commit']}" if sidecar.get("commit") else ""
    print(f"Ended {sidecar['ended']} after {sidecar['seconds']} s{commit}, by Python {sidecar['python']}")
    if sidecar["accepted"]:
        print("A person accepted it in place of a job that would have been run again")
    for title, rows in (
        ("settings", {".".join(path): value for path, value in flat(job["settings"]).items()}),
        ("packages", sidecar["installed"]),
        ("inputs", sidecar["inputs"]),
    ):
        print(f"{title}:" if rows else f"{title}: none")
        for name, value in rows.items():
            print(f"  {name}  {value}")
    print(f"code: {len(job['code'])} modules, by name in {sidecars.path_of(job['result'])}")


def plan_for(path: str, configfile: str | None, results: str):
    """The plan of the run that a path belongs to, and the config's file."""
    from lacuna.plan import Plan

    default = "config/config.yaml"
    if configfile:
        return Plan.of_file(configfile, results), configfile
    asked = Path(_relative(path))
    run = asked.relative_to(results).parts[:1] if asked.is_relative_to(results) else ()
    own = Path(results, *run, "config.yaml") if run else None
    plan = Plan.of_file(default, results) if Path(default).exists() or own is None else None
    if own is not None and own.is_file() and (plan is None or run != (plan.run,)):
        return Plan.of_file(own, results), str(own)
    return (plan or Plan.of_file(default, results)), default


def _relative(path: str) -> str:
    """A path as the plan writes it: from the folder of the workflow."""
    absolute = Path(path).absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else path
