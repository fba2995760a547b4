"""What a step of the workflow is given: settings, files to read, files to write, and what of the machine it may use."""

from collections.abc import Iterator
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

    @property
    def device(self) -> str:
        """Where a network predicts, by the number of GPUs that the job was given: `auto` or `cpu`."""
        return "auto" if self.gpus else "cpu"

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

    def each_test_set(self, **files: list[Path]) -> Iterator[tuple]:
        """For each of the setting `test_sets`: the settings with that `test_set` alone, and its file of every kind.

        The setting `columns`, where it is there, holds what each has in further columns of rows.

        One step works on all test sets of a system, because starting torch costs more than a small test set does.
        `files` are named as the step names them. Another number of them than of test sets is a `LacunaError`.
        """
        test_sets = self.settings["test_sets"]
        settings = {key: value for key, value in self.settings.items() if key not in ("test_sets", "columns")}
        columns = self.settings.get("columns") or [{}] * len(test_sets)
        if any(len(given) != len(test_sets) for given in files.values()):
            numbers = ", ".join(f"{len(given)} {name}" for name, given in files.items())
            raise LacunaError(
                f"there are {len(test_sets)} test sets, but {numbers}; "
                "give one of each for every test set, in one order"
            )
        for test_set, more, *own in zip(test_sets, columns, *files.values(), strict=True):
            yield ({**settings, "test_set": test_set} | ({"columns": more} if more else {}), *own)

    def backbones(self) -> Path:
        """The folder of pretrained networks."""
        return next((path.parent for path in self.files("backbones")), Path(BACKBONES))


def _only(files: dict[str, list[str]], name: str, what: str) -> Path:
    paths = files.get(name, [])
    if len(paths) != 1:
        raise LacunaError(f"this step takes one {what} '{name}', but was given {len(paths)}; name one")
    return Path(paths[0])
