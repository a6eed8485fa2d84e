"""Rule 7 in the source: no amount of money ever meets a float, and a room that nobody has listed is near money.

``test_money_columns`` looks at the database for it, and ``exact_money`` at all that a test run sends and reads; here it
is shown that it sees them.
"""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from psycopg.types.json import Json

from architecture.source_tree import Module, dotted, names_in, sample, shop, violations
from vivr.database import Database, Sql
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest
from watching import WatchedRules

FAR_FROM_MONEY: Final = {
    "vivr.catalogue.drawings": "lengths in a drawing",
    "vivr.catalogue.images": "folders",
    "vivr.catalogue.pictures": "folders; widths and heights in pixels",
    "vivr.catalogue.public_fetch": "seconds of waiting",
    "vivr.cli.catalogue": "folders",
    "vivr.cli.doctor": "how far two clocks are apart",
    "vivr.cli.environment": "seconds of waiting",
    "vivr.clock": "by how much a test moves its clock",
    "vivr.demo": "folders, seconds of waiting",
    "vivr.disputes.draw_document": "folders of fonts",
    "vivr.email.send_message": "seconds of waiting",
    "vivr.embedded_postgres": "folders, seconds of waiting",
    "vivr.migrate": "folders",
    "vivr.rate_limits.limiter": "seconds of waiting",
    "vivr.settings.reading": "how alike two names are",
    "vivr.stripe_gateway.breaker": "seconds, and the share of calls that failed",
    "vivr.stripe_gateway.gateway": "seconds of waiting",
    "vivr.stripe_gateway.metrics": "seconds that a call took",
    "vivr.stripe_gateway.retries": "seconds of waiting, and how many repeats are left",
    "vivr.stripe_gateway.traffic": "seconds of waiting",
    "vivr.stripe_gateway.turns": "seconds of waiting",
    "vivr.translate": "folders; weights of an Accept-Language header",
    "vivr.web.assets": "folders",
    "vivr.web.delivery_protocol": "seconds of waiting",
    "vivr.web.front": "seconds that a request took",
    "vivr.web.gates": "seconds of waiting",
    "vivr.web.metrics": "seconds that a request took",
    "vivr.web.storefront.once": "seconds of waiting",
    "vivr.web.waiting_metrics": "seconds since something happened",
    "vivr.web.webhook": "seconds that a delivery took",
    "vivr.webhooks.wake_worker": "seconds of waiting",
    "vivr.worker": "seconds of waiting",
}
"""The only rooms and modules that may hold a float or divide by ``/``, each with what it stands for there."""

TAKES_DECIMALS: Final = {
    "vivr.money": "where text is parsed or shown",
    "vivr.catalogue.shopify_cells": "weights in a product file, read exactly before they are grams",
}

_ROUNDINGS: Final = {"round", "math.floor", "math.ceil"}
_MONEY: Final = re.compile(
    r"(.*_)?(minor|amount|amounts|price|prices|total|subtotal|money|shipping|discount|gross|net)"
)


def is_far(module: Module) -> bool:
    return any(f"{module.name}.".startswith(f"{place}.") for place in FAR_FROM_MONEY)


def floats_near_money(module: Module) -> Iterator[str]:
    if is_far(module):
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Name("float") | ast.Constant(float()):
                yield module.at(node, f"{ast.unparse(node)} near money, or list the module as far from it")
            case ast.BinOp(_, ast.Div(), _) | ast.AugAssign(_, ast.Div(), _):
                yield module.at(node, f"{ast.unparse(node)} makes a float near money: use allocate or round_half_up")
            case ast.Call(func) if dotted(func) in _ROUNDINGS and module.name not in TAKES_DECIMALS:
                yield module.at(node, f"{ast.unparse(node)}: money is rounded by round_half_up alone")
            case _:
                pass


def floats_of_money(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        match node:
            case ast.BinOp(left, ast.Div(), right) if _is_money(left, right):
                yield module.at(node, f"{ast.unparse(node)} makes a float of money: use allocate or round_half_up")
            case ast.BinOp(left, _, right) if _is_float(left, right) and _is_money(left, right):
                yield module.at(node, f"{ast.unparse(node)} mixes money and a float")
            case ast.Call(ast.Name("float"), [value]) if _is_money(value):
                yield module.at(node, f"{ast.unparse(node)} makes a float of money")
            case ast.Call() if dotted(node.func) in _ROUNDINGS and _is_money(*node.args):
                if module.name not in TAKES_DECIMALS:
                    yield module.at(node, f"{ast.unparse(node)}: money is rounded by round_half_up alone")
            case ast.arg(name, annotation) | ast.AnnAssign(ast.Name(name), annotation):
                if _MONEY.fullmatch(name) and "float" in names_in(annotation):
                    yield module.at(node, f"{name} is money and no float")
            case _:
                pass


def decimals(module: Module) -> Iterator[str]:
    if module.name in TAKES_DECIMALS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Decimal":
            yield module.at(node, "Decimal only where text is parsed or shown")


def _is_float(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, float) for node in nodes)


def _is_money(*nodes: ast.expr) -> bool:
    return any(_MONEY.fullmatch(name) for node in nodes for name in names_in(node) if not name.isupper())


def test_no_module_near_money_holds_a_float() -> None:
    assert violations(floats_near_money, shop()) == []


def test_money_meets_no_float_anywhere() -> None:
    assert violations(floats_of_money, shop()) == []


def test_decimals_stay_at_the_edges() -> None:
    assert violations(decimals, shop()) == []


def test_every_exemption_is_still_needed() -> None:
    modules = {module.name: module for module in shop()}
    assert {*TAKES_DECIMALS} <= {*modules}
    for place in FAR_FROM_MONEY:
        below = [module for name, module in modules.items() if f"{name}.".startswith(f"{place}.")]
        renamed = [Module("vivr.orders.sample", module.path, module.text, module.tree) for module in below]
        assert any(list(floats_near_money(module)) for module in renamed), place


@pytest.mark.parametrize(
    "broken",
    ["SHARE = 0.2", "half = total // 2 / 1", "x /= 2", "def f(share: float): ...", "float(text)", "round(x)"],
)
def test_a_float_in_a_room_that_nobody_listed_is_caught(broken: str) -> None:
    assert list(floats_near_money(sample(broken, "vivr.loyalty.model"))) != []


@pytest.mark.parametrize(
    "broken",
    [
        "float(total_minor)",
        "total_minor / 100",
        "order.amount / lines",
        "price * 1.2",
        "0.5 + shipping_minor",
        "round(net * rate)",
        "math.ceil(total_minor)",
        "def f(amount_minor: float): ...",
        "class Line:\n    price: float | None",
    ],
)
def test_a_float_of_money_is_caught_far_from_money_too(broken: str) -> None:
    assert list(floats_of_money(sample(broken, "vivr.worker.run"))) != []


def test_a_decimal_in_the_middle_is_caught() -> None:
    assert list(decimals(sample("Decimal('1.20')"))) != []


async def test_a_float_that_reaches_the_database_or_comes_from_it_is_seen(
    database: Database, watched: WatchedRules
) -> None:
    planted = Sql("planted", "Broken on purpose.", "SELECT %(amount)s::numeric WHERE %(rows)s::jsonb IS NOT NULL")
    async with database.transaction("planted") as tx:
        await tx.value(planted, Decimal, amount=12.5, rows=Json([{"unit": 0.5}, {"unit": 1}]))
    assert watched.new_complaints() == [
        "planted: amount is 12.5, a float",
        "planted: rows.unit is 0.5, a float",
        "planted: value is Decimal('12.5'), a Decimal",
    ]


async def test_a_float_that_is_sent_to_stripe_is_seen(watched: WatchedRules) -> None:
    stripe = Stripe("sk_test_nobody", api_base="http://127.0.0.1:9", max_retries=0)
    parameters: Any = {"line_items": [{"price_data": {"unit_amount": 24.9}}]}
    await stripe.send(StripeRequest("/v1/checkout/sessions", parameters), idempotency_key="planted")
    await stripe.close()
    assert watched.new_complaints() == [
        "POST /v1/checkout/sessions: line_items.price_data.unit_amount is 24.9, a float"
    ]
