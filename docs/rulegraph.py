"""Write rules.md, the rules of the demonstration as Snakemake knows them: `python docs/rulegraph.py`."""

import subprocess
import sys
from pathlib import Path

import networkx as nx

from lacuna.reporting.rulegraph import parse_dot

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "rules.md"
TEXT = """# The rules

Which rule takes what another one makes, for `config/config.yaml`; arrows that a longer way implies are left out.
Written by `python docs/rulegraph.py` from `snakemake --rulegraph dot`; a test compares them. The report of every run
has the same drawing of its own config, and [architecture.md](architecture.md) says what the steps do.

```mermaid
flowchart LR
{arrows}
```
"""


def rules() -> nx.DiGraph:
    """The graph of the rules for the default config, whatever has been made already."""
    command = [sys.executable, "-m", "snakemake", "--nolock", "--forceall", "--rulegraph", "dot"]
    return parse_dot(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def page(graph: nx.DiGraph) -> str:
    """The document with the graph as Mermaid's text, which code hosts draw."""
    return TEXT.format(arrows="\n".join(f"    {start} --> {end}" for start, end in sorted(graph.edges)))


if __name__ == "__main__":
    PAGE.write_text(page(rules()))
