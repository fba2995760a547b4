"""Score a whole set of predictions against the true images, one row per prediction and metric."""

from lacuna.axes import WHOLE, columns_in
from lacuna.metrics.features import read_features
from lacuna.metrics.records import write_records
from lacuna.metrics.set_scoring import COLUMNS, NUMBERS, set_rows


def run(task) -> None:
    given = {"features": task.files("features"), "reference": task.files("reference"), "scores": task.outs("scores")}
    for settings, features, reference, output in task.each_test_set(**given):
        rows = set_rows(settings, read_features(features), read_features(reference))
        number = write_records(output, rows, [*COLUMNS, *columns_in(settings)], NUMBERS, WHOLE)
        print(f"{number} scores of sets, into {output}", flush=True)
