"""Draw the mean ranks of the systems with their critical difference."""

from lacuna.reporting.ranks import draw_ranks


def run(task) -> None:
    draw_ranks(task.settings, task.files("scores"), task.out("figure"))
