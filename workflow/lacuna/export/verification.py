"""The proof of an export: how far its graphs are from PyTorch, and every metric of what ONNX Runtime draws."""

import tempfile
from pathlib import Path

import onnxruntime
import torch
from PIL import Image

from lacuna.data.lists import read_list, read_truths, write_list
from lacuna.export.comparison import Comparison
from lacuna.export.record import trained_system
from lacuna.export.session import GraphFails
from lacuna.files import read_json, write_json
from lacuna.metrics.records import write_records
from lacuna.metrics.scoring import COLUMNS, score_rows
from lacuna.metrics.triples import Files, with_truths
from lacuna.nn.devices import choose_device

SCORES = "scores.parquet"


def verify_export(
    settings: dict,
    weights: str | Path,
    exported: str | Path,
    lists: list[Path],
    backbones: str | Path,
    gpus: int,
    threads: int,
    output: str | Path,
) -> dict:
    """Write `scores.parquet` beside `output`, then the parity to `output` as JSON; returns the parity.

    settings: `{label, source, system, settings, image_size, test_sets, metrics, images}`; `images` of each test set are
    used, evenly spaced over its list (null: all of them). exported: the record.json of the graphs. lists: one for each
    test set. The scores have the columns, and come of the code, of `lacuna score`. Graphs that are not there, or that
    ONNX Runtime cannot run, are `"verified": false` with the `reason`, and have no scores.
    """
    output, record, rows = Path(output), read_json(exported), list[dict]()
    parity = {"verified": False, "reason": record.get("reason")}
    if record["exported"]:
        system = trained_system(settings, weights, threads=threads)
        device = _in_full_precision(choose_device(gpus))
        with tempfile.TemporaryDirectory() as scratch:
            chosen = _chosen_lists(settings, lists, Path(scratch))
            try:
                comparison = Comparison(system, Path(exported).parent, device, threads)
                files = {name: _stored(comparison, path) for name, path in chosen.items()}
                parity = {"verified": True, **_parity(comparison, device, _firsts(chosen, Path(scratch)))}
            except GraphFails as error:
                parity["reason"] = str(error)
            else:
                for test_set, some in files.items():
                    names = {"system": settings["label"], "source": settings["source"], "test_set": test_set}
                    rows += score_rows(names | {"metrics": settings["metrics"]}, some, backbones, threads)
    write_records(output.parent / SCORES, rows, COLUMNS, ("coverage", "value"))
    write_json(output, parity)
    return parity


def _in_full_precision(device: torch.device) -> torch.device:
    """Convolutions on a GPU round to ten bits of mantissa unless told not to: that would be all that is measured."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return device


def _chosen_lists(settings: dict, lists: list[Path], scratch: Path) -> dict[str, Path]:
    """Test set → a list of the chosen pairs of its list."""
    chosen = {}
    for test_set, path in zip(settings["test_sets"], lists, strict=True):
        chosen[test_set] = scratch / f"{test_set}.txt"
        pairs, truths = (evenly_spaced(some, settings["images"]) for some in (read_list(path), read_truths(path)))
        write_list(chosen[test_set], pairs, truths)
    return chosen


def evenly_spaced(pairs: list, number: int | None) -> list:
    """`number` of the pairs, in order, from the middles of as many equal parts; all of them where there are no more."""
    if number is None or number >= len(pairs):
        return pairs
    return [pairs[(2 * part + 1) * len(pairs) // (2 * number)] for part in range(number)]


def _firsts(lists: dict[str, Path], scratch: Path) -> Path:
    """A list of the first pair of every list."""
    path = scratch / "firsts.list"
    write_list(path, [read_list(each)[0] for each in lists.values()])
    return path


def _stored(comparison: Comparison, list_path: Path) -> list[Files]:
    """The files of every pair with its raw prediction: ONNX Runtime's, in 8 bit as `lacuna step predict` stores it."""
    folder = list_path.with_suffix("")
    folder.mkdir()
    files = []
    for number, (pair, prediction) in enumerate(comparison.predictions(list_path)):
        path = folder / f"{number:04d}.png"
        Image.fromarray(prediction).save(path, compress_level=1)
        files.append((*pair, path))
    return with_truths(files, read_truths(list_path))


def _parity(comparison: Comparison, device: torch.device, firsts: Path) -> dict:
    return {
        "runtime": f"ONNX Runtime {onnxruntime.__version__}",
        "providers": comparison.providers,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "run_size": comparison.at_run_size.record(),
        "other_size": comparison.at_other_size(firsts),
        "end_to_end": comparison.end_to_end(firsts),
    }
