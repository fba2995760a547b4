"""Draw a test set's grid: input, every system and ground truth."""

from lacuna.reporting.qualitative import draw_grid


def run(task) -> None:
    draw_grid(task.settings, task.file("pairs"), task.files("predictions"), task.out("figure"))
