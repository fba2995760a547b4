"""Score predictions against the ground truth, one row per image, region and metric."""

from lacuna.metrics.records import read_records, write_records
from lacuna.metrics.scoring import COLUMNS, score_rows
from lacuna.metrics.triples import paired_files

NUMBERS = ("coverage", "value")


def run(task) -> None:
    given = {"pairs": task.files("pairs"), "predictions": task.files("predictions"), "scores": task.outs("scores")}
    for settings, pairs, predictions, output in task.each_test_set(**given):
        if parts := [path for path in task.files("parts") if path.parent.name == settings["test_set"]]:
            number = write_records(output, read_records(parts), COLUMNS, NUMBERS)
            print(f"put {number} rows of {len(parts)} parts into {output}", flush=True)
            continue
        files = paired_files(pairs, predictions)[settings.get("start", 0) : settings.get("stop")]
        rows = score_rows(settings, files, task.backbones(), task.threads)
        number = write_records(output, rows, COLUMNS, NUMBERS)
        print(f"scored {len(files)} images, {number} rows, into {output}", flush=True)
