"""Run one step of the workflow by hand, or as the rules do."""

import pkgutil
import time
from contextlib import nullcontext
from pathlib import Path

from lacuna import steps
from lacuna.arguments import add_config, add_machine

EXAMPLE = "step train --config config/config.yaml --key aotgan place2"

PARTS = ("settings", "inputs", "outputs")


def step_names() -> list[str]:
    """All steps, in the order of the alphabet: the modules in `steps/`."""
    return sorted(info.name for info in pkgutil.iter_modules(steps.__path__))


def add_arguments(parser) -> None:
    stages = parser.add_subparsers(dest="stage", required=True, metavar="stage")
    for name in step_names():
        summary = _summary(name)
        stage = stages.add_parser(
            name,
            help=summary,
            description=f"{summary} The config gives settings and paths; name the job by the wildcards of its rule.",
        )
        add_config(stage)
        stage.add_argument("--key", nargs="*", default=[], metavar="VALUE", help="wildcards of the job, in order")
        stage.add_argument("--job", metavar="JSON", help="job as the rules give it, in place of --config and --key")
        add_machine(stage, training=name == "train")


def _summary(name: str) -> str:
    """The first sentence of a step's module, which is not imported."""
    import ast

    text = Path(steps.__path__[0], f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ").replace("%", "%%")


def run(args) -> None:
    """Run the step of the job that was given, or that the config and the key name."""
    job = _given(args.job) if args.job else _planned(args)
    make(job, args.stage, args.gpus, args.threads)


def make(job: dict, stage: str, gpus: int, threads: int) -> None:
    """Run a job's step; when it has succeeded, write beside its first output where that came from.

    job: as `Job.record` has it. While the step runs no other process can make the same result: a job may outlive the
    Snakemake that started it.
    """
    from lacuna.files import naming, sweep
    from lacuna.locking import alone_in

    first = Path(job.get("result") or next(path for paths in job["outputs"].values() for path in paths))
    alone = alone_in(first.parent, f"making {first.name}", first.name) if "digest" in job else nullcontext()
    with naming(first.parent), alone:
        for folder in {Path(path).parent for paths in job["outputs"].values() for path in paths}:
            sweep(folder)
        _make(job, stage, gpus, threads, first)


def _make(job: dict, stage: str, gpus: int, threads: int, first: Path) -> None:
    import importlib

    from lacuna import sidecars
    from lacuna.task import StepSettings, Task

    task = Task(
        settings=StepSettings(job["settings"]),
        inputs={name: [path for path, _ in paths] for name, paths in job["inputs"].items()}
        | {"parts": job.get("parts", [])},
        outputs=job["outputs"],
        gpus=gpus,
        threads=threads,
        digests={path: digest for paths in job["inputs"].values() for path, digest in paths},
    )
    before = sidecars.take(first)
    began = time.monotonic()
    try:
        importlib.import_module(f"{steps.__name__}.{stage}").run(task)
    except BaseException:
        if before and not sidecars.changed_files(before):
            sidecars.write(first, before)
        raise
    if "digest" in job:
        sidecars.write(first, sidecars.describe(job, time.monotonic() - began))


def _given(text: str) -> dict:
    """The job that a rule, or a person, gives as JSON. Without a digest its result gets no sidecar."""
    import json

    from lacuna.errors import LacunaError

    try:
        job = json.loads(text)
    except ValueError as error:
        raise LacunaError(f"--job is not valid JSON ({error}); leave it out and name a config and a key") from None
    if not isinstance(job, dict) or not all(isinstance(job.get(name), dict) for name in PARTS) or not job["outputs"]:
        raise LacunaError("--job lacks 'settings', 'inputs' or 'outputs'; leave it out and name a config and a key")
    return job


def _planned(args) -> dict:
    """The job of the config with these wildcards."""
    from lacuna.plan import Plan

    return Plan.of_file(args.configfile, args.results).named(args.stage, args.key).record
