"""Pictures are filled where Python lacks the modules that only Unix has (`fcntl`, `resource`), such as on Windows."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.workflow.conftest import small_weights

WITHOUT = """
import sys

sys.modules["fcntl"] = sys.modules["resource"] = None
from lacuna.cli import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["telea", "a network"])
def test_pictures_are_filled_without_what_only_unix_has(tmp_path, how):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 56, 3), np.uint8)).save(tmp_path / "p.png")
    mask = np.zeros((40, 56), np.uint8)
    mask[5:18, 9:30] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    with_what = ["--system", "telea"]
    if how == "a network":
        small_weights(tmp_path / "weights" / "w.safetensors")
        with_what = ["--weights", "weights/w.safetensors"]
    command = [sys.executable, "-c", WITHOUT, "inpaint", "p.png", "m.png", "-o", "o.png", *with_what]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    filled, given = (np.asarray(Image.open(tmp_path / name)) for name in ("o.png", "p.png"))
    assert (filled[mask == 0] == given[mask == 0]).all() and (filled[mask > 0] != given[mask > 0]).any()
