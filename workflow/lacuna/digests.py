"""Which of our modules a job really uses, and a digest of their bytes.

Snakemake does not see edits to imported modules. The import graph is therefore followed here, from the text of the
files alone: nothing is executed, so this is fast enough for every start of Snakemake.
"""

import ast
from functools import cache
from pathlib import Path

from lacuna.canonical import digest

PACKAGE = Path(__file__).parent


def _file_of(module: str) -> Path | None:
    """The file of a dotted module name of ours, or None if there is no such module."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (base / "__init__.py", base.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of ours that a module names in import statements, inside functions too."""
    path = _file_of(module)
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = module if path.name == "__init__.py" else module.rpartition(".")[0]
                package = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
                origin = f"{package}.{node.module}" if node.module else package
            else:
                origin = node.module
            # `from package import name`: the name may itself be a module
            names.update({origin, *(f"{origin}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "import_all":
            names.update(_files_in_folder_of(module))
    return frozenset(name for name in names if name.split(".")[0] == PACKAGE.name and _file_of(name))


def _files_in_folder_of(module: str) -> set[str]:
    """The modules of a package that calls `lacuna.registry.import_all`: its files register themselves."""
    files = PACKAGE.joinpath(*module.split(".")[1:]).glob("*.py")
    return {f"{module}.{path.stem}" for path in files if path.stem != "__init__"}


def modules_used(roots: tuple[str, ...]) -> tuple[str, ...]:
    """All modules of ours reached by imports from `roots`, with the packages that contain them, sorted."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        waiting.extend(_imports(module))
        if "." in module:
            waiting.append(module.rpartition(".")[0])
    return tuple(sorted(found))


@cache
def code_digest(roots: tuple[str, ...]) -> str:
    """Digest of the bytes of every module reached from `roots`, and of the templates beside those modules."""
    parts: list[str | bytes] = []
    for module in modules_used(roots):
        path = _file_of(module)
        parts += [module, path.read_bytes()]
        for template in sorted(path.parent.glob(f"{path.stem}.*")):
            if template.suffix in {".html", ".css", ".js"}:
                parts += [template.name, template.read_bytes()]
    return digest(*parts)
