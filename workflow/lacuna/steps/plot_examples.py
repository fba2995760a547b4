"""Draw best, median and worst images of every system, and its failures."""

from lacuna.reporting.examples import draw_examples


def run(task) -> None:
    files = (task.files("scores"), task.files("predictions"))
    draw_examples(task.settings, *files, task.out("examples"), task.out("failures"))
