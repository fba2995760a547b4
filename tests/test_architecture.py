"""docs/architecture.md lists every module and folder of the package, and what each of them may import."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow" / "lacuna"
NAME = re.compile(r"`(\w+)(?:\.py|/)?`")


def units() -> set[str]:
    """Names of the modules and folders that the package consists of."""
    return {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def imported(unit: str) -> set[str]:
    """The other units that a module or folder imports, at the top of a file or inside a function."""
    path = PACKAGE / unit
    found = set()
    for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{file} imports from '.'; write the name whole"
                found |= {node.module} if node.module != "lacuna" else {f"lacuna.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("lacuna.")} & (units() - {unit})


def table() -> list[tuple[set[str], set[str]]]:
    """(units, units that these may import) of every row; what stands in brackets is a remark."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = text.partition("| module or folder |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = []
    for line in lines:
        first, *_, last = line.strip("| ").split(" | ")
        rows.append((set(NAME.findall(first)), set(NAME.findall(re.sub(r"\([^)]*\)", "", last)))))
    return rows


def test_every_module_and_folder_stands_in_the_table_once():
    listed = [name for names, _ in table() for name in names]
    assert sorted(listed) == sorted(units())


def test_the_table_names_exactly_what_is_imported():
    (basics, nothing), *rest = table()
    assert nothing == set() and all(imported(name) <= basics for name in basics)
    for names, allowed in rest:
        found = set().union(*map(imported, names)) - basics - names
        assert found == allowed, f"{sorted(names)} import {sorted(found)}, the table says {sorted(allowed)}"


def test_imports_in_functions_count():
    assert "adaptation" in imported("inpainting") and "systems" in imported("controls")
