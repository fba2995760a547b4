"""The sheet of docs/masks.md: masks of every family, the report's own figure.

python -m tests.benchmarks.draw_masks docs/masks.png
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from lacuna.config.sections import MaskSet
from lacuna.data.masks.building import make_masks
from lacuna.keys import filled
from lacuna.reporting.figures.masks import draw_masks
from tests.benchmarks.bench_masks import draw_objects

_LAMA = {"kind": "lama", "coverage": [0.01, 0.5]}  # theirs end at one half
SETS = {
    "strokes": {},
    "random_walk": {},
    "boxes": {"options": {"number": 3}},
    "ellipses": {"options": {"number": 3}},
    "objects": {"options": {"number": 2}},
    "lama_thin": _LAMA | {"options": {"preset": "thin"}},
    "lama_medium": _LAMA | {"options": {"preset": "medium"}},
    "lama_thick": _LAMA | {"options": {"preset": "thick"}},
    "text": {"options": {"tilt": 20}},
    "scratches": {},
    "noise": {"options": {"grain": 6}},
    "border_all": {"kind": "border"},
    "border_any": {"kind": "border", "options": {"side": "any"}},
    "half": {},
    "center": {"count": 1},
    "lattice": {"count": 1, "options": {"factor": 4}},
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "given").mkdir()
        draw_objects(folder / "given")
        indexes = []
        for label, own in SETS.items():
            entry = {"kind": label, "count": 4, **own}
            if entry["kind"] == "objects":
                entry["path"] = str(folder / "given")
            if entry["kind"] not in ("half", "center", "lattice"):
                entry["bins"] = 4
            settings = filled(entry, MaskSet) | {"name": label, "seed": 11, "image_size": [128, 96]}
            indexes.append(folder / label / "index.csv")
            make_masks(settings, indexes[-1])
        draw_masks(indexes, folder / "sheet.png")
        with Image.open(folder / "sheet.png") as sheet:
            sheet.convert("L").quantize(4).save(sys.argv[1], optimize=True)
