"""What a step of the workflow is given: settings, files to read, files to write, and what of the machine it may use."""

from dataclasses import dataclass, field
from pathlib import Path

from lacuna.errors import LacunaError

BACKBONES = "results/backbones"


class StepSettings(dict):
    """Settings of a step; a key that the step needs and does not find is a `LacunaError`."""

    def __missing__(self, key: str):
        raise LacunaError(f"the settings lack '{key}', which this step needs; add it")


@dataclass(frozen=True)
class Task:
    """One run of a step. inputs, outputs: paths by name, in the order of the plan."""

    settings: StepSettings
    inputs: dict[str, list[str]]
    outputs: dict[str, list[str]]
    gpus: int = 0
    threads: int = 1
    digests: dict[str, str] = field(default_factory=dict)
    """Input that another job made → the digest of that job."""

    def files(self, name: str) -> list[Path]:
        """All inputs of a name, in order; none where the job has none."""
        return [Path(path) for path in self.inputs.get(name, [])]

    def file(self, name: str) -> Path:
        """The one input of a name."""
        return _only(self.inputs, name, "input")

    def outs(self, name: str) -> list[Path]:
        """All outputs of a name, in order."""
        return [Path(path) for path in self.outputs.get(name, [])]

    def out(self, name: str) -> Path:
        """The one output of a name."""
        return _only(self.outputs, name, "output")

    def backbones(self) -> Path:
        """The folder of pretrained networks."""
        return next((path.parent for path in self.files("backbones")), Path(BACKBONES))


def _only(files: dict[str, list[str]], name: str, what: str) -> Path:
    paths = files.get(name, [])
    if len(paths) != 1:
        raise LacunaError(f"this step takes one {what} '{name}', but was given {len(paths)}; name one")
    return Path(paths[0])
