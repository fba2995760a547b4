"""Draw quality against seconds per image, with the systems that nothing beats."""

from lacuna.reporting.cost import draw_cost


def run(task) -> None:
    draw_cost(task.settings, task.files("scores"), task.files("records"), task.out("figure"))
