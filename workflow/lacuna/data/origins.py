"""Photographs before any cropping. Each photograph is one origin, whatever kind of source it comes from."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Origin:
    """One photograph before any cropping."""

    name: str
    """Where it is: a name relative to the folder, or `module:path`, with `[i]` for an item of an array."""
    sha256: str
    """Digest of its content, which decides its order, its share and its seeds. Names decide nothing."""
    place: str
    """What its source's `read` finds it by."""
    path: Path
    """The file that holds it."""


@dataclass(frozen=True)
class PassedOver:
    """A file of a source that is no photograph of the set."""

    name: str
    reason: str


@dataclass(frozen=True)
class Photographs:
    """What a source holds."""

    listed: Iterable[Origin | PassedOver]
    """Gone through once, in the source's order, so that a large source is never held in memory as a whole."""
    read: Callable[[str], tuple["Image.Image", bool]]
    """`Origin.place` → what `decoding.decode` returns, or raises one of `decoding.UNREADABLE`. Threads may call it,
    and copies of this process."""

    def origins(self) -> Iterator[Origin]:
        """The photographs alone."""
        return (each for each in self.listed if isinstance(each, Origin))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(number: int | None = None) -> ThreadPoolExecutor:
    """So many threads, or as many as there are cores for us; Pillow and hashlib leave Python's lock while they work."""
    return ThreadPoolExecutor(number or cores())
