"""``docs/complaints.md``: every complaint is there, and every test that it names is a test."""

import ast
import re
from typing import Final

import pytest

from architecture.source_tree import ROOT, python_files

COMPLAINTS: Final = 28
OPEN: Final = {"27": "invoices"}
"""Complaints that no test answers, each with what is not built yet."""

_ROW: Final = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_THREAD: Final = re.compile(r"#\d+")


def rows(text: str) -> dict[str, tuple[str, str, str]]:
    """Complaint, answer and tests by number."""
    return {number: (complaint, answer, shown) for number, complaint, answer, shown in _ROW.findall(text)}


def problems(text: str, tests: set[tuple[str, str]]) -> list[str]:
    """What is wrong with the table."""
    found = rows(text)
    wrong = [f"no row {number}" for number in map(str, range(1, COMPLAINTS + 1)) if number not in found]
    for number, (complaint, _, shown) in found.items():
        named = TEST.findall(shown)
        if not named and number not in OPEN:
            wrong.append(f"{number} names no test")
        if not _THREAD.search(complaint):
            wrong.append(f"{number} names no thread")
        wrong += [
            f"{number} names {path}::{name}, which is no test" for path, name in named if (path, name) not in tests
        ]
    return wrong


def all_tests() -> set[tuple[str, str]]:
    """Every test function, by its file."""
    return {
        (module.path, node.name)
        for module in python_files("tests")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def document() -> str:
    return (ROOT / "docs" / "complaints.md").read_text("utf-8")


def test_every_complaint_has_its_answer_and_its_tests() -> None:
    assert problems(document(), all_tests()) == []
    assert list(rows(document())) == [str(number) for number in range(1, COMPLAINTS + 1)]


@pytest.mark.parametrize(
    "broken",
    [
        ("::test_an_order_has_one_open_payment", "::test_that_nobody_wrote"),
        ("| 28 |", "| 29 |"),
        ("saleor/saleor#19220", "saleor"),
        ("`tests/flows/test_refunds.py::test_refunds_made_at_stripe_are_booked_once`", "somewhere"),
    ],
)
def test_a_hole_in_the_table_is_caught(broken: tuple[str, str]) -> None:
    assert broken[0] in document()
    assert problems(document().replace(*broken), all_tests()) != []
