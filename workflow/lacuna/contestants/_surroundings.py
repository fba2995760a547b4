"""Where a program runs: a folder with its programs, an environment of conda's, a container, and the variables."""

import os
import shutil
import subprocess
from pathlib import Path

from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.locking import alone_in

CONDAS = ("micromamba", "mamba", "conda")
CONTAINERS = ("apptainer", "singularity")
ENVIRONMENTS = Path("results/environments")
# Of this Python and of jobs: a program has its own.
OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")


def variables(entry: dict, gpus: int, threads: int) -> dict[str, str]:
    """The environment variables of a contestant's program. Without a GPU for the job it sees none."""
    found = {name: value for name, value in os.environ.items() if name not in OURS}
    found |= {"OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    if not gpus:
        found["CUDA_VISIBLE_DEVICES"] = ""
    prefix = Path(entry["environment"]) if "environment" in entry else None
    if "conda" in entry:
        prefix = made(Path(entry["conda"]))
        found["CONDA_PREFIX"] = str(prefix.absolute())
    if prefix is not None:
        places = [prefix / "bin"] if (prefix / "bin").is_dir() else [prefix]
        found["PATH"] = os.pathsep.join([*(str(each.absolute()) for each in places), found.get("PATH", os.defpath)])
    return found


def made(file: Path) -> Path:
    """The environment of a conda file, `results/environments/<SHA-256>`, made if it is not there; one process at once.

    Errors: a `LacunaError` where there is no conda, or where it fails.
    """
    name = sha256_of(file)[:16]
    prefix = ENVIRONMENTS / name
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with alone_in(ENVIRONMENTS, f"making the environment of {file}", name):
        if (prefix / ".lacuna").is_file():
            return prefix
        program = next(filter(None, map(shutil.which, CONDAS)), None)
        if program is None:
            raise LacunaError(
                f"the environment {file} needs one of {', '.join(CONDAS)}, and none is here; install one, or name the "
                "folder of an environment with 'environment'"
            )
        shutil.rmtree(prefix, ignore_errors=True)
        words = ["create"] if Path(program).name == "micromamba" else ["env", "create"]
        words += ["--yes", "--prefix", str(prefix.absolute()), "--file", str(file.absolute())]
        done = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[-200:]
            raise LacunaError(f"{Path(program).name} cannot make the environment {file} (it says: {said}); repair it")
        prefix.mkdir(exist_ok=True)
        (prefix / ".lacuna").touch()
    return prefix


def contained(entry: dict, command: list[str], scratch: Path, folder: Path, gpus: int) -> list[str]:
    """The command, or the same inside the container that the entry names: without network, with these folders alone.

    A `LacunaError` where nothing runs containers.
    """
    if "container" not in entry:
        return command
    program = next(filter(None, map(shutil.which, CONTAINERS)), None)
    if program is None:
        raise LacunaError(
            f"the container {entry['container']} needs {' or '.join(CONTAINERS)}, and neither is here; install one, or "
            "name your own program for containers in 'command'"
        )
    words = [program, "exec", "--containall", "--net", "--network", "none", *["--nv"] * bool(gpus)]
    for each in (scratch, folder):
        words += ["--bind", f"{each}:{each}"]
    return [*words, "--pwd", str(folder), entry["container"], *command]
