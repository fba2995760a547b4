"""Config → the jobs of a run, each with its settings, edges and digest. The rules ask; nothing here computes.

A job's settings are exactly the config subtree that its stage uses. Its digest also covers what the modules of ours
mean that it runs, the pinned packages of its environment, the user's own files, and the digests of the jobs it builds
on, so equal digests mean equal results. One class a floor, each standing on the one below: `Names`, `Varying`,
`Making`, `Adapting`, `Judging`, `Describing`, `Showing`, `Resourced`, and on top the `Plan`, which answers the rules.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from lacuna.config.reading import read_config
from lacuna.errors import LacunaError
from lacuna.places import RESULTS
from lacuna.plan.job import Artifact, Job, is_made
from lacuna.plan.resources import Resourced
from lacuna.plan.stages import STAGES

__all__ = ["STAGES", "Artifact", "Job", "Plan", "is_made"]


class Plan(Resourced):
    """All jobs of one config. Wildcard values that the config does not know are `LacunaError`s."""

    def __init__(self, config: dict, cache_folder: str | Path = ".snakemake/lacuna", results: str = RESULTS):
        super().__init__(config, cache_folder, results)
        for label in self.systems:
            for source in self.sources if self.is_trained(label) else ():
                self._training_settings(label, source)
        for name in self.listed:
            self.pair(name)  # missing and empty folders are found here, before anything runs
        self.check_adaptation()
        for key in [*self.predictions(), *self.shown_predictions()]:
            self.predicted(*key)

    @classmethod
    def of_file(cls, path: str | Path, results: str = RESULTS) -> "Plan":
        """The plan of a config file; one that cannot be read is a `LacunaError`."""
        return cls(read_config(path), results=results)

    def targets(self) -> list[Job]:
        """What the run is made for: everything else is made because one of these needs it."""
        found = [self.report(), *self.table_jobs(), self.gallery(), *self.adaptation_jobs()]
        found += [self.votes()] if self.has_ballot() else []
        return found + ([self.studio()] if self.has_studio() else [])

    def jobs(self) -> list[Job]:
        """Every job of the run, each after those whose results it takes."""
        found: dict[str, Job] = {}

        def add(job: Job) -> None:
            if job.first not in found:
                for upstream in job.needed:
                    add(upstream)
                found[str(job.first)] = job

        for target in self.targets():
            add(target)
        return list(found.values())

    def keys(self, stage: str) -> Iterator[tuple[str, ...]]:
        """The wildcards of every job of a stage."""
        return (tuple(job.key.values()) for job in self.jobs() if job.stage == stage)

    def named(self, stage: str, key: list[str]) -> Job:
        """The job of a stage that a person named by its wildcards."""
        known = list(self.keys(stage))
        if tuple(key) not in known:
            those = "; ".join(" ".join(each) for each in known) or "none"
            raise LacunaError(f"there is no job '{stage}' of '{' '.join(key)}' in this config; there are: {those}")
        return getattr(self, stage)(*key)

    # What a rule asks for, by the name of its stage.

    def inputs(self, stage: str) -> Callable:
        """For `unpack`: wildcards → the files that other jobs make. The user's own files are in the digest alone."""
        return lambda wildcards: self.edges(self.job(stage, dict(wildcards.items())))

    def edges(self, job: Job) -> dict[str, list[str]]:
        """The inputs of a job that other jobs make, by name, as Snakemake takes them."""
        from snakemake.io import ancient

        made = {
            name: [self._edge(path, ancient) for path in paths if is_made(path)] for name, paths in job.inputs.items()
        }
        return made | {name: [ancient(self.asked(path)) for path in paths] for name, paths in job.after.items()}

    def output(self, stage: str, name: str) -> str | list[str]:
        """The pattern of an output, with the rule's wildcards in braces; a list where there may be several."""
        patterns = STAGES[stage].patterns(self)[name]
        return patterns[0] if isinstance(STAGES[stage].outputs[name], str) else patterns

    def outputs(self, stage: str) -> dict[str, str | list[str]]:
        """All outputs of a stage, by name."""
        return {name: self.output(stage, name) for name in STAGES[stage].outputs}

    def benchmark(self, stage: str) -> str:
        """Where Snakemake notes what a job cost, with the rule's wildcards in braces."""
        return f"{self.folder}/benchmarks/{stage}/{'.'.join(f'{{{name}}}' for name in STAGES[stage].wildcards)}.jsonl"

    def digest(self, stage: str) -> Callable:
        """For a parameter: wildcards → the job's digest. Snakemake runs the job again when it changes."""
        return lambda wildcards: self.job(stage, dict(wildcards.items())).digest

    def text(self, stage: str) -> Callable:
        """For a parameter: wildcards → the job as JSON. Because it asks for `output`, Snakemake does not compare it."""
        return lambda wildcards, output: self.job(stage, dict(wildcards.items())).text

    def text_of(self, job: Job) -> Callable:
        """The same for a rule that is of one job."""
        return lambda wildcards, output: job.text

    def _edge(self, path: Artifact, ancient: Callable) -> str:
        """An input of a rule. The time of what is fetched does not count: its hash says what it holds."""
        return ancient(self.asked(path)) if path.job.outcome else self.asked(path)
