"""The one loop that trains every system. It never asks which system it runs.

It owns device, precision, data, budget, logs, checkpoints and resuming; a system owns its losses, its optimisers and
its schedule. Outputs beside `weights.safetensors`: `losses.csv`, `validation.csv`, `samples.png`, `record.json`; and
undeclared, `state/` (resuming) and `tensorboard/`.
"""

import math
import shutil
import time
from contextlib import closing
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.utils.tensorboard import SummaryWriter

from lacuna import systems
from lacuna.canonical import seed_of
from lacuna.data.loading import evaluation_batches, training_batches
from lacuna.data.sizes import width_and_height
from lacuna.errors import LacunaError
from lacuna.nn.devices import choose_device, make_deterministic
from lacuna.training import checkpoint
from lacuna.training.decay import Decay
from lacuna.training.interruption import Interruption
from lacuna.training.logs import Means, Progress, Table
from lacuna.training.results import parameter_counts, peak_memory, write_record, write_weights
from lacuna.training.settings import parse
from lacuna.training.validation import validate


def train(
    settings: dict, train_list: Path, validation_list: Path, backbones: Path, gpus: int, threads: int, output: Path
) -> None:
    """Train one system on one source, from the beginning or from where an interrupted training of the same stopped.

    settings: see `lacuna.training.settings.Settings`. Lists: `image<TAB>mask` lines. backbones: folder of pretrained
    networks. output: the weights' file, written last. A loss that is not finite, and SIGTERM, end it by a
    `LacunaError`; after SIGTERM the same command goes on with the next step.
    """
    given, settings = settings, parse(settings)
    if systems.system_class(settings.system).facts.kind != "deep":
        raise LacunaError(f"system '{settings.system}' is not trained; predict with it straight away")
    budget, folder = settings.training, output.parent
    folder.mkdir(parents=True, exist_ok=True)
    make_deterministic(threads)
    torch.manual_seed(seed_of("train", settings.system, settings.source, settings.seed))

    system = systems.create(
        settings.system, **{"image_size": max(width_and_height(settings.image_size)), **settings.settings}
    )
    iterations = budget.iterations or (None if budget.seconds else system.recipe.iterations)
    batch_size = budget.batch_size or system.recipe.batch_size
    parameters = parameter_counts(system)

    device = choose_device(gpus)
    fabric = Fabric(
        accelerator=device.type, devices=1 if device.type == "cpu" else [device.index], precision=budget.precision
    )
    system.load_backbones(backbones, device)
    optimizers = {name: fabric.setup_optimizers(each) for name, each in system.optimizers().items()}
    for name, module in system.modules().items():
        setattr(system, name, fabric.setup_module(module.to(memory_format=torch.channels_last)))  # a third faster

    decay = Decay(optimizers, budget.decay_from)

    needed = [Path(backbones) / f"{name}.safetensors" for name in system.backbones(system.recipe)]
    belongs_to = checkpoint.identity(given, [train_list, validation_list], needed)
    state_file = folder / "state" / "last.pt"
    done = checkpoint.restore(state_file, belongs_to, system.modules(), optimizers)
    if done is None:
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        done = {"step": 0, "elapsed": 0.0, "stepping": 0.0, "losses": [], "validation": [], "pending": []}
    else:
        print(f"going on from step {done['step']} ({state_file})", flush=True)
    step, stepping = done["step"], done["stepping"]
    losses_table = Table(folder / "losses.csv", done["losses"])
    validation_table = Table(folder / "validation.csv", done["validation"])
    means = Means(done["pending"])
    board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
    progress = Progress(iterations, budget.seconds)
    began = time.monotonic() - done["elapsed"]

    def elapsed() -> float:
        return time.monotonic() - began

    def spent() -> float:
        return step / iterations if iterations else min(1.0, elapsed() / budget.seconds)

    def log_losses() -> None:
        row = means.take()
        losses_table.append({"step": step, **row})
        for name, value in row.items():
            board.add_scalar(f"losses/{name}", value, step)
        progress.show(step, elapsed(), row)

    def log_validation() -> None:
        scores = validate(system, evaluation_batches(validation_list, batch_size), device, folder / "samples.png")
        validation_table.append({"step": step, **scores})
        for name, value in scores.items():
            board.add_scalar(f"validation/{name}", value, step)
        values = "  ".join(f"{name} {value:.4g}" for name, value in scores.items())
        print(f"validation at step {step}  {values}", flush=True)

    def save_state() -> None:
        remembered = {
            "step": step,
            "elapsed": elapsed(),
            "stepping": stepping,
            "losses": losses_table.rows,
            "validation": validation_table.rows,
            "pending": means.pending,
        }
        checkpoint.save(state_file, belongs_to, system.modules(), optimizers, remembered)

    seed = seed_of("batches", settings.source, settings.seed)
    batches = training_batches(train_list, batch_size, seed, step, flip=budget.flip)
    with closing(batches), Interruption() as interruption, board:
        if not validation_table.rows:
            log_validation()
        progress.start(step)
        while (share := spent()) < 1:  # asked once a step: with a time budget it grows meanwhile
            if interruption.requested:
                save_state()
                raise LacunaError(f"training was interrupted at step {step}; run the same command to go on from there")
            began_step = time.monotonic()
            image, mask = (tensor.to(device, memory_format=torch.channels_last) for tensor in next(batches))
            decay.undo(optimizers)
            system.before_step(step, share, optimizers)
            decay.apply(optimizers, share)
            losses = system.training_step(image, mask, optimizers, fabric.backward)
            step += 1
            means.add(_finite(losses, step))
            stepping += time.monotonic() - began_step

            if step % budget.log_every == 0:
                log_losses()
            if step % budget.validate_every == 0:
                log_validation()
                progress.start(step)
            if step % budget.checkpoint_every == 0:
                save_state()
                progress.start(step)
        if means.pending:
            log_losses()
        if validation_table.rows[-1]["step"] != step:
            log_validation()

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
    write_weights(output, settings, system, step)
    shutil.rmtree(state_file.parent, ignore_errors=True)
    print(f"trained {step} steps in {elapsed():.0f} s, weights in {output}")


def _finite(losses: dict[str, torch.Tensor], step: int) -> dict[str, float]:
    """The losses as numbers; one that is not finite is a `LacunaError`."""
    values = torch.stack([loss.float() for loss in losses.values()]).tolist()
    for name, value in zip(losses, values, strict=True):
        if not math.isfinite(value):
            raise LacunaError(f"loss '{name}' became {value} at step {step}; lower the learning rate or check the data")
    return dict(zip(losses, values, strict=True))
