"""Describe the holes of test sets: what may make each of them hard to fill."""

from lacuna.data.images import read_image, read_mask
from lacuna.data.lists import read_list
from lacuna.files import write_rows
from lacuna.metrics.difficulty import difficulty
from lacuna.metrics.factors import FACTORS


def run(task) -> None:
    """One file a test set, in the order of the lists."""
    for path, output in zip(task.files("pairs"), task.outs("holes"), strict=True):
        rows = []
        for pair in read_list(path):
            found = difficulty(read_image(pair.image), read_mask(pair.mask))
            rows.append(pair._asdict() | {name: repr(value) for name, value in found.items()})
        write_rows(output, rows, ["image", "mask", *FACTORS])
        print(f"described {len(rows)} holes, into {output}")
