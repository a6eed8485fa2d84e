"""The source as the rules read it: every module parsed once, and the questions that several rules ask of it."""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of Python: its dotted name, its path below the repository, its text and its tree."""

    name: str
    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST, problem: str) -> str:
        """One violation, as a person can click on it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {problem}"


@dataclass(frozen=True)
class Import:
    """One import: the imported module, or the name in it that is no module."""

    module: str
    name: str | None
    node: ast.stmt


Rule = Callable[[Module], Iterable[str]]


@cache
def python_files(folder: str) -> tuple[Module, ...]:
    """All Python files below a folder of the repository, in order."""
    base = ROOT / folder
    return tuple(_read(path, base) for path in sorted(base.rglob("*.py")))


def shop() -> tuple[Module, ...]:
    """All modules of the shop."""
    return tuple(module for module in python_files("src") if module.name.startswith("vivr"))


def sandbox() -> tuple[Module, ...]:
    """All modules of the local Stripe."""
    return tuple(module for module in python_files("src") if module.name.startswith("stripe_sandbox"))


def sample(text: str, name: str = "vivr.orders.sample") -> Module:
    """A made-up module, to show that a rule catches what it forbids."""
    return Module(name, f"sample/{name}.py", text, ast.parse(text))


def violations(rule: Rule, modules: Sequence[Module]) -> list[str]:
    """What a rule finds in the modules; a rule that is given nothing to read proves nothing."""
    assert modules, "the rule looks at no module"
    return [found for module in modules for found in rule(module)]


def functions(tree: ast.AST) -> Iterator[Function]:
    """All functions and methods, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function itself, without what its nested functions and classes hold."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def parameters(function: Function) -> list[ast.arg]:
    """All parameters that have a name."""
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def names_in(node: ast.AST | None) -> set[str]:
    """The names and attributes that an expression or an annotation mentions; a quoted annotation counts."""
    if node is None:
        return set()
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isprintable():
            try:
                found |= names_in(ast.parse(part.value, mode="eval").body)
            except SyntaxError:
                continue
    return found


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a name or an attribute; the empty text for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def docstrings(tree: ast.Module) -> set[ast.Constant]:
    """The constants that are docstrings: of the module, its classes and functions, and under attributes."""
    found: set[ast.Constant] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found.add(node.value)
    return found


def texts(module: Module) -> Iterator[ast.Constant]:
    """All string constants that are no docstrings."""
    explained = docstrings(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in explained:
            yield node


def imports(module: Module, known: frozenset[str]) -> Iterator[Import]:
    """All imports, those inside functions too; ``from a import b`` is a module where ``a.b`` is a known one."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.name.split(".")[: -node.level]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield Import(whole, None, node) if whole in known else Import(base, alias.name, node)


def module_names() -> frozenset[str]:
    """The names of all modules under ``src``."""
    return frozenset(module.name for module in python_files("src"))


def _read(path: Path, base: Path) -> Module:
    parts = list(path.relative_to(base).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    text = path.read_text("utf-8")
    return Module(".".join(parts), str(path.relative_to(ROOT)), text, ast.parse(text, filename=str(path)))
