"""Photographs before any cropping. Each photograph is one origin, whatever kind of source it comes from."""

import os
from collections.abc import Callable
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
    read: Callable[[], tuple["Image.Image", bool]]
    """Returns what `decoding.decode` returns, or raises one of `decoding.UNREADABLE`."""
    path: Path
    """The file that holds it."""


def workers() -> ThreadPoolExecutor:
    """As many threads as there are cores for us; Pillow and hashlib leave Python's lock while they work."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)


def distinct(origins: list[Origin]) -> list[Origin]:
    """Of origins with equal contents only the first."""
    return list({origin.sha256: origin for origin in reversed(origins)}.values())[::-1]
