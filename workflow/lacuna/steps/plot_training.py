"""Draw losses and validation metrics against the step."""

from lacuna.reporting.curves import draw_curves


def run(task) -> None:
    draw_curves(task.settings, task.files("losses"), task.files("validation"), task.out("figure"))
