"""Which of our modules a job really uses, and a digest of what each of them means.

Snakemake does not see edits to imported modules. The import graph is therefore followed here, from the text of the
files alone: nothing is executed, so this is fast enough for every start of Snakemake. What a module means is its syntax
tree without what changes no behaviour (comments, formatting, docstrings, annotations, help texts), and the bytes of the
files that it reads from its own folder.
"""

import ast
import json
import re
from functools import cache
from pathlib import Path

from lacuna.canonical import canonical_json, digest
from lacuna.files import atomic

PACKAGE = Path(__file__).parent
# What was found in a file, under the hash of its bytes: a start parses only what has changed.
CACHE = Path(".snakemake/lacuna/syntax")

HELP_CALLS = {"ArgumentParser", "add_argument", "add_argument_group", "add_parser", "add_subparsers"}
HELP_WORDS = {"help", "description", "epilog", "metavar", "title"}
# Annotations that `dataclasses` obeys.
OBEYED = {"ClassVar", "InitVar", "KW_ONLY"}
# What may be part of a file's or folder's name that a module reads.
FILE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,99}")


def file_of(module: str) -> Path | None:
    """The file of a dotted module name of ours, or None if there is no such module."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (base / "__init__.py", base.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


class _Meaning(ast.NodeTransformer):
    """Takes out of a syntax tree what changes no behaviour."""

    def _without_docstring(self, node):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    visit_Module = visit_ClassDef = _without_docstring

    def visit_FunctionDef(self, node):
        node.returns = None
        return self._without_docstring(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        """The name stays (a dataclass makes a field of it), and so does an annotation that `dataclasses` obeys."""
        words = {each.id for each in ast.walk(node.annotation) if isinstance(each, ast.Name)}
        words |= {each.attr for each in ast.walk(node.annotation) if isinstance(each, ast.Attribute)}
        if not words & OBEYED:
            node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in HELP_CALLS:
            node.keywords = [each for each in node.keywords if each.arg not in HELP_WORDS]
        if name == "key":  # of `lacuna.keys`: what it means comes first
            node.args = [ast.Constant(None), *node.args[1:]]
            node.keywords = [each for each in node.keywords if each.arg != "shown"]
        return self.generic_visit(node)


def _dump(node: object) -> str:
    """A syntax tree as text, the same from every version of Python: `ast.dump` writes fields that newer ones have,
    empty or not, and leaves out others. What is empty or missing says nothing here.
    """
    if isinstance(node, list):
        return f"[{', '.join(map(_dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
    return f"{type(node).__name__}({', '.join(f'{name}={_dump(value)}' for name, value in fields)})"


def _imported(module: str, is_package: bool, tree: ast.Module) -> list[str]:
    """What a module names in import statements, inside functions too: modules, and names that may be modules."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = module if is_package else module.rpartition(".")[0]
                package = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
                origin = f"{package}.{node.module}" if node.module else package
            else:
                origin = str(node.module)  # only a relative import can lack it
            names.update({origin, *(f"{origin}.{alias.name}" for alias in node.names)})
    return sorted(name for name in names if name.split(".")[0] == PACKAGE.name)


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _facts(module: str, path: Path) -> dict:
    """What a module's text says: `digest` of its meaning, `imports`, `words` (texts that may name a file), and whether
    it imports its `whole_folder`, whose files register themselves.
    """
    data = path.read_bytes()
    remembered = CACHE / f"{digest(_own_version(), module, data)}.json"
    try:
        return json.loads(remembered.read_bytes())
    except (OSError, ValueError):
        pass  # a missing or broken cache only costs time
    tree = ast.parse(data, str(path))
    imports = _imported(module, path.name == "__init__.py", tree)
    tree = _Meaning().visit(tree)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    facts = {
        "digest": digest(_dump(tree)),
        "imports": imports,
        "whole_folder": any(_is_call_of(node, "import_all") for node in ast.walk(tree)),
        "words": sorted(text for text in texts if FILE_NAME.fullmatch(text)),
    }
    try:
        with atomic(remembered) as partial:
            partial.write_text(json.dumps(facts))
    except OSError:
        pass
    return facts


@cache
def _own_version() -> str:
    return digest(Path(__file__).read_bytes())


@cache
def _remembered_facts(module: str) -> dict:
    path = file_of(module)
    assert path, f"{module} is no module of Lacuna"
    return _facts(module, path)


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of ours that a module names in import statements, or imports as the files of its folder."""
    facts = _remembered_facts(module)
    names = {*facts["imports"], *(_files_in_folder_of(module) if facts["whole_folder"] else ())}
    return frozenset(name for name in names if file_of(name))


@cache
def static_files(module: str) -> tuple[Path, ...]:
    """The files that a module reads from its own folder: named like itself, or named in its text, folders whole."""
    path = file_of(module)
    assert path, f"{module} is no module of Lacuna"
    beside = {each for each in path.parent.glob(f"{path.stem}.*") if each.suffix in {".html", ".css", ".js"}}
    for word in _remembered_facts(module)["words"]:
        named = path.parent / word
        if named.is_dir() and not (named / "__init__.py").exists() and named.name not in {".", "..", "__pycache__"}:
            beside |= {each for each in named.rglob("*") if each.is_file() and "__pycache__" not in each.parts}
        elif named.is_file() and named.suffix != ".py":
            beside.add(named)
    return tuple(sorted(beside))


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
def module_digest(module: str) -> str:
    """Digest of the meaning of one module, and of the bytes of the files that it reads from its own folder."""
    parts: list[str | bytes] = [_remembered_facts(module)["digest"]]
    for path in static_files(module):
        parts += [path.name, path.read_bytes()]
    return digest(*parts)


@cache
def code_digests(roots: tuple[str, ...]) -> dict[str, str]:
    """Digest of every module reached from `roots`, by its name."""
    return {module: module_digest(module) for module in modules_used(roots)}


def code_digest(roots: tuple[str, ...]) -> str:
    """One digest of all modules reached from `roots`."""
    return digest(canonical_json(code_digests(roots)))
