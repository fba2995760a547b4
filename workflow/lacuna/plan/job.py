"""A job: what one stage does to one thing, and the digest that says when two jobs have the same result."""

from dataclasses import dataclass
from functools import cached_property

from lacuna.canonical import canonical_json, digest
from lacuna.digests import code_digest


@dataclass(frozen=True)
class Job:
    """One stage's work on one thing."""

    stage: str
    settings: dict
    upstream: tuple["Job", ...] = ()
    modules: tuple[str, ...] = ()
    content: str = ""  # digest of the user's own files that the job reads
    outcome: str = ""  # hash of the outcome where it is known beforehand; then code and settings do not matter

    @cached_property
    def settings_json(self) -> str:
        return canonical_json(self.settings)

    @cached_property
    def digest(self) -> str:
        if self.outcome:
            return digest(self.stage, self.outcome)
        code = code_digest((f"lacuna.commands.{self.stage}", *self.modules))
        return digest(self.stage, self.settings_json, code, self.content, *(job.digest for job in self.upstream))
