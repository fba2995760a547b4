"""Pair an image set with a mask set: write a list of image<TAB>mask."""

from lacuna.data.lists import write_list
from lacuna.data.pairing import pair


def run(task) -> None:
    pairs = pair(task.settings, task.file("images"), task.file("masks"))
    write_list(task.out("list"), pairs)
    print(f"{task.out('list')}: {len(pairs)} pairs ({task.settings['mode']})")
