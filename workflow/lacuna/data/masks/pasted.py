"""Where an object was pasted on a photograph: the masks of an image set of kind `pasted` with the same keys"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna.data.masks import folder
from lacuna.data.masks._fixed import Keys as FixedKeys
from lacuna.data.pasting import PastingKeys
from lacuna.keys import key

if TYPE_CHECKING:
    import numpy as np

    from lacuna.data.masks.bins import Bin


@dataclass(frozen=True, kw_only=True)
class Keys(FixedKeys, PastingKeys):
    """What is pasted on what."""

    pairing: str = key("each picture has the mask of its own object", "by_name", choices=("by_name",))


class GivenMasks(folder.GivenMasks):
    """The masks of all objects. Errors: a `LacunaError` as the pictures' own."""

    def __init__(self, settings: dict, size: tuple[int, int], bins: "list[Bin]"):
        import numpy as np

        from lacuna.data.pasting import Pasting

        self.pasting = Pasting(settings)
        self.size, self.pairing, self.passed_over = size, "by_name", []
        self.folder = Path(settings["name"])
        self.made = {origin.name: self.pasting.make(origin.name).mask for origin in self.pasting.origins()}
        self.masks = [
            folder.Given(name, hashlib.sha256(mask.tobytes()).hexdigest(), int(np.count_nonzero(mask)))
            for name, mask in self.made.items()
        ]

    def read(self, name: str) -> "np.ndarray":
        """The mask of this name: uint8 H×W, 255 = hole."""
        return self.made[name]

    def origin(self, name: str) -> dict:
        """Its name, and the whole picture as the part that was taken."""
        width, height = self.size
        return {"origin": name, "crop_left": 0, "crop_top": 0, "crop_width": width, "crop_height": height}
