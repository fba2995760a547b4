"""What was adapted already, picture by picture, in the folder `state/` beside a job's outputs, which Snakemake does not
know of: a job that was killed goes on with the next picture.

`state/<digest>/` holds the pictures of one identity (settings, weights, code), with `identity.json`. Those of others
stay where they are, the newest three, so that going back to former settings goes on from there.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from lacuna.canonical import canonical_json, digest
from lacuna.files import atomic, read_json, write_json

IDENTITY = "identity.json"
KEPT_ASIDE = 3


@dataclass
class Picture:
    """What adapting to one picture gave. steps: evaluated, K of them, the first is 0.

    prediction: raw, of the last step, uint8 H×W×3, or None once it is written. values: float64 K×metrics×regions, NaN
    where a region has no pixel. features: float32 K×2048, or None. held_out: errors at `steps`; empty without a
    held-out part. seconds: of it all. passed_over: why nothing was adapted, empty if something was; then K is 0, and
    the prediction is that of the network as it was.
    """

    steps: list[int]
    prediction: np.ndarray | None
    values: np.ndarray
    features: np.ndarray | None = None
    held_out: list[float] = field(default_factory=list)
    seconds: float = 0.0
    passed_over: str = ""


class Finished:
    """The pictures that are done. folder: of the job's outputs. identity: name → value of all that decides a result.

    Says in a line which pictures of another identity there are.
    """

    def __init__(self, folder: str | Path, identity: dict):
        self.states = Path(folder) / "state"
        self.folder = self.states / digest(canonical_json(identity))[:12]
        others = sorted(
            (path.parent for path in self.states.glob(f"*/{IDENTITY}") if path.parent != self.folder),
            key=lambda path: path.stat().st_mtime,
        )
        for other in others:
            before = read_json(other / IDENTITY)
            differs = sorted(name for name in before.keys() | identity if before.get(name) != identity.get(name))
            count = len(list(other.glob("*.safetensors")))
            print(f"{count} pictures adapted before are not used, for these differ: {', '.join(differs)} ({other})")
        for old in others[:-KEPT_ASIDE]:
            shutil.rmtree(old)
        write_json(self.folder / IDENTITY, identity)

    def find(self, key: str) -> Picture | None:
        """The picture of a key, if it is done; a damaged file is passed over with a line."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            with safe_open(path, "numpy") as stream:
                arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - not a dictionary
                note = json.loads(stream.metadata()["note"])
            if note.pop("digest") != _digest(arrays):
                raise ValueError("its checksum does not fit what it holds")
            return Picture(**arrays, **note)
        except Exception as error:  # whatever a broken file makes the reader raise, it means the same
            print(f"the picture in {path} is adapted again, for it cannot be read: {error}")
            return None

    def keep(self, key: str, picture: Picture) -> None:
        """Write what a picture gave, whole or not at all."""
        held = {"prediction": picture.prediction, "values": picture.values, "features": picture.features}
        arrays = {name: np.ascontiguousarray(array) for name, array in held.items() if array is not None}
        note = {name: getattr(picture, name) for name in ("steps", "held_out", "seconds", "passed_over")}
        note |= {"digest": _digest(arrays)}
        with atomic(self._path(key)) as partial:
            save_file(arrays, partial, {"note": canonical_json(note)})

    def remove(self) -> None:
        """The job is done, and its outputs hold it all."""
        shutil.rmtree(self.folder)
        if not any(self.states.iterdir()):
            self.states.rmdir()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"


def _digest(arrays: dict[str, np.ndarray]) -> str:
    return digest(*(part for name in sorted(arrays) for part in (name, arrays[name].tobytes())))
