"""Where a result came from, in a file beside it: the job as the plan asked for it, and what was read and written.

`weights.safetensors` has `weights.safetensors.job.json`. It goes where the result goes: to another machine, into an
archive, past a deleted `.snakemake`. Only the standard library is used: the plan reads these at every start.
"""

import json
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lacuna import git
from lacuna.errors import LacunaError
from lacuna.files import atomic, sha256_of

ENDING = ".job.json"


@dataclass(frozen=True)
class Head:
    """The first line of a sidecar: `digest` of the job that made the result (empty without a sidecar), and the digests
    of later jobs that a person accepted it for."""

    digest: str = ""
    accepted: tuple[str, ...] = ()


def path_of(result: str | Path) -> Path:
    """Where the sidecar of a job lies whose first output is `result`."""
    return Path(f"{result}{ENDING}")


def head(result: str | Path) -> Head:
    """What the plan needs of a sidecar, without reading the rest; a missing or broken one says nothing."""
    try:
        with path_of(result).open(encoding="utf-8") as stream:
            found = json.loads(stream.readline().rstrip().removesuffix(",") + "}")
        return Head(str(found["digest"]), tuple(map(str, found["accepted"])))
    except (OSError, ValueError, KeyError, TypeError):
        return Head()


def read(result: str | Path) -> dict | None:
    """The whole sidecar; None if there is none. A broken one is a `LacunaError`."""
    path = path_of(result)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if {"digest", "accepted", "job", "files"} <= found.keys() else _broken(path, "it lacks a key")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, AttributeError) as error:
        return _broken(path, str(error))


def take(result: str | Path) -> dict | None:
    """Remove a sidecar, because the result is made again; what it held, or None without one or with a broken one."""
    try:
        found = read(result)
    except LacunaError:
        found = None
    if path_of(result).exists():
        path_of(result).unlink()
    return found


def _broken(path: Path, why: str):
    raise LacunaError(f"{path} cannot be read as the record of a job ({why}); remove it and run Snakemake")


def write(result: str | Path, content: dict) -> None:
    """Write a sidecar whole; `digest` and `accepted` come first, on a line of their own."""
    first = {name: content[name] for name in ("digest", "accepted")}
    rest = {name: value for name, value in content.items() if name not in first}
    texts = [json.dumps(part, ensure_ascii=False) for part in (first, rest)]
    with atomic(path_of(result)) as partial:
        partial.write_text(f"{texts[0].removesuffix('}')},\n{texts[1].removeprefix('{')}\n", encoding="utf-8")


def describe(job: dict, seconds: float) -> dict:
    """The sidecar of a job that has just ended; `job` is its record, as `lacuna.plan.Job.record` gives it."""
    inputs = [path for paths in job["inputs"].values() for path, _ in paths]
    return {
        "digest": job["digest"],
        "accepted": [],
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
