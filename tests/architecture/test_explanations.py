"""Rules 10 and 12: what a function raises is said, comments are sentences, a rule that is off has its reason."""

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import pytest

from architecture.source_tree import ROOT, Module, dotted, functions, own_nodes, sample, shop, violations
from vivr import errors

ERRORS: Final = {
    name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.VivrError)
}
"""What a caller may be refused with."""

RENDERS: Final = ("vivr.web", "vivr.cli", "vivr.demo")
"""Rooms that nobody calls for a value: what is raised there becomes an answer, and the tables of errors say which."""

EVERYWHERE: Final = {"PLC0415": "commands import what they need when they run, so that --help answers at once"}
"""Rules that a line in a command may break without saying why again."""

_OFF: Final = re.compile(r"# (?:noqa: |pyright: ignore\[)(?P<rules>\w+(?:, \w+)*)\]?(?P<reason> - \S.*)?")
_IGNORED: Final = re.compile(r'^\s*"(?P<rule>[A-Z]+\d+)",(?P<reason>[^\S\n]*# \S.*)?[^\S\n]*$', re.MULTILINE)
_IN_A_LINE: Final = re.compile(r'^"[^"]+" = \[(?P<rules>.*)\](?P<reason> # \S.*)?$', re.MULTILINE)
_HEADING_WORDS_MAX: Final = 6


def unsaid_errors(module: Module) -> Iterator[str]:
    """Errors that a public function raises itself, and whose docstring does not name them under ``Raises``."""
    if module.name.startswith(RENDERS):
        return
    for function in functions(module.tree):
        said = (ast.get_docstring(function) or "").partition("Raises:")[2]
        for node in own_nodes(function):
            if isinstance(node, ast.Raise) and node.exc is not None and not function.name.startswith("_"):
                kind = dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc).split(".")[-1]
                if kind in ERRORS and not re.search(rf"\b{kind}\b", said):
                    yield module.at(node, f"{function.name} raises {kind} and does not say so")


def fragments(module: Module) -> Iterator[str]:
    """Comments on lines of their own that are neither a heading of a few words nor a sentence."""
    blocks: dict[int, list[str]] = {}
    begun = 0
    for number, line in enumerate(module.text.splitlines(), start=1):
        text = line.strip()
        if not text.startswith("# ") or text.startswith("# ruff: "):
            begun = 0
            continue
        begun = begun or number
        blocks.setdefault(begun, []).append(text[2:])
    for number, lines in blocks.items():
        comment = " ".join(lines)
        if len(comment.split()) > _HEADING_WORDS_MAX and comment[-1] not in ".:;?!…)":
            yield f"{module.path}:{number}: no sentence: {comment[:60]}"


def unexplained_exceptions(module: Module) -> Iterator[str]:
    """Lines at which a rule of ruff or pyright is off, without a reason there or in a comment above."""
    lines = module.text.splitlines()
    for number, line in enumerate(lines):
        off = _OFF.search(line)
        if off is None or off["reason"] or set(off["rules"].split(", ")) <= set(EVERYWHERE):
            continue
        if not (number and lines[number - 1].strip().startswith("# ")):
            yield f"{module.path}:{number + 1}: {off['rules']} is off, and nobody says why"


def unexplained_ignores(text: str) -> list[str]:
    """Rules of ruff that the project leaves out without a reason beside them."""
    parts = text.partition("[tool.ruff.lint]")[2].partition("[tool.ruff.lint.pydocstyle]")[0]
    found = [match["rule"] for match in _IGNORED.finditer(parts) if not match["reason"]]
    return found + [match["rules"] for match in _IN_A_LINE.finditer(parts) if not match["reason"]]


def project() -> tuple[str, dict[str, Any]]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return text, tomllib.loads(text)["tool"]


def test_functions_say_what_they_raise() -> None:
    assert violations(unsaid_errors, shop()) == []


def test_comments_are_sentences() -> None:
    assert violations(fragments, shop()) == []


def test_a_rule_that_is_off_at_a_line_has_its_reason() -> None:
    assert violations(unexplained_exceptions, shop()) == []


def test_all_rules_are_on_but_those_with_a_reason() -> None:
    text, tools = project()
    assert tools["ruff"]["lint"]["select"] == ["ALL"]
    assert tools["basedpyright"]["typeCheckingMode"] == "strict"
    assert {"src", "tests"} <= {*tools["basedpyright"]["include"]}
    assert len(_IGNORED.findall(text)) > 20
    assert unexplained_ignores(text) == []


@pytest.mark.parametrize(
    "broken",
    [
        "def pay(): raise Conflict('order_changed')",
        'def pay():\n    """Pay.\n\n    Raises:\n        NotFound: none.\n    """\n    raise errors.Conflict("x")',
        'async def pay():\n    """Raises a Conflict."""\n    if True:\n        raise Conflict',
    ],
)
def test_an_error_that_nobody_announces_is_caught(broken: str) -> None:
    assert list(unsaid_errors(sample(broken))) != []


def test_a_fragment_is_caught_and_a_heading_is_none() -> None:
    assert list(fragments(sample("# because the other one was quicker than this\nx = 1"))) != []
    assert (
        list(fragments(sample("# Tax and shipping\nx = 1\n# Whoever comes last waits for all the others.\ny = 2")))
        == []
    )


@pytest.mark.parametrize("broken", ["x = 1  # noqa: S101", "x = 1  # pyright: ignore[reportAny]"])
def test_an_exception_without_a_reason_is_caught(broken: str) -> None:
    assert list(unexplained_exceptions(sample(broken))) != []
    assert list(unexplained_exceptions(sample(f"{broken} - the driver leaves it open"))) == []


def test_an_ignore_without_a_reason_is_caught() -> None:
    text, _ = project()
    assert unexplained_ignores(text.replace("# the formatter owns trailing commas", "", 1)) == ["COM812"]
    assert len(unexplained_ignores(text.replace('"tests/**" = [', '"demo/**" = ["T201"]\n"tests/**" = ['))) == 1
