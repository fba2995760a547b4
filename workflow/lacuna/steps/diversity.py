"""Measure how much the samples of every hole differ, one row an image."""

from lacuna.axes import WHOLE, columns_in
from lacuna.data.compositing import composite_picture
from lacuna.metrics.diversity import diversity
from lacuna.metrics.records import write_records
from lacuna.metrics.triples import paired_files, read_triple
from lacuna.nn.devices import make_deterministic

COLUMNS = ["source", "test_set", "system", "image", "mask", "coverage", "samples", "value"]


def run(task) -> None:
    """`predictions` are those of all samples of the first test set, then of the second, and so on."""
    make_deterministic(task.threads)
    samples, indexes = task.settings["samples"], task.files("predictions")
    of_sets = [indexes[start : start + samples] for start in range(0, len(indexes), samples)]
    given = {"pairs": task.files("pairs"), "predictions": of_sets, "rows": task.outs("diversity")}
    for settings, pairs, predictions, output in task.each_test_set(**given):
        names = {key: settings[key] for key in ("source", "test_set", "system")} | settings.get("columns", {})
        rows = (
            {**names, **row} for row in _rows([paired_files(pairs, index) for index in predictions], task.backbones())
        )
        columns = [*COLUMNS, *columns_in(settings)]
        number = write_records(output, rows, columns, ("coverage", "value"), (*WHOLE, "samples"))
        print(f"compared {samples} samples of {number} images, into {output}", flush=True)


def _rows(samples: list, backbones):
    """Of every image with a hole; samples: the files of each sample, in the order of the images."""
    for files in zip(*samples, strict=True):
        triples = [read_triple(each) for each in files]
        hole, image = triples[0].hole, triples[0].image
        if not hole.any():
            continue
        composites = [composite_picture(each.prediction, image, hole) for each in triples]
        yield {
            "image": files[0][0],
            "mask": files[0][1],
            "coverage": float(hole.mean()),
            "samples": len(composites),
            "value": diversity(composites, hole, backbones),
        }
