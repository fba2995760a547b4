"""Adapt a system to every picture of a test set, and keep what it predicts and how well, step by step."""

import dataclasses
import statistics
from collections.abc import Iterator

import numpy as np
from PIL import Image

from lacuna import systems
from lacuna.adaptation.adapting import losses_of
from lacuna.adaptation.experiments import Experiment, read_experiment
from lacuna.adaptation.fillers import Pool, staged
from lacuna.adaptation.finished import Finished, Picture
from lacuna.adaptation.learning import load_parts
from lacuna.adaptation.sets import CHOICES, ROWS, Adapter, adapt_set, choices_of, rows_of, write_table
from lacuna.adaptation.similarity import Descriptions, load_backbone
from lacuna.canonical import seed_of
from lacuna.data.indexes import write_index
from lacuna.data.lists import read_list
from lacuna.data.photographs import photographs_of
from lacuna.digests import code_digests
from lacuna.errors import LacunaError
from lacuna.files import empty_folder, sha256_of, write_json
from lacuna.locking import alone_in
from lacuna.metrics.features import Features, images_digest, photograph_numbers, write_features
from lacuna.steps.predict import recipe_settings
from lacuna.training.results import peak_memory
from lacuna.training.state import read_parts


def run(task) -> None:
    folder = task.out("rows").parent
    with alone_in(folder, "adapting"):
        _run(task, Finished(folder, _identity(task)))


def _run(task, finished: Finished) -> None:
    settings = task.settings
    pairs = read_list(task.file("pairs"))[: settings["images"]]
    photographs = photographs_of([pair.image for pair in pairs])
    adapter, device = _adapter(task)
    pictures = _predicted(task, pairs, adapt_set(adapter, pairs, photographs, finished), device)

    names = {
        "experiment": settings["name"],
        "system": settings["label"],
        "source": settings["source"],
        "test_set": settings["test_set"],
    }
    every = [
        (names | {"image": pair.image.rpartition("/")[2], "photograph": photograph}, picture)
        for pair, photograph, picture in zip(pairs, photographs, pictures, strict=True)
    ]
    each = [(about, picture) for about, picture in every if not picture.passed_over]
    passed_over = {about["image"]: picture.passed_over for about, picture in every if picture.passed_over}
    if not each:
        raise LacunaError(
            f"not one of the {len(pairs)} pictures of {settings['test_set']} can be adapted to by {settings['name']}, "
            f"the first because {next(iter(passed_over.values()))}"
        )
    metrics = settings["metrics"]
    for path in task.outs("features"):
        files = [(*pair, "") for pair in pairs]
        write_features(path, Features(_features(pictures), names, images_digest(files), photograph_numbers(files)))
    write_table(task.out("choice"), (row for about in each for row in choices_of(*about, metrics)), CHOICES)
    costs = _costs(adapter, [picture for _, picture in each], device)
    write_json(task.out("costs"), {**names, **costs, "passed_over": passed_over})
    number = write_table(task.out("rows"), (row for about in each for row in rows_of(*about, metrics)), ROWS)
    finished.remove()
    left_out = f", passed over {', '.join(passed_over)}" if passed_over else ""
    print(
        f"adapted {settings['label']} to {len(each)} pictures by {settings['name']}, {number} rows{left_out} ({device})"
    )


def _identity(task) -> dict:
    """What a picture's result depends on, beside the picture itself."""
    settings = {key: value for key, value in task.settings.items() if key not in ("images", "test_set")}
    roots = ("lacuna.steps.adapt", f"lacuna.systems.{settings['system']}")
    files = {
        f"{name} {number}": task.digests.get(str(path)) or sha256_of(path)
        for name in ("weights", "discriminator", "pool", "descriptions", "backbones")
        for number, path in enumerate(task.files(name))
    }
    return {**settings, **files, **code_digests(roots)}


def _adapter(task) -> tuple[Adapter, str]:
    """Everything that is loaded once, and the device in words."""
    settings = task.settings
    experiment = _seeded(read_experiment(settings["experiment"], settings["name"]), settings)
    system = systems.create(settings["system"], **recipe_settings(settings))
    device = system.prepare(task.file("weights"), device=task.device, threads=task.threads, seed=settings["seed"])
    on, backbones = next(system.network.parameters()).device, task.backbones()
    for module in system.modules().values():
        module.to(on)
    if experiment.method == "adapt":
        system.load_backbones(backbones, on)
    for path in task.files("discriminator"):
        load_parts(system, read_parts(path))
    inception = None
    if settings["features"]:
        from lacuna.metrics.inception import InceptionFID

        inception = InceptionFID(backbones).to(on)
    adapter = Adapter(
        system=system,
        experiment=experiment,
        losses=settings["losses"],
        pool=_pool(task, experiment),
        metrics=settings["metrics"],
        backbones=backbones,
        choice=settings["choice"],
        inception=inception,
        seed=settings["seed"],
    )
    return adapter, device


def _seeded(experiment: Experiment, settings: dict) -> Experiment:
    """The same draws for every experiment of a run that draws the same, so that they differ in nothing else."""
    seed = seed_of("adapt", settings["label"], settings["source"], settings["seed"], experiment.seed)
    return dataclasses.replace(experiment, seed=seed)


def _pool(task, experiment: Experiment) -> Pool | None:
    if not experiment.needs_pool:
        return None
    described = None
    if task.files("descriptions"):
        backbone = load_backbone(task.backbones())
        described = Descriptions.joined([Descriptions.read(path, backbone) for path in task.files("descriptions")])
    return Pool(staged(task.files("pool")), described)


def _predicted(task, pairs: list, pictures: Iterator[Picture], device: str) -> list[Picture]:
    """The pictures, whose predictions are written as they come and not held: there may be thousands."""
    index = task.out("index")
    folder, rows, kept = empty_folder(index.parent, [path for pair in pairs for path in pair]), [], []
    for number, (pair, picture) in enumerate(zip(pairs, pictures, strict=True)):
        assert picture.prediction is not None, "only here is it written and let go"
        name = f"{number:04d}.png"
        Image.fromarray(picture.prediction).save(folder / name, compress_level=3)
        rows.append({"file": name, **pair._asdict()})
        kept.append(dataclasses.replace(picture, prediction=None))
    seconds = sum(picture.seconds for picture in kept)
    write_json(task.out("record"), {"seconds": seconds, "device": device, "n": len(rows), "first_batch": None})
    write_index(index, rows, ["file", "image", "mask"], len(rows))
    return kept


def _features(pictures: list[Picture]) -> dict[str, np.ndarray]:
    """By evaluated step, a row a picture; those that were passed over have NaN."""
    steps = next(picture.steps for picture in pictures if not picture.passed_over)
    found = {}
    for k, step in enumerate(steps):
        rows = [None if picture.features is None else picture.features[k] for picture in pictures]
        like = next(row for row in rows if row is not None)
        found[f"step_{step:05d}"] = np.stack([np.full_like(like, np.nan) if row is None else row for row in rows])
    return found


def _costs(adapter: Adapter, pictures: list, device: str) -> dict:
    seconds = [picture.seconds for picture in pictures]
    return {
        "n": len(pictures),
        "steps": pictures[0].steps[-1],
        "seconds_mean": statistics.mean(seconds),
        "seconds_median": statistics.median(seconds),
        "seconds": sum(seconds),
        "device": device,
        "peak_memory_bytes": peak_memory(next(adapter.system.network.parameters()).device),
        "losses": losses_of(adapter.system, adapter.losses),
        "choice": adapter.choice,
        "settings": adapter.experiment.settings(),
    }
