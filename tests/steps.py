"""Steps of the workflow, run by their command on made-up files."""

from collections.abc import Iterable
from pathlib import Path

from lacuna.canonical import canonical_json
from lacuna.cli import main
from lacuna.plan import STAGES


def words_of(stage: str, settings: dict, inputs: dict, outputs: dict, threads: int = 1) -> list[str]:
    """The words after `lacuna`. inputs, outputs: a path or several, by the names that the plan gives them."""
    job = {
        "settings": settings,
        "inputs": {name: [[path, ""] for path in _listed(paths)] for name, paths in inputs.items()},
        "outputs": {name: _listed(paths) for name, paths in outputs.items()},
    }
    return ["step", stage, "--job", canonical_json(job), "--gpus", "0", "--threads", str(threads)]


def run_step(stage: str, settings: dict, inputs: dict, outputs: dict, threads: int = 1) -> int:
    """Its exit status."""
    return main(words_of(stage, settings, inputs, outputs, threads))


def _listed(paths: str | Path | Iterable) -> list[str]:
    return [str(paths)] if isinstance(paths, str | Path) else [str(path) for path in paths]


def declared_outputs(stage: str, folder: Path, **wildcards: str) -> dict[str, str]:
    """Where the plan puts the single outputs of a stage, for a run in `folder`."""
    found = {}
    for name, pattern in STAGES[stage].outputs.items():
        if isinstance(pattern, str):
            path = pattern.replace("{folder}", str(folder))
            for wildcard, value in wildcards.items():
                path = path.replace(f"{{{wildcard}}}", value)
            found[name] = path
    return found
