"""Lines of an open session that the shop changes, and discounts that are not for everything or everybody."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import pay, raw, refusal, send

SESSIONS = "checkout/sessions"
FORM = {"mode": "payment", "success_url": "http://127.0.0.1:9/ok", "customer_email": "anna@example.com"}


def line(index: int, amount: int, currency: str = "eur") -> dict[str, str]:
    data = f"line_items[{index}][price_data]"
    price = {f"{data}[currency]": currency, f"{data}[unit_amount]": str(amount), f"{data}[product_data][name]": "Bol"}
    return {**price, f"line_items[{index}][quantity]": "1"}


def opened(shop: Shop, *amounts: int, **more: str) -> dict[str, Any]:
    form = {**FORM, **more}
    for index, amount in enumerate(amounts):
        form |= line(index, amount)
    return send(shop, SESSIONS, **form, **{"expand[]": "line_items"})


def lines_of(shop: Shop, session: dict[str, Any]) -> list[tuple[str, int]]:
    listed = raw(shop, f"{SESSIONS}/{session['id']}/line_items")["data"]
    return [(item["id"], item["amount_total"]) for item in listed]


def test_lines_are_kept_changed_added_and_dropped(shop: Shop) -> None:
    session = opened(shop, 1000, 2000, 3000)
    first, second, _ = [item["id"] for item in session["line_items"]["data"]]
    form = {"line_items[0][id]": second, "line_items[1][id]": first, "line_items[1][quantity]": "3", **line(2, 500)}
    changed = send(shop, f"{SESSIONS}/{session['id']}", **form)
    assert changed["amount_total"] == 5500
    after = lines_of(shop, session)
    assert (after[0], after[1]) == ((second, 2000), (first, 3000))
    assert len(after) == 3
    shop.pay(shop.client.v1.checkout.sessions.retrieve(session["id"]))
    assert raw(shop, "charges")["data"][0]["amount_captured"] == 5500


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"line_items[0][id]": "li_x"}, "resource_missing", "line_items[0][id]"),
        (line(0, 1000, "usd"), None, "line_items"),
        ({**line(0, 1000), "line_items[0][colour]": "x"}, "parameter_unknown", "line_items[0][colour]"),
        (line(0, 1), "amount_too_small", "line_items"),
    ],
)
def test_lines_that_cannot_be_leave_the_order_as_it_was(
    shop: Shop, form: dict[str, str], code: str | None, param: str
) -> None:
    session = opened(shop, 1000)
    before = lines_of(shop, session)
    assert refusal(shop, f"{SESSIONS}/{session['id']}", **form)[:3] == (400, code, param)
    assert lines_of(shop, session) == before
    assert raw(shop, f"{SESSIONS}/{session['id']}")["amount_total"] == 1000


def test_a_paid_order_does_not_change(shop: Shop) -> None:
    session = opened(shop, 1000)
    shop.pay(shop.client.v1.checkout.sessions.retrieve(session["id"]))
    assert refusal(shop, f"{SESSIONS}/{session['id']}", **line(0, 2000))[2] == "session"
    assert raw(shop, f"{SESSIONS}/{session['id']}")["amount_total"] == 1000


def test_a_coupon_may_be_for_some_products(shop: Shop) -> None:
    product = send(shop, "products", name="Tasse")["id"]
    price = send(shop, "prices", currency="eur", product=product, unit_amount="500")["id"]
    coupon = send(shop, "coupons", percent_off="50", **{"applies_to[products][0]": product})
    assert "applies_to" not in coupon
    assert raw(shop, f"coupons/{coupon['id']}?expand[]=applies_to")["applies_to"] == {"products": [product]}
    plain = send(shop, "coupons", percent_off="50")["id"]
    assert "applies_to" not in raw(shop, f"coupons/{plain}?expand[]=applies_to")
    both = {"line_items[1][price]": price, "line_items[1][quantity]": "2", "discounts[0][coupon]": coupon["id"]}
    session = opened(shop, 1000, **both)
    assert [total for _, total in lines_of(shop, session)] == [1000, 500]
    alone = {**FORM, **line(0, 1000), "discounts[0][coupon]": coupon["id"]}
    assert refusal(shop, SESSIONS, **alone)[2] == "discounts[0]"


def code(shop: Shop, **restrictions: str) -> str:
    coupon = send(shop, "coupons", percent_off="10")["id"]
    form = {"promotion[type]": "coupon", "promotion[coupon]": coupon, "code": "HELLO"}
    return send(shop, "promotion_codes", **form, **{f"restrictions[{key}]": v for key, v in restrictions.items()})["id"]


@pytest.mark.parametrize(("currency", "amount", "fits"), [("eur", 2000, True), ("eur", 1999, False), ("usd", 9, False)])
def test_a_code_may_need_a_smallest_order(shop: Shop, currency: str, amount: int, *, fits: bool) -> None:
    least = code(shop, minimum_amount="2000" if currency == "eur" else "1", minimum_amount_currency=currency)
    form = {**FORM, **line(0, max(amount, 100)), "discounts[0][promotion_code]": least}
    if fits:
        assert send(shop, SESSIONS, **form)["amount_total"] == 1800
        return
    assert refusal(shop, SESSIONS, **form)[2] == "discounts[0][promotion_code]"
    session = opened(shop, max(amount, 100), allow_promotion_codes="true")
    answer = shop.http.post(f"/c/pay/{session['id']}", data={"act": "update", "promotion_code": "HELLO"})
    assert (answer.status_code, raw(shop, f"{SESSIONS}/{session['id']}")["discounts"]) == (422, [])


def test_a_code_may_be_for_the_first_purchase(shop: Shop) -> None:
    anna, ben = (send(shop, "customers")["id"] for _ in range(2))
    pay(shop, customer=ben)
    first = code(shop, first_time_transaction="true")
    form = {"mode": "payment", "success_url": FORM["success_url"], **line(0, 1000)}
    form["discounts[0][promotion_code]"] = first
    assert send(shop, SESSIONS, **form, customer=anna)["amount_total"] == 900
    assert refusal(shop, SESSIONS, **form, customer=ben)[2] == "discounts[0][promotion_code]"


def test_a_smallest_order_has_a_currency(shop: Shop) -> None:
    coupon = send(shop, "coupons", percent_off="10")["id"]
    form = {"promotion[type]": "coupon", "promotion[coupon]": coupon, "restrictions[minimum_amount]": "5"}
    missing = "restrictions[minimum_amount_currency]"
    assert refusal(shop, "promotion_codes", **form)[:3] == (400, "parameter_missing", missing)
