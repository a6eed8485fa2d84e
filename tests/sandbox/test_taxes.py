"""Tax rates, inclusive and exclusive, to the cent."""

from typing import Any

import pytest

from sandbox.catalogue_shapes import TAX_RATE
from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send, told
from sandbox.shapes import differences

SESSIONS = "checkout/sessions"


def tax(shop: Shop, percentage: str, *, inclusive: bool, **form: str) -> str:
    wish = {"display_name": "TVA", "percentage": percentage, "inclusive": "true" if inclusive else "false"}
    return send(shop, "tax_rates", **wish, **form)["id"]


def line(amount: int, rates: list[str], quantity: int = 1) -> dict[str, Any]:
    price = {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Bol"}}
    return {"price_data": price, "quantity": quantity, "tax_rates": rates}


def opened(shop: Shop, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    made = shop.session(line_items=lines, **more)
    paths = "expand[]=line_items.data.taxes&expand[]=total_details.breakdown"
    return raw(shop, f"{SESSIONS}/{made.id}?{paths}")


def test_a_rate_is_made_changed_and_listed(shop: Shop) -> None:
    rate_id = tax(shop, "5.5", inclusive=True, country="FR", tax_type="vat")
    made = raw(shop, f"tax_rates/{rate_id}")
    assert differences(made, TAX_RATE) == []
    assert (made["percentage"], made["effective_percentage"], made["rate_type"]) == (5.5, 5.5, "percentage")
    changed = send(shop, f"tax_rates/{rate_id}", active="false", **{"metadata[a]": "b"})
    assert (changed["active"], changed["metadata"]) == (False, {"a": "b"})
    assert told(shop, "tax_rate.updated")[0]["previous_attributes"] == {"active": True, "metadata": {}}
    assert [row["id"] for row in raw(shop, "tax_rates?inclusive=true&active=false")["data"]] == [rate_id]
    assert refusal(shop, f"tax_rates/{rate_id}", percentage="6")[1:3] == ("parameter_unknown", "percentage")


@pytest.mark.parametrize(
    ("amount", "quantity", "inclusive", "on_top", "taxes", "total"),
    [
        (1000, 1, "20", None, [167], 1000),
        (999, 3, "5.5", None, [156], 2997),
        (1000, 1, None, "20", [200], 1200),
        (333, 1, None, "7.5", [25], 358),
        (1, 50, None, "1", [1], 51),
        (1200, 1, "20", "10", [200, 100], 1300),
        (1000, 1, None, "0", [0], 1000),
        (100000, 1, None, "8.8875", [8888], 108888),
    ],
)
def test_taxes_are_reckoned_per_line(
    shop: Shop, amount: int, quantity: int, inclusive: str | None, on_top: str | None, taxes: list[int], total: int
) -> None:
    rates = [tax(shop, rate, inclusive=kind) for rate, kind in ((inclusive, True), (on_top, False)) if rate]
    session = opened(shop, [line(amount, rates, quantity)])
    (item,) = session["line_items"]["data"]
    assert [part["amount"] for part in item["taxes"]] == taxes
    assert [part["rate"]["id"] for part in item["taxes"]] == rates
    assert (item["amount_subtotal"], item["amount_tax"], item["amount_total"]) == (amount * quantity, sum(taxes), total)
    assert (session["amount_total"], session["total_details"]["amount_tax"]) == (total, sum(taxes))


def test_a_tax_is_reckoned_on_what_the_discount_leaves(shop: Shop) -> None:
    rate = tax(shop, "20", inclusive=False)
    send(shop, "coupons", id="HALF", percent_off="50")
    lines = [line(1000, [rate]), line(500, [])]
    session = opened(shop, lines, discounts=[{"coupon": "HALF"}])
    assert [item["amount_total"] for item in session["line_items"]["data"]] == [600, 250]
    assert (session["amount_subtotal"], session["amount_total"]) == (1500, 850)
    totals = session["total_details"]
    assert (totals["amount_discount"], totals["amount_tax"]) == (750, 100)
    (discount,) = totals["breakdown"]["discounts"]
    assert (discount["amount"], discount["discount"]["source"]) == (750, {"coupon": "HALF", "type": "coupon"})
    (part,) = totals["breakdown"]["taxes"]
    assert (part["amount"], part["taxable_amount"], part["rate"]["percentage"]) == (100, 500, 20)


def test_taxes_and_discounts_of_a_line_are_shown_when_asked_for(shop: Shop) -> None:
    rate = tax(shop, "20", inclusive=True)
    session = opened(shop, [line(1000, [rate])])
    path = f"{SESSIONS}/{session['id']}/line_items"
    assert {"taxes", "discounts"}.isdisjoint(raw(shop, path)["data"][0])
    shown = raw(shop, f"{path}?expand[]=data.taxes&expand[]=data.discounts&expand[]=data.price.product")["data"][0]
    assert (shown["taxes"][0]["amount"], shown["discounts"]) == (167, [])
    assert (shown["price"]["product"]["name"], shown["price"]["product"]["active"]) == ("Bol", False)


def test_the_taxed_total_is_what_is_paid(shop: Shop) -> None:
    session = opened(shop, [line(1000, [tax(shop, "20", inclusive=False)])])
    assert "€12.00" in shop.http.get(f"/c/pay/{session['id']}", headers={"accept-language": "en"}).text
    shop.pay(shop.client.v1.checkout.sessions.retrieve(session["id"]))
    assert raw(shop, "charges")["data"][0]["amount_captured"] == 1200


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"percentage": ""}, "parameter_missing", "percentage"),
        ({"percentage": "101"}, None, "percentage"),
        ({"percentage": "-1"}, None, "percentage"),
        ({"percentage": "5.12345"}, None, "percentage"),
        ({"inclusive": ""}, "parameter_missing", "inclusive"),
        ({"display_name": ""}, "parameter_missing", "display_name"),
        ({"tax_type": "tithe"}, None, "tax_type"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(shop: Shop, change: dict[str, str], code: str | None, param: str) -> None:
    form = {"display_name": "TVA", "percentage": "20", "inclusive": "true", **change}
    assert refusal(shop, "tax_rates", **form)[:3] == (400, code, param)
    assert raw(shop, "tax_rates")["data"] == []


@pytest.mark.parametrize(("active", "code"), [(None, "resource_missing"), ("false", None)])
def test_a_line_takes_only_active_rates(shop: Shop, active: str | None, code: str | None) -> None:
    rate = "txr_x" if active is None else tax(shop, "20", inclusive=True, active=active)
    form = {"line_items[0][price_data][currency]": "eur", "line_items[0][price_data][unit_amount]": "900"}
    form |= {"line_items[0][price_data][product_data][name]": "Bol", "line_items[0][quantity]": "1"}
    form |= {"mode": "payment", "success_url": "http://127.0.0.1:9/ok", "line_items[0][tax_rates][0]": rate}
    assert refusal(shop, SESSIONS, **form)[:3] == (400, code, "line_items[0][tax_rates][0]")
    assert raw(shop, "products")["data"] == []
