"""Where a result came from, in a file beside it: the job as the plan asked for it, and what was read and written.

`weights.safetensors` has `weights.safetensors.job.json`. It goes where the result goes: to another machine, into an
archive, past a deleted `.snakemake`. Only the standard library is used: the plan reads these at every start.
"""

import json
import os
import platform
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import NoReturn

from lacuna import git
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of

ENDING = ".job.json"

# What a sidecar holds at least, and what the record of its job does: name → kind.
FORM: dict = {
    "digest": str,
    "accepted": list,
    "times": dict,
    "job": dict,
    "installed": dict,
    "python": str,
    "ended": str,
}
FORM |= {"seconds": (int, float), "inputs": dict, "files": dict}
JOB_FORM: dict = {"settings": dict, "inputs": dict, "contents": dict, "outcome": str, "code": dict, "packages": dict}
JOB_FORM |= {"result": str, "outputs": dict}


@dataclass(frozen=True)
class Head:
    """The first line of a sidecar: `digest` of the job that made the result (empty without a sidecar), the digests of
    later jobs that a person accepted it for, and the modification times of its declared files in nanoseconds."""

    digest: str = ""
    accepted: tuple[str, ...] = ()
    times: dict[str, int] = field(default_factory=dict)


def path_of(result: str | Path) -> Path:
    """Where the sidecar of a job lies whose first output is `result`."""
    return Path(f"{result}{ENDING}")


def head(result: str | Path) -> Head:
    """What the plan needs of a sidecar, without reading the rest; a missing or broken one says nothing."""
    try:
        with path_of(result).open(encoding="utf-8") as stream:
            found = json.loads(stream.readline().rstrip().removesuffix(",") + "}")
        return Head(str(found["digest"]), tuple(map(str, found["accepted"])), dict(found["times"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Head()


def read(result: str | Path) -> dict | None:
    """The whole sidecar; None if there is none. A broken one is a `LacunaError`."""
    path = path_of(result)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        _broken(path, str(error))
    for value, what, form in ((found, "it", FORM), (_within(found, "job"), "its 'job'", JOB_FORM)):
        for name, kind in form.items():
            if not isinstance(_within(value, name), kind):
                _broken(path, f"{what} has no right '{name}'")
    if not all({"sha256", "size", "mtime_ns"} <= set(facts) for facts in found["files"].values()):
        _broken(path, "it does not say enough of its 'files'")
    return found


def _within(value, name: str):
    return value.get(name) if isinstance(value, dict) else None


def take(result: str | Path) -> dict | None:
    """Remove a sidecar, because the result is made again; what it held, or None without one or with a broken one."""
    try:
        found = read(result)
    except LacunaError:
        found = None
    if path_of(result).exists():
        path_of(result).unlink()
    return found


def _broken(path: Path, why: str) -> NoReturn:
    raise LacunaError(f"{path} cannot be read as the record of a job ({why}); remove it and run Snakemake")


def write(result: str | Path, content: dict) -> None:
    """Write a sidecar whole; what `Head` holds comes first, on a line of its own."""
    first = {name: content[name] for name in ("digest", "accepted", "times")}
    rest = {name: value for name, value in content.items() if name not in first}
    texts = [json.dumps(part, ensure_ascii=False) for part in (first, rest)]
    with atomic(path_of(result)) as partial:
        partial.write_text(f"{texts[0].removesuffix('}')},\n{texts[1].removeprefix('{')}\n", encoding="utf-8")


def describe(job: dict, seconds: float) -> dict:
    """The sidecar of a job that has just ended; `job` is its record, as `lacuna.plan.Job.record` gives it."""
    inputs = [path for paths in job["inputs"].values() for path, _ in paths]
    outputs = [path for paths in job["outputs"].values() for path in paths]
    return {
        "digest": job["digest"],
        "accepted": [],
        "times": {path: Path(path).stat().st_mtime_ns for path in outputs if Path(path).is_file()},
        "job": job,
        "installed": installed(job["packages"]),
        "python": platform.python_version(),
        "commit": git.commit(),
        "ended": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 3),
        "inputs": {path: sha256_of(path) for path in inputs if Path(path).is_file()},
        "files": {str(path): facts(path) for path in files_of(job)},
    }


def files_of(job: dict) -> list[Path]:
    """Every file of a job's result: its outputs, what output folders hold, and what lies beside undeclared."""
    outputs = [Path(path) for paths in job["outputs"].values() for path in paths]
    found = {path for path in outputs if path.is_file()}
    for folder in (path for path in outputs if path.is_dir()):
        found |= {path for path in folder.rglob("*") if path.is_file()}
    for pattern in job["beside"]:
        for folder in {path.parent for path in outputs}:
            found |= {path for path in folder.glob(pattern) if path.is_file()}
    return sorted(found)


def changed_files(sidecar: dict, deep: bool = False) -> list[str]:
    """The files that are not what they were when the job ended. A time that differs makes the hash decide; `deep`
    hashes every file."""
    return [name for name, then in sidecar["files"].items() if not _same(Path(name), then, deep)]


def _same(path: Path, then: dict, deep: bool) -> bool:
    try:
        status = path.stat()
        if status.st_size != then["size"]:
            return False
        return (not deep and status.st_mtime_ns == then["mtime_ns"]) or sha256_of(path) == then["sha256"]
    except OSError:
        return False


def restore_times(result: str | Path, times: dict[str, int]) -> None:
    """Give declared files that were copied or touched, and hold what they held, the times back that they were made at.

    Snakemake runs a job again whose input is newer than its output, whatever they hold.
    """
    for name, then in times.items():
        path = Path(name)
        if not path.is_file() or path.stat().st_mtime_ns == then:
            continue
        sidecar = read(result)
        if sidecar and name in sidecar["files"] and _same(path, sidecar["files"][name], deep=True):
            os.utime(path, ns=(path.stat().st_atime_ns, then))


def facts(path: Path) -> dict:
    """`sha256`, `size` and `mtime_ns` of a file."""
    status = path.stat()
    return {"sha256": sha256_of(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def installed(packages: dict[str, str]) -> dict[str, str]:
    """The versions that are installed of these packages."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def verdict(run: Path, digests: dict[str, str]) -> str:
    """Whether the check of a run passed, for its report. digests: input of the report → the job that must have made it.

    Those jobs' digests cover everything upstream of them.
    """
    found = [*sorted(run.rglob(f"*{ENDING}")), *sorted(run.parent.glob(f"*{ENDING}"))]
    results = [str(path).removesuffix(ENDING) for path in found]
    known = {head(result).digest for result in results}
    strange = [path for path, digest in digests.items() if digest not in known]
    edited = [name for result in results for name in changed_files(read(result) or {"files": {}})]
    if strange or edited:
        return f"not passed: {len(strange)} inputs of another origin, {len(edited)} files changed since they were made"
    return f"passed: {len(results)} results are what this config asks for, unchanged since they were made"
