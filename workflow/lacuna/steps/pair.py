"""Pair an image set with a mask set: write a list of image<TAB>mask."""

from lacuna.cells import printable
from lacuna.data.lists import write_list
from lacuna.data.pairing import pair


def run(task) -> None:
    pairs, notes = pair(task.settings, task.file("images"), task.file("masks"))
    write_list(task.out("list"), pairs)
    for note in notes:
        print(f"warning: {printable(note)}")
    print(f"{task.out('list')}: {len(pairs)} pairs ({task.settings['mode']})")
