"""What a contestant is given besides its entry in the config, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lacuna import contestants
from lacuna.canonical import seed_of
from lacuna.data.images import read_image, read_mask
from lacuna.data.lists import Pair
from lacuna.errors import LacunaError
from lacuna.files import read_json


class Pictures(Sequence):
    """The pictures of a list with their holes, read when they are asked for: (uint8 H×W×3, bool H×W)."""

    def __init__(self, pairs: list[Pair]):
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, number):
        pair = self.pairs[number]
        return read_image(pair.image), read_mask(pair.mask)


@dataclass
class Measured:
    """What a test set cost, for its record.

    startup: seconds before the first picture, None where they cannot be told apart. each: seconds of every picture;
    empty where a program fills a folder at once, whose pictures take `seconds` together. peak_memory: bytes of the
    contestant's processes, interpreter and libraries included; None where nobody can tell. returns: `raw` or
    `composite`. notes: sentences for the report.
    """

    runtime: str
    device: str = "cpu"
    startup: float | None = None
    each: list[float] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory: int | None = None
    returns: str = "raw"
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Setting:
    """label: the contestant's. log: the file for what it says. seed: the run's, with the names of system and set."""

    label: str
    log: Path
    gpus: int
    threads: int
    seed: int
    measured: Measured

    def seed_of(self, number: int) -> int:
        """A picture's own seed, below 2^31."""
        return seed_of("outside", self.label, number, self.seed) % 2**31


def erased(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The picture, uint8 H×W×3, with the mean colour of what is known in the hole: what nobody can peep at."""
    known = image[~hole]
    mean = np.rint(known.mean(axis=0)) if len(known) else np.full(3, 128)
    return np.where(hole[..., None], mean.astype(np.uint8), image)


def near(path: Path) -> Path:
    """The path as a reader in the working directory has it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def files_of(entry: dict, label: str, exported: list[Path]) -> list[str]:
    """What a contestant is: the file that this run itself made (`exported`), or those of the config.

    A network that the run could not write as a graph is a `LacunaError`.
    """
    for path in exported:
        if path.name != "record.json":
            return [str(path)]
        record = read_json(path)
        if not record["exported"]:
            raise LacunaError(
                f"system '{label}' is the graph of '{entry['exported']}', which has none: {record['reason']}; name "
                "another, or leave it out"
            )
        return [str(path.with_name("model.onnx"))]
    return contestants.load(entry["kind"]).pinned(entry)
