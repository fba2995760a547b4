"""Pictures with holes, no square, and a way to have a contestant fill them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from lacuna import contestants
from lacuna.config.sections import Contestant
from lacuna.contestants._setting import Measured, Pictures, Setting
from lacuna.data.lists import Pair
from lacuna.keys import check, filled
from tests.inpainting.made_up import box, save


@dataclass
class Room:
    """A folder with a list of pictures."""

    folder: Path
    pairs: list[Pair]

    def ask(self, entry: dict, files: list[str] | None = None, number: int | None = None, gpus: int = 0):
        """(the pictures, what they cost) of a contestant."""
        check(entry, Contestant, "systems.theirs")
        entry = filled(entry, Contestant)
        kind = contestants.load(entry["kind"])
        setting = Setting("theirs", self.folder / "log.txt", gpus, 1, 7, Measured(entry["kind"]))
        files = kind.pinned(entry) if files is None else files
        made = list(kind.answers(entry, Pictures(self.pairs[:number]), setting, files))
        return made, setting.measured

    def given(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        return Pictures(self.pairs)[number]


@pytest.fixture
def room(tmp_path) -> Room:
    """Six crops of 72×56 pixels, a hole each."""
    pairs = []
    for number in range(6):
        crop = data.chelsea()[60 + 9 * number :, 100 + 20 * number :][:56, :72]
        image = save(tmp_path / f"{number}.png", crop)
        hole = box(56, 72, top=9 + number, left=13, down=14, across=21)
        pairs.append(Pair(str(image), str(save(tmp_path / f"{number}m.png", hole))))
    return Room(tmp_path, pairs)
