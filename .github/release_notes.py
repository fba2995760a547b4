"""Print what CHANGELOG.md says of a tag's version: `python .github/release_notes.py v0.1.0`."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(tag: str) -> str:
    """The section of the tag's version. Exits with one sentence where tag, project and changelog do not agree."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        sys.exit(f"the tag is {tag}, but pyproject.toml has version {version}; tag v{version}, or change the version")
    section = re.search(
        rf"^## {re.escape(version)}( [^\n]*)?\n(.*?)(?=^## |\Z)",
        (ROOT / "CHANGELOG.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    if section is None:
        sys.exit(f"CHANGELOG.md has no section '## {version}'; write it first")
    if "not yet released" in (section[1] or ""):
        sys.exit(f"CHANGELOG.md says that {version} is not yet released; give it its date")
    return section[2].strip()


if __name__ == "__main__":
    print(notes(sys.argv[1]))
