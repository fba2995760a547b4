"""Train one system on one source."""

from lacuna.training.loop import train


def run(task) -> None:
    lists = (task.file("train"), task.file("validation"))
    initial = next(iter(task.files("initial")), None)
    train(task.settings, *lists, task.backbones(), task.gpus, task.threads, task.out("weights"), initial)
