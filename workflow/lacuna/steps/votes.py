"""Make the page that asks which of two fills is better, and the key that says whose they are."""

from lacuna.reporting.votes.page import make_ballot


def run(task) -> None:
    folder, key = task.out("folder"), task.out("key")
    number = make_ballot(task.settings, task.files("predictions"), folder, key)
    print(f"{folder}: {number} questions; the key is {key}")
