"""Tests that measure time have the machine to themselves: while one runs, the other workers start no test."""

import fcntl
from pathlib import Path

import pytest


class Turns:
    """Many tests at once, or one alone: locks on two files in a folder that all workers share.

    Whoever wants in passes the door first; a test that wants to be alone keeps the door shut while it waits for the
    room to become empty, so that it is not passed over for ever.
    """

    def __init__(self, folder: Path):
        self._door, self._room = ((folder / name).open("w") for name in ("door.lock", "room.lock"))

    def together(self) -> None:
        """Wait until nobody is alone, then enter."""
        self._enter(fcntl.LOCK_SH)

    def alone(self) -> None:
        """Wait until everybody else has left, and keep them out."""
        self._enter(fcntl.LOCK_EX)

    def leave(self) -> None:
        fcntl.flock(self._room, fcntl.LOCK_UN)

    def _enter(self, how: int) -> None:
        self.leave()
        fcntl.flock(self._door, how)
        fcntl.flock(self._room, how)
        fcntl.flock(self._door, fcntl.LOCK_UN)


TURNS = pytest.StashKey[Turns]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TURNS] = Turns(config.cache.mkdir("alone"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    turns = item.config.stash[TURNS]
    turns.together()
    try:
        return (yield)
    finally:
        turns.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    if item.get_closest_marker("alone") is None:
        return (yield)
    turns = item.config.stash[TURNS]
    turns.alone()
    try:
        return (yield)
    finally:
        turns.together()
