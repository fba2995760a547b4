"""What git knows about the code, where there is a git and a repository."""

import subprocess
from functools import cache
from pathlib import Path

from lacuna.places import IN_WHEEL

HERE = Path(__file__).parent


def _git(*arguments: str) -> str:
    if IN_WHEEL.is_dir():
        return ""  # a repository around an installed package is somebody else's
    try:
        done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit() -> str:
    """The commit that is checked out, `-dirty` with changes; empty if git knows none."""
    return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def described() -> str:
    """A name of the commit for people: its nearest tag, or a short hash; empty if git knows none."""
    return _git("describe", "--always", "--dirty")


@cache  # a check of a whole run asks hundreds of times about the same few files
def commits_since(commit: str, path: Path) -> tuple[str, ...]:
    """`hash subject` of the commits after `commit` that touched a file, the newest first; and changes not committed."""
    known = commit.removesuffix("-dirty")
    found = _git("log", "--format=%h %s", f"{known}..HEAD", "--", str(path)).splitlines() if known else []
    uncommitted = _git("status", "--porcelain", "--", str(path))
    return (*(["changes that are not committed"] if uncommitted else []), *found)
