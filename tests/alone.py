"""Tests that measure time have the machine to themselves: while one runs, the other workers start no test."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest


class Turns:
    """Many tests at once, or one alone: locks on two files in a folder that all workers share.

    Whoever wants in passes the door first; a test that wants to be alone keeps the door shut while it waits for the
    room to become empty, so that it is not passed over for ever.
    """

    def __init__(self, folder: Path):
        self._door, self._room = ((folder / name).open("w") for name in ("door.lock", "room.lock"))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Wait until nobody is alone; be there, with whoever comes, for the length of the block."""
        self._enter(fcntl.LOCK_SH)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within `together`: wait until everybody else has left, and keep them out for the length of the block."""
        self._enter(fcntl.LOCK_EX)
        yield
        self._enter(fcntl.LOCK_SH)

    def _leave(self) -> None:
        fcntl.flock(self._room, fcntl.LOCK_UN)

    def _enter(self, how: int) -> None:
        self._leave()
        fcntl.flock(self._door, how)
        fcntl.flock(self._room, how)
        fcntl.flock(self._door, fcntl.LOCK_UN)


TURNS = pytest.StashKey[Turns]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TURNS] = Turns(config.cache.mkdir("alone"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    with item.config.stash[TURNS].together():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    with item.config.stash[TURNS].alone() if item.get_closest_marker("alone") else nullcontext():
        return (yield)
