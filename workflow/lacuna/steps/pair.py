"""Pair an image set with a mask set: write a list of image<TAB>mask, and of the truth where another set holds it."""

from lacuna.cells import printable
from lacuna.data.lists import write_list
from lacuna.data.pairing import pair, truths_for


def run(task) -> None:
    pairs, notes = pair(task.settings, task.file("images"), task.file("masks"))
    truths = [
        path for index in task.files("truths") for path in truths_for(task.settings, pairs, task.file("images"), index)
    ]
    write_list(task.out("list"), pairs, truths)
    for note in notes:
        print(f"warning: {printable(note)}")
    print(f"{task.out('list')}: {len(pairs)} pairs ({task.settings['mode']})")
