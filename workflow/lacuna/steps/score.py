"""Score predictions against the ground truth, one row per image, region and metric."""

from lacuna.axes import WHOLE, columns_in
from lacuna.metrics.records import write_records
from lacuna.metrics.scoring import COLUMNS, score_rows
from lacuna.metrics.triples import paired_files


def run(task) -> None:
    given = {"pairs": task.files("pairs"), "predictions": task.files("predictions"), "scores": task.outs("scores")}
    for settings, pairs, predictions, output in task.each_test_set(**given):
        files = paired_files(pairs, predictions)
        rows = score_rows(settings, files, task.backbones(), task.threads)
        columns = [*COLUMNS, *columns_in(settings)]
        number = write_records(output, rows, columns, ("coverage", "value"), WHOLE)
        print(f"scored {len(files)} images, {number} rows, into {output}", flush=True)
