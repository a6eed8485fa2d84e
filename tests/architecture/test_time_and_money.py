"""Rules 1 and 7: the present time has one source, and no amount of money ever meets a float."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from architecture.source_tree import Module, dotted, names_in, sample, shop, violations

TELLS_THE_TIME: Final = {
    "vivr.clock": "the one source",
    "vivr.cli.doctor": "it compares the machine's clock with the database server's",
    "vivr.demo.mail_folder": "the name of a file, so that mails of one second stay apart",
}
TAKES_FLOATS: Final = {
    "vivr.catalogue.drawings": "lengths in a drawing",
    "vivr.catalogue.pictures": "widths and heights in pixels",
    "vivr.cli": "seconds of waiting",
    "vivr.demo": "seconds of waiting",
    "vivr.translate": "weights of an Accept-Language header",
}
"""Rooms that make or divide floats, each with what they stand for; none of it is money."""

TAKES_DECIMALS: Final = {
    "vivr.money": "where text is parsed or shown",
    "vivr.catalogue.shopify_cells": "weights in a product file, read exactly before they are grams",
}

_PRESENT: Final = re.compile(r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime)")
_ROUNDINGS: Final = {"round", "math.floor", "math.ceil"}
_MONEY: Final = re.compile(
    r"(.*_)?(minor|amount|amounts|price|prices|total|subtotal|money|shipping|discount|gross|net)"
)


def presents(module: Module) -> Iterator[str]:
    if module.name in TELLS_THE_TIME:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _PRESENT.fullmatch(dotted(node.func)):
            yield module.at(node, f"{dotted(node.func)}(): the time comes from a Clock")


def floats(module: Module) -> Iterator[str]:
    is_exempt = any(f"{module.name}.".startswith(f"{place}.") for place in TAKES_FLOATS)
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name("float")) if not is_exempt:
                yield module.at(node, "float() here: money is never one")
            case ast.BinOp(left, ast.Div(), right) if _is_money(left, right):
                yield module.at(node, f"{ast.unparse(node)} makes a float of money: use allocate or round_half_up")
            case ast.BinOp(left, _, right) if _is_float(left, right) and _is_money(left, right):
                yield module.at(node, f"{ast.unparse(node)} mixes money and a float")
            case ast.Call() if dotted(node.func) in _ROUNDINGS and _is_money(*node.args):
                if module.name not in TAKES_DECIMALS:
                    yield module.at(node, f"{ast.unparse(node)}: money is rounded by round_half_up alone")
            case _:
                pass


def decimals(module: Module) -> Iterator[str]:
    if module.name in TAKES_DECIMALS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Decimal":
            yield module.at(node, "Decimal only where text is parsed or shown")


def float_annotations(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        target = node.arg if isinstance(node, ast.arg) else None
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            target = node.target.id
        annotation = node.annotation if isinstance(node, ast.arg | ast.AnnAssign) else None
        if target and _MONEY.fullmatch(target) and "float" in names_in(annotation):
            yield module.at(node, f"{target} is money and no float")


def _is_float(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, float) for node in nodes)


def _is_money(*nodes: ast.expr) -> bool:
    return any(_MONEY.fullmatch(name) for node in nodes for name in names_in(node) if not name.isupper())


def test_the_time_comes_from_a_clock() -> None:
    assert violations(presents, shop()) == []


def test_money_meets_no_float() -> None:
    assert violations(floats, shop()) == []
    assert violations(float_annotations, shop()) == []


def test_decimals_stay_at_the_edges() -> None:
    assert violations(decimals, shop()) == []


def test_every_exemption_is_still_needed() -> None:
    names = {module.name for module in shop()}
    assert {*TELLS_THE_TIME, *TAKES_FLOATS, *TAKES_DECIMALS} <= names


@pytest.mark.parametrize(
    "broken", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "time.time_ns()"]
)
def test_a_second_clock_is_caught(broken: str) -> None:
    assert list(presents(sample(broken))) != []


@pytest.mark.parametrize(
    "broken",
    [
        "float(text)",
        "total_minor / 100",
        "order.amount / lines",
        "price * 1.2",
        "0.5 + shipping_minor",
        "round(net * rate)",
        "math.ceil(total_minor)",
    ],
)
def test_a_float_of_money_is_caught(broken: str) -> None:
    assert list(floats(sample(broken))) != []


@pytest.mark.parametrize("broken", ["def f(amount_minor: float): ...", "class Line:\n    price: float | None"])
def test_money_declared_as_a_float_is_caught(broken: str) -> None:
    assert list(float_annotations(sample(broken))) != []


def test_a_decimal_in_the_middle_is_caught() -> None:
    assert list(decimals(sample("Decimal('1.20')"))) != []
