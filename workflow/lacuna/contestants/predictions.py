"""A folder of somebody else's predictions."""

from dataclasses import dataclass

from lacuna.keys import FilePath, key


@dataclass(frozen=True, kw_only=True)
class Keys:
    path: FilePath = key(
        "a folder of predictions, named as the staged images are (`0000.png`, …) and of the run's size; `{test_set}` "
        "stands for the test set"
    )


def pinned(entry: dict) -> list[str]:
    """None: the folder differs from test set to test set, and may be made later."""
    return []
