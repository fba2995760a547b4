"""Commands that work on all test sets of a system at once: starting torch costs more than a small test set does."""

from collections.abc import Iterator, Sequence

from lacuna.errors import LacunaError


def each_test_set(settings: dict, **files: Sequence[str]) -> Iterator[tuple]:
    """For each of `settings["test_sets"]`: the settings with that `test_set` alone, and its file of every kind.

    `files` are named as the step names them. Another number of them than of test sets is a `LacunaError`.
    """
    settings = dict(settings)
    test_sets = settings.pop("test_sets")
    if any(len(given) != len(test_sets) for given in files.values()):
        numbers = ", ".join(f"{len(given)} {name}" for name, given in files.items())
        raise LacunaError(
            f"there are {len(test_sets)} test sets, but {numbers}; give one of each for every test set, in one order"
        )
    for test_set, *own in zip(test_sets, *files.values(), strict=True):
        yield ({**settings, "test_set": test_set}, *own)
