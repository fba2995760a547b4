"""Accept results that a harmless change made stale, so that they are not made again."""

from pathlib import Path

from lacuna.arguments import add_config

EXAMPLE = "accept results/demo/training"


def add_arguments(parser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="result, or folder of results, to accept as it is")
    add_config(parser)


def run(args) -> None:
    from lacuna import sidecars
    from lacuna.errors import LacunaError
    from lacuna.plan import Plan
    from lacuna.provenance.differences import differences

    wanted = [Path(path).absolute() for path in args.paths]
    accepted: list[str] = []
    while True:
        # Planned anew each time: what is accepted gives what is made from it its old digest back.
        plan = Plan.of_file(args.configfile, args.results)
        jobs = [job for job in plan.jobs() if Path(job.first).exists()]
        here = [job for job in jobs if any(_belongs(job, path) for path in wanted)]
        if not here:
            raise LacunaError(f"no result of the run '{plan.run}' is at {', '.join(args.paths)}; name what is there")
        for job in here:
            sidecars.read(job.first)  # a broken one says so
        stale = [job for job in here if sidecars.head(job.first).digest not in ("", job.digest)]
        if not stale:
            break
        first = stale[0]  # jobs come in the order in which they are made
        other = next((each for each in first.upstream if _is_stale(each)), None)
        if other is not None:
            raise LacunaError(f"{first.first} is made from {other.first}, which is stale itself; accept that too")
        sidecar = sidecars.read(first.first)
        assert sidecar, "its head was read"
        changed = sidecars.changed_files(sidecar)
        if changed:
            raise LacunaError(f"{changed[0]} is not what its job wrote; make it again by Snakemake, or put it back")
        for cause in differences(first, sidecar, plan.config):
            print(f"{first.first}: {cause}")
        sidecars.write(first.first, {**sidecar, "accepted": [*sidecar["accepted"], first.own_digest]})
        accepted.append(str(first.first))
    print(f"accepted {len(accepted)} results: Snakemake takes them for what {args.configfile} asks for")


def _belongs(job, path: Path) -> bool:
    from lacuna.provenance.standing import below, covers

    asked = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return covers(job, asked) or below(job, asked)


def _is_stale(job) -> bool:
    from lacuna import sidecars

    return sidecars.head(job.first).digest not in ("", job.digest)
