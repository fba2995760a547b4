"""Score predictions against the ground truth, one row per image, region and metric."""

from lacuna.axes import WHOLE, columns_in
from lacuna.metrics.records import read_records, write_records
from lacuna.metrics.scoring import COLUMNS, score_rows
from lacuna.metrics.triples import paired_files

NUMBERS = ("coverage", "value")


def run(task) -> None:
    given = {"pairs": task.files("pairs"), "predictions": task.files("predictions"), "scores": task.outs("scores")}
    for settings, pairs, predictions, output in task.each_test_set(**given):
        columns = [*COLUMNS, *columns_in(settings)]
        if parts := [path for path in task.files("parts") if path.parent.name == output.stem]:
            number = write_records(output, read_records(parts), columns, NUMBERS, WHOLE)
            print(f"put {number} rows of {len(parts)} parts into {output}", flush=True)
            continue
        files = paired_files(pairs, predictions)[settings.get("start", 0) : settings.get("stop")]
        rows = score_rows(settings, files, task.backbones(), task.threads)
        number = write_records(output, rows, columns, NUMBERS, WHOLE)
        print(f"scored {len(files)} images, {number} rows, into {output}", flush=True)
