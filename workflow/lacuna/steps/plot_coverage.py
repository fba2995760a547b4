"""Draw every metric by mask coverage."""

from lacuna.reporting.coverage import draw_coverage


def run(task) -> None:
    draw_coverage(task.settings, task.files("scores"), task.out("figure"))
