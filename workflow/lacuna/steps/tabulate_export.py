"""Derive the tables of the exported networks: what they are, how equal, and their metrics in ONNX Runtime."""

from lacuna.reporting.aggregation import write_table
from lacuna.reporting.export import export_rows, metric_rows


def run(task) -> None:
    settings, parity = task.settings, task.files("parity")
    rows = export_rows(parity, settings["without"])
    metrics = metric_rows(parity, task.files("scores"), settings["metrics"])
    write_table(task.out("export"), rows)
    write_table(task.out("metrics"), metrics)
    print(f"{(rows['exported'] == 'yes').sum()} of {len(rows)} exported, {len(metrics)} means")
