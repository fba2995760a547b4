"""Every trained system at its authors' settings, as ONNX: how large, how long it takes to write, how equal.

Weights are untrained, and scaled until the prediction varies with the picture (a standard deviation of 0.03 to 1);
batch norms know the statistics of four pictures. Differences are those of ONNX Runtime from PyTorch, both on the CPU in
single precision, the largest over all pixels: of the network graph's raw prediction ([0, 1]) at two sizes, and of the
end-to-end graph's composite at a third one, in bytes, in the hole; outside it a single different byte stops the script.
Rounding is how far PyTorch itself is from its own double precision, at the first size: two programs cannot be closer to
each other than to the truth. Seconds are CPU time, so that a busy machine does not count.

OMP_NUM_THREADS=1 python -m tests.benchmarks.export_all [SYSTEM …]     → docs/experiments/export.csv
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from lacuna.export.end_to_end import export_end_to_end
from lacuna.export.network import export_network, reproducible
from lacuna.files import read_rows, write_rows
from tests.export.running import SYSTEMS, loaded, responsive, torch_composite, torch_raw
from tests.systems.test_contract import arrays, fitting, pictures

TABLE = Path(__file__).parents[2] / "docs/experiments/export.csv"
TRAINED_AT, SIZES, ODD_SIZE = (256, 256), ((256, 256), (192, 320)), (201, 250)


@torch.no_grad()
def exact_raw(system, image, mask) -> np.ndarray:
    """The raw prediction in double precision."""
    return reproducible(system).network.double()(image.double(), mask.double()).raw.numpy()


def row_of(name: str, folder: Path) -> dict:
    """The row of a system at its authors' settings, but for the image size (256) and noise when predicting (off)."""
    system = responsive(name, image_size=256)
    path = folder / "model.onnx"
    began = time.process_time()
    record = export_network(system, path, *TRAINED_AT)
    row = {
        "system": name,
        "exporter": record["exporter"],
        "opset": record["opset"],
        "replaced": "; ".join(record["replaced"]),
        "megabytes": round(path.stat().st_size / 1e6, 1),
        "seconds": round(time.process_time() - began, 1),
    }
    run = loaded(path)
    for letter, size in zip("ab", SIZES, strict=True):
        image, mask = pictures(fitting(system, size), n=1)
        expected = torch_raw(system, image, mask)
        difference = abs(run(image=image.numpy(), mask=mask.numpy()) - expected).max()
        row |= {f"size_{letter}": "×".join(map(str, image.shape[-2:])), f"difference_{letter}": f"{difference:.1e}"}
        if letter == "a":
            row["rounding_a"] = f"{abs(exact_raw(system, image, mask) - expected).max():.1e}"

    export_end_to_end(system, path, *TRAINED_AT)
    image, mask = arrays(ODD_SIZE)
    made = loaded(path)(image=image, mask=mask.astype(np.uint8) * 255)
    if (made[~mask] != image[~mask]).any():
        raise SystemExit(f"{name}: bytes outside the hole changed")
    difference = abs(made[mask].astype(int) - torch_composite(system, image, mask)[mask])
    return row | {"size_end_to_end": "×".join(map(str, ODD_SIZE)), "bytes_end_to_end": int(difference.max())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or SYSTEMS
    rows = {row["system"]: row for row in read_rows(TABLE)} if TABLE.is_file() else {}
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = row_of(name, Path(folder))
        rows[name]["onnxruntime"] = onnxruntime.__version__
        print(rows[name], flush=True)
        write_rows(TABLE, [rows[key] for key in sorted(rows)], list(rows[name]))
