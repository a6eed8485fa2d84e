"""Rule 9: functions of 70 lines at most, files of 400, units last; source and tests alike."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from architecture.source_tree import (
    ROOT,
    Module,
    functions,
    names_in,
    parameters,
    python_files,
    sample,
    violations,
)

FUNCTION_LINES_MAX: Final = 70
FILE_LINES_MAX: Final = 400
FOLDERS: Final = ("src", "tests", "benchmarks", "examples")

FOREIGN_SHAPES: Final = {
    "stripe_sandbox": "Stripe's own field names",
    "vivr.stripe_gateway.objects": "Stripe's own field names",
    "vivr.web.api": "the HTTP contract's names: integers of minor units beside a currency",
}
"""Where fields are named by somebody else, each with its reason."""

_UNITLESS: Final = re.compile(
    r"(.*_)?(timeout|delay|pause|interval|duration|amount|price|subtotal|lifetime|age|wait)(_max|_min)?"
)


def everything() -> list[Module]:
    return [module for folder in FOLDERS for module in python_files(folder)]


def long_functions(module: Module) -> Iterator[str]:
    for function in functions(module.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield module.at(function, f"{function.name} has {lines} lines")


def long_files(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{module.path}: {lines} lines"


def unnamed_units(module: Module) -> Iterator[str]:
    """Numbers of seconds or minor units whose name does not say so."""
    if any(f"{module.name}.".startswith(f"{place}.") for place in FOREIGN_SHAPES):
        return
    declared: list[tuple[ast.AST, str, ast.expr | None]] = [
        (parameter, parameter.arg, parameter.annotation)
        for function in functions(module.tree)
        for parameter in parameters(function)
    ]
    declared += [
        (node, node.target.id, node.annotation)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    for node, name, annotation in declared:
        if names_in(annotation) & {"int", "float"} and _UNITLESS.fullmatch(name.lower()):
            yield module.at(node, f"{name} does not say its unit (timeout_s, amount_minor)")


def long_texts(folder: Path) -> list[str]:
    """Files of other kinds that are read and reviewed like source."""
    files = [path for path in folder.rglob("*") if path.suffix in {".sql", ".js", ".css", ".html", ".sh"}]
    return [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in sorted(files)
        if path.name != "schema.sql" and (lines := path.read_text("utf-8").count("\n")) > FILE_LINES_MAX
    ]


def test_functions_are_short() -> None:
    assert violations(long_functions, everything()) == []


def test_files_are_short() -> None:
    assert violations(long_files, everything()) == []
    assert long_texts(ROOT / "src") == []


def test_numbers_say_their_unit() -> None:
    assert violations(unnamed_units, python_files("src")) == []


def test_a_long_function_is_caught() -> None:
    body = "    x = 1\n"
    assert list(long_functions(sample("def f():\n" + body * 70))) == ["sample/vivr.orders.sample.py:1: f has 71 lines"]
    assert list(long_functions(sample("def f():\n" + body * 69))) == []


def test_a_long_file_is_caught() -> None:
    assert list(long_files(sample("x = 1\n" * 401))) != []
    assert list(long_files(sample("x = 1\n" * 400))) == []


@pytest.mark.parametrize(
    "broken",
    [
        "def f(timeout: float): ...",
        "def f(*, amount: int | None = None): ...",
        "class Order:\n    shipping_amount: int",
        "RETRY_DELAY: Final[float] = 3",
    ],
)
def test_a_number_without_unit_is_caught(broken: str) -> None:
    assert list(unnamed_units(sample(broken))) != []


def test_a_number_with_its_unit_passes() -> None:
    text = "def f(timeout_s: float, amount_minor: int, amount: Money, delay: timedelta, pages: int): ..."
    assert list(unnamed_units(sample(text))) == []
