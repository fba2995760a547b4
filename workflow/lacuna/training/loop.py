"""The one loop that trains every system. It never asks which system it runs.

It owns device, precision, data, budget, logs, checkpoints and resuming; a system owns its losses, its optimisers and
its schedule. Outputs beside `weights.safetensors`: `training_state.safetensors`, `losses.csv`, `validation.csv`,
`samples.png`, `record.json`; and undeclared, `state/` (going on), `tensorboard/` and, until it ends, `decoded/` (a set
of pictures that memory does not hold).
"""

import math
import shlex
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from lacuna import systems
from lacuna.canonical import canonical_json, seed_of
from lacuna.data.loading import evaluation_batches, training_batches
from lacuna.data.sizes import HELD_BYTES
from lacuna.errors import LacunaError
from lacuna.files import disk_full, is_disk_full, naming
from lacuna.locking import alone_in
from lacuna.nn.devices import make_deterministic
from lacuna.training import state
from lacuna.training.identity import identity
from lacuna.training.interruption import Interruption
from lacuna.training.logs import Means, Progress, Table
from lacuna.training.ranks import Ranks, require_gpus, together
from lacuna.training.results import note_of, peak_memory, write_record, write_weights
from lacuna.training.settings import Settings, parse
from lacuna.training.sidecar import Sidecar
from lacuna.training.trainee import Trainee, drawn
from lacuna.training.validation import validate

STATE = "training_state.safetensors"
DECODED = "decoded"


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
    networks. gpus: as many as the training has devices, or 0 for the CPU. threads: of all devices together. output: the
    weights' file, written last. initial_weights: begin with these instead of random ones. A loss that is not finite,
    and SIGTERM, end it by a `LacunaError`; after SIGTERM the same command goes on with the next step. So does a full
    disk, another process that trains in the output's folder, and a process of another device that ends.
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

    devices = parsed.training.devices
    require_gpus(devices, gpus)
    threads = max(1, threads // devices)
    shared = _Shared(settings, train_list, backbones, min(gpus, 1), threads, output, initial_weights)
    with (
        alone_in(output.parent, "training"),
        naming(output.parent),
        together(devices, follow, shared) as ranks,
    ):
        _train(ranks, shared, validation_list, command)


@dataclass(frozen=True)
class _Shared:
    """What every process of a training is told. settings: as they were given. threads: of one process."""

    settings: dict
    train_list: Path
    backbones: Path
    gpus: int
    threads: int
    output: Path
    initial_weights: Path | None


def follow(ranks: Ranks, shared: _Shared) -> None:
    """The same training in another process than rank 0's: its rows of every batch, and nothing is written."""
    settings, system, trainee = _begun(ranks, shared)
    if (found := ranks.told()) is not None:
        state.restore(found, trainee.modules(), trainee.optimizers)
    step, share = ranks.told()
    with closing(_batches(settings, shared.train_list, shared.output.parent, ranks, step)) as batches:
        while True:
            trainee.step(step, share, *next(batches))
            step, share = ranks.told()


def _begun(ranks: Ranks, shared: _Shared) -> tuple[Settings, Any, Trainee]:
    """The settings with what the system adds, the system, and what learns, as every process begins with them."""
    make_deterministic(shared.threads)
    settings, system = drawn(parse(shared.settings))
    return settings, system, Trainee(settings, system, shared.backbones, shared.gpus, shared.initial_weights, ranks)


def _train(ranks: Ranks, shared: _Shared, validation_list: Path, command: Callable[[dict], str]) -> None:
    settings, system, trainee = _begun(ranks, shared)
    train_list, output, initial_weights = shared.train_list, shared.output, shared.initial_weights
    folder = output.parent
    if trainee.begun:
        print(trainee.begun)
    budget, iterations = settings.training, settings.training.iterations

    lists = {"training": train_list, "validation": validation_list}
    needed = {name: Path(shared.backbones) / f"{name}.safetensors" for name in system.backbones(system.recipe)}
    belongs_to = identity(settings, system.recipe, lists, needed, initial_weights)
    sidecar = Sidecar(folder, belongs_to, command, trainee.free_until)
    found = ranks.told(sidecar.find())
    done: dict[str, Any]
    if found is None:
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        done = {"step": 0, "elapsed": 0.0, "stepping": 0.0, "bound": False, **{name: [] for name in state.ROWS}}
    else:
        state.restore(found, trainee.modules(), trainee.optimizers)
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
        batches = evaluation_batches(validation_list, trainee.part)
        with trainee.average.standing_in(system), trainee.enough_memory():
            return validate(system, batches, trainee.device, folder / "samples.png")

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
        note |= {"identity": belongs_to, "given": shared.settings, "decay_from": budget.decay_from}
        return state.capture(trainee.modules(), trainee.optimizers, remembered, note)

    def go_through() -> None:
        nonlocal step, stepping, bound
        if not validation_table.rows:
            log_validation()
        progress.start(step)
        while (share := spent()) < 1:  # asked once a step: with a time budget it grows meanwhile
            if interruption.requested:
                sidecar.save(current())
                raise LacunaError(f"training was interrupted at step {step}; run the same command to go on from there")
            if share >= trainee.free_until and not bound:
                if step:
                    sidecar.keep_extendable(current())
                bound = True
            began_step = time.monotonic()
            ranks.told((step, share))
            losses = trainee.step(step, share, *next(batches))
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

    batches = _batches(settings, train_list, folder, ranks, step)
    try:
        with closing(batches), Interruption() as interruption, board:
            go_through()
        losses_table.write_whole()
        validation_table.write_whole()
        write_record(
            folder / "record.json",
            settings,
            system,
            parameters=trainee.parameters,
            steps=step,
            batch_size=trainee.batch_size,
            seconds=elapsed(),
            images_per_second=step * trainee.batch_size / stepping,
            device=trainee.device,
            threads=shared.threads,
            peak_memory=peak_memory(trainee.device),
        )
        with trainee.average.standing_in(system):
            write_weights(output, system, note_of(settings, system, step, initial_weights))
    except OSError as error:
        if is_disk_full(error):
            raise LacunaError(f"{disk_full(error)}; {sidecar.kept()}") from None
        raise
    sidecar.finish()
    shutil.rmtree(folder / DECODED, ignore_errors=True)
    print(f"trained {step} steps in {elapsed():.0f} s, weights in {output}")


def _batches(settings: Settings, train_list: Path, folder: Path, ranks: Ranks, step: int) -> Generator:
    """The rank's rows of the batches from a step on. Processes share what is decoded, once rank 0 has done it."""
    budget = settings.training
    assert budget.batch_size, "the settings say how many images a step are really used"
    several_passes = (budget.iterations or math.inf) * budget.batch_size > len(train_list.read_text().splitlines())
    return training_batches(
        train_list,
        budget.batch_size,
        seed_of("batches", settings.source, settings.seed),
        step,
        flip=budget.flip,
        recolour=budget.recolour,
        negatives=budget.negatives,
        growing=budget.growing_masks,
        scratch=folder / DECODED if several_passes else None,
        rows=ranks.rows(budget.batch_size),
        cache_bytes=HELD_BYTES if ranks.number == 1 else 0,
    )
