"""How the result of a job stands: as asked for, stale, edited, without a record, copied, or not made."""

from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from lacuna import sidecars
from lacuna.errors import LacunaError
from lacuna.plan import Job, Plan
from lacuna.provenance.differences import differences


@dataclass(frozen=True)
class Standing:
    """One result. `problems`: sentences; none if it is what the config asks for, or was not made yet."""

    job: Job
    made: bool
    problems: list[str] = field(default_factory=list)


def standing(job: Job, config: dict, deep: bool = False) -> Standing:
    """How a result stands. deep: read every file, whatever its size and time say."""
    if not Path(job.first).exists():
        return Standing(job, made=False)
    sidecar = sidecars.read(job.first)
    if sidecar is None:
        # what is fetched is verified by its hash wherever it is used
        unknown = f"of unknown origin: there is no {sidecars.path_of(job.first).name} beside it"
        return Standing(job, made=True, problems=[] if job.outcome else [unknown])
    problems = differences(job, sidecar, config)
    made_as = sidecar["job"].get("result", job.first)
    if made_as != job.first:
        problems.append(f"copied from another run: it was made as {made_as}")
    else:
        changed = sidecars.changed_files(sidecar, deep)
        if changed:
            more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
            problems.append(f"edited or lost since it was made: {', '.join(changed[:5])}{more}")
    return Standing(job, made=True, problems=problems)


def kept_aside(job: Job) -> list:
    """The states that a training has set aside (`lacuna.training.sidecar.Aside`), oldest first; of other jobs none."""
    folder = Path(job.first).parent
    if job.stage != "train" or not (folder / "state" / "aside").is_dir():
        return []
    from lacuna.training.sidecar import set_aside  # brings torch along

    return set_aside(folder)


def job_of(plan: Plan, path: str) -> Job:
    """The job of a run that makes a file or folder, or alone fills the one around it; a `LacunaError` if none does."""
    wanted = Path(path)
    jobs = plan.jobs()
    found = [job for job in jobs if covers(job, wanted)] or [job for job in jobs if below(job, wanted)]
    if not found:
        around = {job: len(Path(job.first).parts) for job in jobs if Path(job.first).parent in wanted.parents}
        nearest = [job for job, depth in around.items() if depth == max(around.values())]
        found = nearest if len(nearest) == 1 else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise LacunaError(f"{path} is not a result of the run '{plan.run}'; name a file that a rule makes")
    those = ", ".join(str(job.first) for job in found[:3])
    raise LacunaError(f"{path} holds results of {len(found)} jobs ({those}, ...); name one of them")


def covers(job: Job, path: Path) -> bool:
    """Whether a file belongs to a job's result."""
    outputs = [Path(each) for each in job.files]
    if any(path == each or each in path.parents for each in outputs):
        return True
    folders = {each.parent for each in outputs}
    return path.parent in folders and any(fnmatch(path.name, pattern) for pattern in job.beside)


def below(job: Job, folder: Path) -> bool:
    """Whether a job's result lies in a folder."""
    return folder in Path(job.first).parents
