"""Where a training keeps its states: the folder `state/` beside its outputs, which Snakemake does not know of.

Two slots that are written in turn, so that a damaged one is not the only one; `extendable.safetensors`, the last state
that is also one of every longer training; and `aside/<n>-<digest>/`, states of trainings with other settings, data or
code, the newest three. A state is removed by the end of the training that it belongs to, and by nothing else.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lacuna.canonical import canonical_json, digest
from lacuna.errors import LacunaError
from lacuna.files import atomic, disk_full, is_disk_full, read_json, write_json
from lacuna.training import identity
from lacuna.training.state import DamagedState, State, read, read_note, write

SLOTS = ("slot_0.safetensors", "slot_1.safetensors")
EXTENDABLE = "extendable.safetensors"
REASON = "reason.json"
KEPT_ASIDE = 3


@dataclass(frozen=True)
class Aside:
    """A state that was set aside. differs: what was not the same, in words. command: what goes on from it."""

    folder: Path
    step: int
    differs: tuple[str, ...]
    command: str


def set_aside(folder: str | Path) -> list[Aside]:
    """The states set aside in a training's folder (that of its weights), oldest first."""
    found = []
    for each in _aside_folders(Path(folder) / "state"):
        reason = read_json(each / REASON)
        found.append(Aside(each, reason["step"], tuple(reason["differs"]), reason["command"]))
    return found


class Sidecar:
    """The states of one training.

    folder: of its outputs. belongs_to: its `identity`. command: from the settings as they were given to the command
    line that runs with them. free_until: the share of the budget up to which steps do not depend on its length.
    """

    def __init__(self, folder: Path, belongs_to: dict, command: Callable[[dict], str], free_until: float):
        self.folder = folder / "state"
        self.belongs_to = belongs_to
        self.command = command
        self.free_until = free_until
        self.newest: tuple[Path, int] | None = None

    def find(self) -> State | None:
        """The state with the most steps that this training can go on from exactly, or None.

        One that belongs to another training is set aside, one that is damaged is passed over, each with a line.
        """
        best: tuple[Path, State] | None = None
        others = []
        for path in self._here():
            state = self._whole(path)
            if state is None:
                continue
            if not self._fits(state.note):
                others.append((path, state.note))
            elif best is None or state.step > best[1].step:
                best = path, state
        returning = None
        for each in _aside_folders(self.folder):
            for path in self._files(each):
                note = _note(path)
                if note is None or (best is not None and note["steps"] <= best[1].step):
                    continue
                if self._fits(note) and (state := self._whole(path)):
                    best, returning = (path, state), each
        if returning:
            others = [(path, note) for path in self._here() if (note := _note(path)) is not None]
        self._set_aside(others)
        if returning and best:
            for path in self._files(returning):
                path.replace(self.folder / path.name)
            shutil.rmtree(returning)
            best = self.folder / best[0].name, best[1]
        self._prune()
        if best is None:
            return None
        self.newest = best[0], best[1].step
        return best[1]

    def save(self, state: State) -> None:
        """Write into the slot that the newest state is not in; a full disk is a `LacunaError` that says what is kept.

        So is a state with values that are not finite: nobody could go on from it.
        """
        taken = self.newest[0].name if self.newest else ""
        path = self.folder / next(name for name in SLOTS if name != taken)
        self.write(path, state)
        self.newest = path, state.step

    def keep_extendable(self, state: State) -> None:
        """Keep a state that a longer training passes through, too."""
        self._make_room_for_extendable()
        self.write(self.folder / EXTENDABLE, state)

    def link_extendable(self, path: Path) -> None:
        """The same for a state that is written already: a second name, because Snakemake deletes outputs."""
        self._make_room_for_extendable()
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic(self.folder / EXTENDABLE) as partial:
            try:
                os.link(path, partial)
            except OSError as error:
                if is_disk_full(error):
                    raise
                shutil.copyfile(path, partial)  # a file system without hard links

    def finish(self) -> None:
        """The training is at its end: what it needed to go on is removed, but for the extendable state."""
        for name in SLOTS:
            (self.folder / name).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def kept(self) -> str:
        """What there is to go on from, in words."""
        if self.newest is None:
            return "no state is kept yet"
        return f"the state of step {self.newest[1]} is kept in {self.newest[0]}"

    # ------------------------------------------------------------------ inside

    def _fits(self, note: dict) -> bool:
        """Whether this training goes through that state, or, stopped elsewhere, would have."""
        then, progress = note["identity"], note["progress"]
        if not identity.differences(then, self.belongs_to):
            return True
        if identity.differences(then, self.belongs_to, but=identity.LENGTHS) or progress["bound"]:
            return False
        (before, _), (name, now) = identity.length(then), identity.length(self.belongs_to)
        if before != name:
            return False
        if name.endswith("seconds"):
            return progress["elapsed"] / now < self.free_until
        step = note["steps"]
        return step <= now and (step - 1) / now < self.free_until

    def write(self, path: Path, state: State) -> None:
        try:
            write(path, state)
        except DamagedState as error:
            raise LacunaError(
                f"the state of step {state.step} is not saved: {error}; {self.kept()}; "
                "lower the learning rate or check the data"
            ) from None
        except OSError as error:
            if not is_disk_full(error):
                raise
            raise LacunaError(f"{disk_full(error)}; {self.kept()}") from None

    def _make_room_for_extendable(self) -> None:
        """A shorter training's own is no longer reached by it, so it goes aside."""
        path = self.folder / EXTENDABLE
        note = _note(path) if path.is_file() else None
        if note is not None and identity.differences(note["identity"], self.belongs_to):
            self._set_aside([(path, note)])
            self._prune()

    def _here(self) -> list[Path]:
        return self._files(self.folder)

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        return [folder / name for name in (*SLOTS, EXTENDABLE) if (folder / name).is_file()]

    def _whole(self, path: Path) -> State | None:
        try:
            return read(path)
        except DamagedState as error:
            print(f"the state {path} is not used: {error}", flush=True)
            return None

    def _set_aside(self, others: list[tuple[Path, dict]]) -> None:
        """One folder a training that they belong to, with the reason in it and in a line."""
        groups: dict[str, list[tuple[Path, dict]]] = {}
        for path, note in others:
            groups.setdefault(digest(canonical_json(note["identity"]))[:8], []).append((path, note))
        for short, group in groups.items():
            last = max((int(each.name.partition("-")[0]) for each in _aside_folders(self.folder)), default=0)
            target = self.folder / "aside" / f"{last + 1}-{short}"
            note = max((note for _, note in group), key=lambda each: each["steps"])
            differs, way = self._reason(note)
            reason = {"step": note["steps"], "differs": differs, "command": way, "identity": note["identity"]}
            write_json(target / REASON, reason)
            for path, _ in group:
                path.replace(target / path.name)
            print(
                f"the state of step {note['steps']} does not fit ({'; '.join(differs)}); it is set aside in {target}, "
                f"and this goes on from it: {way}",
                flush=True,
            )

    def _reason(self, note: dict) -> tuple[list[str], str]:
        """What differs, and the command that goes on from that state."""
        differs = identity.differences(note["identity"], self.belongs_to)
        rest = {kind: parts for kind, parts in self.belongs_to.items() if kind != "settings"}
        elsewhere = identity.differences(note["identity"], rest)  # no command line can undo these
        command = self.command(note["given"])
        return differs, f"{command} (after undoing this: {'; '.join(elsewhere)})" if elsewhere else command

    def _prune(self) -> None:
        for old in _aside_folders(self.folder)[:-KEPT_ASIDE]:
            print(f"removed {old}: the newest {KEPT_ASIDE} states set aside are kept", flush=True)
            shutil.rmtree(old)


def _aside_folders(folder: Path) -> list[Path]:
    """The folders of states set aside, oldest first; half-made ones, which have no reason yet, are left out."""
    found = [each for each in (folder / "aside").glob("*-*") if (each / REASON).is_file()]
    return sorted(found, key=lambda each: int(each.name.partition("-")[0]))


def _note(path: Path) -> dict | None:
    try:
        return read_note(path)
    except DamagedState:
        return None
