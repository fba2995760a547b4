"""The one loop that trains every system. It never asks which system it runs.

It owns device, precision, data, budget, logs, checkpoints and resuming; a system owns its losses, its optimisers and
its schedule. Outputs beside `weights.safetensors`: `training_state.safetensors`, `losses.csv`, `validation.csv`,
`samples.png`, `record.json`; and undeclared, `state/` (going on) and `tensorboard/`.
"""

import dataclasses
import math
import shlex
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.utils.tensorboard import SummaryWriter

from lacuna import systems
from lacuna.canonical import canonical_json, seed_of
from lacuna.data.loading import evaluation_batches, training_batches
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.files import disk_full, is_disk_full, naming
from lacuna.locking import alone_in
from lacuna.nn.devices import choose_device, make_deterministic
from lacuna.training import state
from lacuna.training.decay import Decay
from lacuna.training.engine import quicken
from lacuna.training.freezing import Frozen
from lacuna.training.identity import identity
from lacuna.training.initial import load_initial
from lacuna.training.interruption import Interruption
from lacuna.training.logs import Means, Progress, Table
from lacuna.training.results import note_of, parameter_counts, peak_memory, write_record, write_weights
from lacuna.training.settings import Settings, parse
from lacuna.training.sidecar import Sidecar
from lacuna.training.validation import validate

STATE = "training_state.safetensors"


def train(
    settings: dict,
    train_list: Path,
    validation_list: Path,
    backbones: Path,
    gpus: int,
    threads: int,
    output: Path,
    initial_weights: Path | None = None,
) -> None:
    """Train one system on one source, from the beginning or from where a training of the same, or a shorter one, was.

    settings: see `lacuna.training.settings.Settings`. Lists: `image<TAB>mask` lines. backbones: folder of pretrained
    networks. output: the weights' file, written last. initial_weights: begin with these instead of random ones. A loss
    that is not finite, and SIGTERM, end it by a `LacunaError`; after SIGTERM the same command goes on with the next
    step. So does a full disk, and another process that trains in the output's folder.
    """
    parsed = parse(settings)
    if systems.system_class(parsed.system).facts.kind != "deep":
        raise LacunaError(f"system '{parsed.system}' needs no training; predict with it directly")

    def command(given: dict) -> str:
        """The command line that trains with other settings here."""
        words = ["lacuna", "train", "--settings", canonical_json(given), "--train-list", train_list]
        words += ["--validation-list", validation_list, "--backbones", backbones, "--gpus", gpus, "--threads", threads]
        words += ["--initial-weights", initial_weights] if initial_weights else []
        return shlex.join(map(str, [*words, "--output", output]))

    with alone_in(output.parent, "training"), naming(output.parent):
        _train(
            settings, parsed, train_list, validation_list, backbones, gpus, threads, output, initial_weights, command
        )


def _train(
    given: dict,
    settings: Settings,
    train_list: Path,
    validation_list: Path,
    backbones: Path,
    gpus: int,
    threads: int,
    output: Path,
    initial_weights: Path | None,
    command,
) -> None:
    folder = output.parent
    make_deterministic(threads)
    torch.manual_seed(seed_of("train", settings.system, settings.source, settings.seed))

    system = systems.create(
        settings.system, **{"image_size": max(width_and_height(settings.image_size)), **settings.settings}
    )
    settings = _with_budget_of(settings, system.recipe)
    budget, iterations = settings.training, settings.training.iterations
    batch_size: int = budget.batch_size or system.recipe.batch_size
    if initial_weights is not None:
        filled = load_initial(system, initial_weights)
        new = [name for name in system.modules() if name not in filled]
        print(f"begins with {', '.join(filled)} of {initial_weights}" + (f"; new: {', '.join(new)}" if new else ""))

    device = choose_device(gpus)
    fabric = Fabric(
        accelerator=device.type,
        devices=1 if device.type == "cpu" else [device.index],
        precision=budget.precision,  # type: ignore[arg-type]  # `Budget` takes the names that Fabric knows
    )
    system.load_backbones(backbones, device)
    own = system.optimizers()
    quicken(system, own)
    frozen = Frozen(budget.freeze, system.modules(), own)
    parameters = parameter_counts(system)
    optimizers: dict[str, Any] = {name: fabric.setup_optimizers(each) for name, each in own.items()}
    for name, module in system.modules().items():
        setattr(system, name, fabric.setup_module(module))

    factor = budget.learning_rate and budget.learning_rate / system.recipe.learning_rate
    decay = Decay(optimizers, budget.decay_from, factor)
    free_until = min(1.0 if budget.decay_from is None else budget.decay_from, system.free_until)

    lists = {"training": train_list, "validation": validation_list}
    needed = {name: Path(backbones) / f"{name}.safetensors" for name in system.backbones(system.recipe)}
    belongs_to = identity(settings, system.recipe, lists, needed, initial_weights)
    sidecar = Sidecar(folder, belongs_to, command, free_until)
    found = sidecar.find()
    done: dict[str, Any]
    if found is None:
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        done = {"step": 0, "elapsed": 0.0, "stepping": 0.0, "bound": False, **{name: [] for name in state.ROWS}}
    else:
        state.restore(found, system.modules(), optimizers)
        done = found.progress()
        assert sidecar.newest, "the state was just found there"
        print(f"going on from step {done['step']} ({sidecar.newest[0]})", flush=True)
    del found
    step, stepping, bound = done["step"], done["stepping"], done["bound"]
    losses_table = Table(folder / "losses.csv", done["losses"])
    validation_table = Table(folder / "validation.csv", done["validation"])
    means = Means(done["pending"], done["losses"])
    board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
    progress = Progress(iterations, budget.seconds)
    began = time.monotonic() - done["elapsed"]

    def elapsed() -> float:
        return time.monotonic() - began

    def spent() -> float:
        return step / iterations if iterations else min(1.0, elapsed() / (budget.seconds or math.inf))

    def log_losses() -> None:
        row = means.take()
        losses_table.append({"step": step, **row})
        for name, value in row.items():
            if not math.isnan(value):  # it rested
                board.add_scalar(f"losses/{name}", value, step)
        progress.show(step, elapsed(), row)

    def look() -> dict[str, float]:
        return validate(system, evaluation_batches(validation_list, batch_size), device, folder / "samples.png")

    def log_validation() -> None:
        scores = look()
        validation_table.append({"step": step, **scores})
        for name, value in scores.items():
            board.add_scalar(f"validation/{name}", value, step)
        values = "  ".join(f"{name} {value:.4g}" for name, value in scores.items())
        print(f"validation at step {step}  {values}", flush=True)

    def current() -> state.State:
        remembered = {
            "step": step,
            "elapsed": elapsed(),
            "stepping": stepping,
            "bound": bound,
            "losses": losses_table.rows,
            "validation": validation_table.rows,
            "pending": means.pending,
        }
        note = note_of(settings, system, step, initial_weights)
        note |= {"identity": belongs_to, "given": given, "decay_from": budget.decay_from}
        return state.capture(system.modules(), optimizers, remembered, note)

    def go_through() -> None:
        nonlocal step, stepping, bound
        if not validation_table.rows:
            log_validation()
        progress.start(step)
        while (share := spent()) < 1:  # asked once a step: with a time budget it grows meanwhile
            if interruption.requested:
                sidecar.save(current())
                raise LacunaError(f"training was interrupted at step {step}; run the same command to go on from there")
            if share >= free_until and not bound:
                if step:
                    sidecar.keep_extendable(current())
                bound = True
            began_step = time.monotonic()
            image, mask = (tensor.to(device, memory_format=torch.channels_last) for tensor in next(batches))
            decay.undo(optimizers)
            system.before_step(step, share, optimizers)
            decay.apply(optimizers, share)
            frozen.hold()
            system.feature_losses = step % budget.feature_losses_every == 0
            losses = system.training_step(image, mask, optimizers, backward)
            step += 1
            means.add(step, losses)
            stepping += time.monotonic() - began_step

            if step % budget.log_every == 0:
                log_losses()
            if step % budget.validate_every == 0:
                log_validation()
                progress.start(step)
            if step % budget.checkpoint_every == 0:
                sidecar.save(current())
                progress.start(step)
        # before the last interval, which ends early, is logged: a longer training goes on with it
        sidecar.write(folder / STATE, current())
        if not bound:
            sidecar.link_extendable(folder / STATE)
        if means.pending:
            log_losses()
        if validation_table.rows[-1]["step"] != step:
            log_validation()
        elif not (folder / "samples.png").is_file():
            look()

    def backward(loss: torch.Tensor) -> None:
        if loss.requires_grad:  # not that of a part that is frozen
            fabric.backward(loss)

    seed = seed_of("batches", settings.source, settings.seed)
    batches = training_batches(train_list, batch_size, seed, step, flip=budget.flip, growing=budget.growing_masks)
    try:
        with closing(batches), Interruption() as interruption, board:
            go_through()
        losses_table.write_whole()
        validation_table.write_whole()
        write_record(
            folder / "record.json",
            settings,
            system,
            parameters=parameters,
            steps=step,
            batch_size=batch_size,
            seconds=elapsed(),
            images_per_second=step * batch_size / stepping,
            device=device,
            threads=threads,
            peak_memory=peak_memory(device),
        )
        write_weights(output, system, note_of(settings, system, step, initial_weights))
    except OSError as error:
        if is_disk_full(error):
            raise LacunaError(f"{disk_full(error)}; {sidecar.kept()}") from None
        raise
    sidecar.finish()
    print(f"trained {step} steps in {elapsed():.0f} s, weights in {output}")


def _with_budget_of(settings: Settings, recipe) -> Settings:
    """The settings with the system's own numbers where the run has none."""
    budget = settings.training
    iterations = budget.iterations or (None if budget.seconds else recipe.iterations)
    training = dataclasses.replace(budget, iterations=iterations, batch_size=budget.batch_size or recipe.batch_size)
    return dataclasses.replace(settings, training=training)
