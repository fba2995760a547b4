"""What halving and quantising the exported graphs costs: the largest difference from the graph itself.

Of every trained system, tiny and untrained (its `small` settings, see `tests.export.running`), on one made-up
picture of 96×128 pixels, on the [0, 1] scale and clamped to it. "fails" where the program or ONNX Runtime refuses.

OMP_NUM_THREADS=1 python -m tests.benchmarks.convert_all     → docs/experiments/conversion.csv
"""

import logging
import tempfile
from pathlib import Path

import numpy as np

from lacuna.export.end_to_end import export_end_to_end
from lacuna.export.network import export_network
from lacuna.files import write_rows
from tests.export.converting import CONVERTERS, answer
from tests.export.running import SYSTEMS, responsive

TABLE = Path(__file__).parents[2] / "docs/experiments/conversion.csv"


def rows_of(name: str, folder: Path) -> list[dict]:
    system, rows = responsive(name), []
    for graph, export in (("model.onnx", export_network), ("end_to_end.onnx", export_end_to_end)):
        export(system, folder / graph, 64, 64)
        own, row = answer(folder / graph, graph != "model.onnx"), {"system": name, "graph": graph}
        for kind, convert in CONVERTERS.items():
            try:
                convert(folder / graph, folder / "converted.onnx")
                made = answer(folder / "converted.onnx", graph != "model.onnx")
                row[kind] = f"{np.abs(made - own).max():.1e}"
            except ImportError:
                raise
            except Exception as error:  # a finding, whatever it is
                row[kind] = f"fails ({type(error).__name__})"
        rows.append(row)
    return rows


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    table = []
    for name in SYSTEMS:
        with tempfile.TemporaryDirectory() as folder:
            table += rows_of(name, Path(folder))
    write_rows(TABLE, table, list(table[0]))
    print(TABLE.read_text())
