"""A job: what one stage does to one thing, and the digest that says when two jobs have the same result."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

from lacuna.canonical import canonical_json, digest

PARTS = "parts"  # files of other jobs that a step puts together, of a job that is done in parts (`plan/scattering.py`)


class Artifact(str):
    """The path of a file or folder that a job makes; it knows its job."""

    job: "Job"

    def __new__(cls, path: str, job: "Job"):
        self = super().__new__(cls, path)
        self.job = job
        return self


@dataclass(frozen=True, eq=False)
class Job:
    """One stage's work on one thing. Edges are inputs: an `Artifact` is made by another job, a plain path is not."""

    stage: str
    key: dict[str, str]
    """Values of the rule's wildcards."""
    settings: dict
    inputs: dict[str, tuple[str, ...]]
    outputs: dict[str, tuple[Artifact, ...]]
    """Given as paths, kept as artifacts of this job."""
    after: dict[str, tuple[Artifact, ...]] = field(default_factory=dict)
    """Artifacts that must be there, whatever they hold: their job's digest is not part of this one's."""
    contents: dict[str, str] = field(default_factory=dict)
    """Digest of every plain path of `inputs`, and of what else of the user's or of ours the job reads, by name."""
    code: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    outcome: str = ""
    """Hash of the outcome where it is known beforehand; then settings, code and packages do not matter."""
    beside: tuple[str, ...] = ()
    """Patterns of files in the outputs' folders that belong to the result without being declared."""
    accepted_as: str = ""
    """Digest of an earlier job whose result was accepted as this one's."""

    def __post_init__(self):
        made = {name: tuple(Artifact(path, self) for path in paths) for name, paths in self.outputs.items()}
        object.__setattr__(self, "outputs", made)

    @property
    def upstream(self) -> tuple["Job", ...]:
        """The jobs that make the inputs, each once."""
        return tuple(dict.fromkeys(each.job for paths in self.inputs.values() for each in paths if is_made(each)))

    @property
    def needed(self) -> tuple["Job", ...]:
        """The jobs that must be done before."""
        later = (each.job for paths in self.after.values() for each in paths)
        return tuple(dict.fromkeys([*self.upstream, *later]))

    @property
    def first(self) -> Artifact:
        """The output that stands for the result."""
        return next(path for paths in self.outputs.values() for path in paths)

    @property
    def files(self) -> tuple[Artifact, ...]:
        """All outputs."""
        return tuple(path for paths in self.outputs.values() for path in paths)

    @property
    def name(self) -> str:
        """Stage and wildcards, for sentences."""
        return self.stage + (f" ({', '.join(self.key.values())})" if self.key else "")

    @cached_property
    def settings_json(self) -> str:
        return canonical_json(self.settings)

    @cached_property
    def own_digest(self) -> str:
        """Of everything that the result depends on: equal digests mean equal results. No path counts."""
        if self.outcome:
            return digest(self.stage, self.outcome)
        inputs = {name: [self._digest_of(path) for path in paths] for name, paths in self.inputs.items()}
        parts = (self.settings, inputs, self._others(), self.code, self.packages)
        return digest(self.stage, *map(canonical_json, parts))

    @property
    def digest(self) -> str:
        return self.accepted_as or self.own_digest

    @cached_property
    def record(self) -> dict:
        """Everything about the job, as JSON has it; `digest` says what of it counts."""
        parts = {PARTS: list(self.after[PARTS])} if PARTS in self.after else {}
        return {
            "stage": self.stage,
            "key": self.key,
            "digest": self.digest,
            "settings": self.settings,
            "inputs": {name: [[path, self._digest_of(path)] for path in paths] for name, paths in self.inputs.items()},
            "contents": self._others(),
            "outcome": self.outcome,
            "code": self.code,
            "packages": self.packages,
            "result": str(self.first),
            "outputs": {name: list(paths) for name, paths in self.outputs.items()},
            "beside": list(self.beside),
            **parts,
        }

    @cached_property
    def text(self) -> str:
        """The record as canonical JSON: what `lacuna step --job` takes.

        `<` is spelled `\\u003c`: Snakemake's report puts parameters of rules into a script as they are, which a title
        with `</script>` would end.
        """
        return canonical_json(self.record).replace("<", "\\u003c")

    def _digest_of(self, path: str) -> str:
        return path.job.digest if is_made(path) else self.contents[path]

    def _others(self) -> dict[str, str]:
        """Contents that are not those of a path of `inputs`."""
        paths = {path for paths in self.inputs.values() for path in paths}
        return {name: value for name, value in self.contents.items() if name not in paths}


def is_made(path: str) -> TypeGuard[Artifact]:
    """Whether a job makes it."""
    return isinstance(path, Artifact)
