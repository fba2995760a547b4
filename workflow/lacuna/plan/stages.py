"""A stage is declared once: its method of the plan, where its results lie, and the environment that it computes in."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps

from lacuna.places import ENVIRONMENTS
from lacuna.plan.job import Artifact

PINNED = re.compile(r'^\s*- "?(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*)==(?P<version>[^\s;"]+)', re.MULTILINE)

STAGES: dict[str, "Stage"] = {}


@dataclass(frozen=True)
class Stage:
    """What is the same for all jobs of a stage. `name` is the rule's, the step's and the plan's method's."""

    name: str
    wildcards: tuple[str, ...]
    outputs: Mapping[str, str | Callable]
    """Patterns of paths by name: `{folder}` is the run's; or a function of the plan that lists such patterns."""
    environment: str
    beside: tuple[str, ...] = ()

    @property
    def packages(self) -> dict[str, str]:
        return pinned(self.environment)

    def patterns(self, plan) -> dict[str, list[str]]:
        """Every output's paths, with only the rule's wildcards left in braces."""
        found = {}
        for name, pattern in self.outputs.items():
            patterns = [pattern] if isinstance(pattern, str) else pattern(plan)
            found[name] = [each.replace("{folder}", plan.folder) for each in patterns]
        return found


@dataclass(frozen=True)
class Work:
    """What a stage's method says of one job: the rest follows from the stage. Fields as in `Job`."""

    settings: dict
    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    after: Mapping[str, Sequence[Artifact]] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    contents: dict[str, str] = field(default_factory=dict)
    outcome: str = ""
    outputs: dict[str, list[str]] = field(default_factory=dict)
    """Paths, where the stage's declaration does not know them."""


@cache
def pinned(environment: str) -> dict[str, str]:
    """Package → version, as the environment's file pins them."""
    text = (ENVIRONMENTS / f"{environment}.yaml").read_text()
    return {found["name"]: found["version"] for found in PINNED.finditer(text)}


def declare(environment: str, outputs: Mapping[str, str | Callable], beside: tuple[str, ...] = ()) -> Callable:
    """Declare a method of the plan as a stage; called with the rule's wildcards, it returns the `Job`."""

    def decorate(method: Callable) -> Callable:
        wildcards = tuple(inspect.signature(method).parameters)[1:]
        declared = Stage(method.__name__, wildcards, outputs, environment, beside)
        STAGES[declared.name] = declared

        @cache
        @wraps(method)
        def job(self, *values: str):
            return self._job(declared, dict(zip(wildcards, values, strict=True)), method(self, *values))

        return job

    return decorate
