"""Coupons, promotion codes, what they take off a session, and orders that cost nothing."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send, told

COUPON = "discounts[0][coupon]"
CODE = "discounts[0][promotion_code]"


def wish(*amounts: int, **more: str) -> dict[str, str]:
    """The form of a session with a line of each amount."""
    form = {"mode": "payment", "success_url": "http://127.0.0.1:9/ok", "customer_email": "anna@example.com", **more}
    for index, amount in enumerate(amounts):
        line = f"line_items[{index}]"
        form |= {f"{line}[price_data][currency]": "eur", f"{line}[price_data][unit_amount]": str(amount)}
        form |= {f"{line}[price_data][product_data][name]": "Bol", f"{line}[quantity]": "1"}
    return form


def coupon(shop: Shop, **form: str) -> str:
    return send(shop, "coupons", **form)["id"]


def code(shop: Shop, of: str, **form: str) -> dict[str, Any]:
    return send(shop, "promotion_codes", **{"promotion[type]": "coupon", "promotion[coupon]": of, **form})


def pay(shop: Shop, session: dict[str, Any], **fields: str) -> int:
    form = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna", **fields}
    return shop.http.post(f"/c/pay/{session['id']}", data=form).status_code


@pytest.mark.parametrize(
    ("form", "amounts", "off"),
    [
        ({"percent_off": "25"}, [1000], [250]),
        ({"percent_off": "12.5"}, [333, 333, 333], [41, 42, 42]),
        ({"amount_off": "100", "currency": "eur"}, [333, 333, 334], [33, 33, 34]),
        ({"amount_off": "5000", "currency": "eur"}, [300, 700], [300, 700]),
    ],
)
def test_a_discount_is_shared_by_the_lines_to_the_cent(
    shop: Shop, form: dict[str, str], amounts: list[int], off: list[int]
) -> None:
    session = send(shop, "checkout/sessions", **wish(*amounts, **{COUPON: coupon(shop, **form)}))
    lines = raw(shop, f"checkout/sessions/{session['id']}/line_items")["data"]
    assert [line["amount_discount"] for line in lines] == off
    assert [line["amount_total"] for line in lines] == [
        amount - taken for amount, taken in zip(amounts, off, strict=True)
    ]
    assert (session["amount_subtotal"], session["amount_total"]) == (sum(amounts), sum(amounts) - sum(off))
    assert session["total_details"]["amount_discount"] == sum(off)


def test_the_discounted_total_is_what_is_paid(shop: Shop) -> None:
    of = coupon(shop, percent_off="20", id="WINTER")
    session = send(shop, "checkout/sessions", **wish(2500, **{COUPON: of}))
    assert session["discounts"] == [{"coupon": "WINTER", "promotion_code": None}]
    assert "€5.00" in shop.http.get(f"/c/pay/{session['id']}", headers={"accept-language": "en"}).text
    assert pay(shop, session) == 303
    paid = raw(shop, f"checkout/sessions/{session['id']}?expand[]=payment_intent")
    assert (paid["payment_intent"]["amount_received"], paid["payment_status"]) == (2000, "paid")
    assert raw(shop, "coupons/WINTER")["times_redeemed"] == 1


def test_two_accounts_may_use_the_same_names(shop: Shop) -> None:
    other = {"Authorization": f"Bearer {shop.key}other"}
    for headers in ({}, other):
        for path, form in (("coupons", {"percent_off": "5"}), ("products", {"name": "Bol"})):
            answer = shop.http.post(f"/v1/{path}", data={"id": f"SAME-{path}", **form}, headers=headers)
            assert answer.json()["id"] == f"SAME-{path}"


def test_a_promotion_code_is_used_up(shop: Shop) -> None:
    made = code(shop, coupon(shop, percent_off="10"), code="HELLO", max_redemptions="1")
    assert [row["id"] for row in raw(shop, "promotion_codes?code=HELLO&active=true")["data"]] == [made["id"]]
    session = send(shop, "checkout/sessions", **wish(1000, **{CODE: made["id"]}))
    assert session["discounts"] == [{"coupon": None, "promotion_code": made["id"]}]
    assert raw(shop, f"promotion_codes/{made['id']}")["times_redeemed"] == 0
    pay(shop, session)
    assert raw(shop, f"promotion_codes/{made['id']}")["times_redeemed"] == 1
    assert refusal(shop, "checkout/sessions", **wish(1000, **{CODE: made["id"]}))[1:3] == ("coupon_expired", CODE)


def test_a_code_can_be_switched_off_and_is_unique_while_it_is_on(shop: Shop) -> None:
    of = coupon(shop, percent_off="10")
    first = code(shop, of, code="HELLO")
    same = {"promotion[type]": "coupon", "promotion[coupon]": of, "code": "hello"}
    assert refusal(shop, "promotion_codes", **same)[2] == "code"
    assert send(shop, f"promotion_codes/{first['id']}", active="false")["active"] is False
    assert told(shop, "promotion_code.updated")[0]["previous_attributes"] == {"active": True}
    assert refusal(shop, "checkout/sessions", **wish(1000, **{CODE: first["id"]}))[2] == CODE
    assert code(shop, of, code="hello")["active"] is True


def test_a_coupon_ends_at_its_time(shop: Shop) -> None:
    end = int(shop.control("GET", "clock")["now"]) + 100
    of = coupon(shop, percent_off="10", redeem_by=str(end))
    send(shop, "checkout/sessions", **wish(1000, **{COUPON: of}))
    shop.control("POST", "clock", {"advance_s": 101})
    assert refusal(shop, "checkout/sessions", **wish(1000, **{COUPON: of}))[1] == "coupon_expired"


def test_a_coupon_is_renamed_and_deleted(shop: Shop) -> None:
    of = coupon(shop, percent_off="10", name="Ten")
    assert send(shop, f"coupons/{of}", name="A tenth")["name"] == "A tenth"
    assert shop.http.delete(f"/v1/coupons/{of}").json() == {"id": of, "object": "coupon", "deleted": True}
    assert raw(shop, f"coupons/{of}")["error"]["param"] == "coupon"
    assert shop.events() == ["coupon.created", "coupon.updated", "coupon.deleted"]


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_missing", "percent_off"),
        ({"percent_off": "10", "amount_off": "1"}, "parameter_missing", "percent_off"),
        ({"percent_off": "0"}, None, "percent_off"),
        ({"percent_off": "100.5"}, None, "percent_off"),
        ({"amount_off": "100"}, "parameter_missing", "currency"),
        ({"percent_off": "10", "duration": "repeating"}, "sandbox_not_built", "duration"),
    ],
)
def test_a_coupon_that_cannot_be_is_refused(shop: Shop, form: dict[str, str], code: str | None, param: str) -> None:
    assert refusal(shop, "coupons", **form)[:3] == (400, code, param)
    assert raw(shop, "coupons")["data"] == []


@pytest.mark.parametrize(
    ("discount", "code", "param"),
    [
        ({COUPON: "none"}, "resource_missing", COUPON),
        ({CODE: "promo_x"}, "resource_missing", CODE),
        ({COUPON: "a", CODE: "b"}, None, "discounts[0]"),
        ({COUPON: "DOLLARS"}, None, "discounts[0]"),
    ],
)
def test_a_discount_that_cannot_be_is_refused(
    shop: Shop, discount: dict[str, str], code: str | None, param: str
) -> None:
    coupon(shop, amount_off="100", currency="usd", id="DOLLARS")
    assert refusal(shop, "checkout/sessions", **wish(1000, **discount))[:3] == (400, code, param)
    assert raw(shop, "checkout/sessions")["data"] == []


@pytest.mark.parametrize("free", ["by price", "by discount"])
def test_an_order_that_costs_nothing_needs_no_payment(shop: Shop, free: str) -> None:
    form = wish(0) if free == "by price" else wish(900, **{COUPON: coupon(shop, percent_off="100")})
    session = send(shop, "checkout/sessions", **form)
    assert (session["amount_total"], session["payment_status"]) == (0, "unpaid")
    page = shop.http.get(f"/c/pay/{session['id']}").text
    assert ('name="number"' in page, 'id="pay"' in page) == (False, True)
    assert shop.http.post(f"/c/pay/{session['id']}").headers["location"] == "http://127.0.0.1:9/ok"
    done = raw(shop, f"checkout/sessions/{session['id']}")
    assert (done["status"], done["payment_status"], done["payment_intent"]) == (
        "complete",
        "no_payment_required",
        None,
    )
    assert done["customer_details"]["email"] == "anna@example.com"
    assert raw(shop, "payment_intents")["data"] == []
    assert shop.events()[-1] == "checkout.session.completed"


def test_a_discount_may_not_leave_less_than_the_smallest_amount(shop: Shop) -> None:
    form = wish(1000, **{COUPON: coupon(shop, percent_off="99")})
    assert refusal(shop, "checkout/sessions", **form)[1:3] == ("amount_too_small", "line_items")
