"""What the buyer may decide on the page: quantities, a promotion code, consents; and prices of parts of a cent."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import later, raw, refusal, send, told

SESSIONS = "checkout/sessions"
ITEM = "line_items[0][price_data]"
FORM = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "customer_email": "anna@example.com",
    f"{ITEM}[currency]": "eur",
    f"{ITEM}[unit_amount]": "1000",
    f"{ITEM}[product_data][name]": "Bol",
    "line_items[0][quantity]": "2",
}
ADJUSTABLE = {"line_items[0][adjustable_quantity][enabled]": "true"}
CARD = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna"}


def opened(shop: Shop, **form: str) -> dict[str, Any]:
    return send(shop, SESSIONS, **{**FORM, **form})


def line_of(shop: Shop, session: dict[str, Any]) -> dict[str, Any]:
    return raw(shop, f"{SESSIONS}/{session['id']}/line_items")["data"][0]


def change(shop: Shop, session: dict[str, Any], **fields: str) -> int:
    return shop.http.post(f"/c/pay/{session['id']}", data={"act": "update", **fields}).status_code


def total(shop: Shop, session: dict[str, Any]) -> int:
    return raw(shop, f"{SESSIONS}/{session['id']}")["amount_total"]


def with_code(shop: Shop, word: str, **coupon: str) -> None:
    made = send(shop, "coupons", **coupon)["id"]
    send(shop, "promotion_codes", **{"promotion[type]": "coupon", "promotion[coupon]": made, "code": word})


def test_the_buyer_takes_more_and_pays_more(shop: Shop) -> None:
    session = opened(shop, **ADJUSTABLE)
    line = line_of(shop, session)
    assert line["adjustable_quantity"] == {"enabled": True, "maximum": 99, "minimum": 0}
    assert change(shop, session, **{f"quantity_{line['id']}": "5"}) == 303
    assert (line_of(shop, session)["quantity"], line_of(shop, session)["amount_total"]) == (5, 5000)
    assert shop.http.post(f"/c/pay/{session['id']}", data={**CARD, "expected_amount": "5000"}).status_code == 303
    assert raw(shop, "charges")["data"][0]["amount_captured"] == 5000


@pytest.mark.parametrize("quantity", ["4", "0", "-1", "two", "2.5", "٣"])
def test_a_quantity_out_of_bounds_changes_nothing(shop: Shop, quantity: str) -> None:
    bounds = {
        "line_items[0][adjustable_quantity][minimum]": "1",
        "line_items[0][adjustable_quantity][maximum]": "3",
    }
    session = opened(shop, **ADJUSTABLE, **bounds)
    assert change(shop, session, **{f"quantity_{line_of(shop, session)['id']}": quantity}) == 422
    assert (line_of(shop, session)["quantity"], total(shop, session)) == (2, 2000)


def test_an_order_keeps_one_article_and_the_quantity_of_a_fixed_line(shop: Shop) -> None:
    session = opened(shop, **ADJUSTABLE)
    assert change(shop, session, **{f"quantity_{line_of(shop, session)['id']}": "0"}) == 422
    fixed = opened(shop)
    assert change(shop, fixed, **{f"quantity_{line_of(shop, fixed)['id']}": "9"}) == 303
    assert (total(shop, session), total(shop, fixed)) == (2000, 2000)


def test_a_quantity_outside_its_own_bounds_is_refused(shop: Shop) -> None:
    form = {**FORM, **ADJUSTABLE, "line_items[0][adjustable_quantity][maximum]": "1"}
    assert refusal(shop, SESSIONS, **form)[2] == "line_items[0][quantity]"
    assert raw(shop, SESSIONS)["data"] == []


def test_a_typed_code_takes_its_discount_off_and_can_be_taken_back(shop: Shop) -> None:
    with_code(shop, "HELLO", percent_off="25")
    session = opened(shop, allow_promotion_codes="true")
    assert change(shop, session, promotion_code=" hello ") == 303
    assert total(shop, session) == 1500
    assert "HELLO" in shop.http.get(f"/c/pay/{session['id']}").text
    path = f"{SESSIONS}/{session['id']}?expand[]=line_items.data.discounts.discount.promotion_code"
    # Five levels are too many, four are not.
    assert raw(shop, path)["error"]["param"] == "expand"
    path = f"{SESSIONS}/{session['id']}/line_items?expand[]=data.discounts.discount.promotion_code"
    (discount,) = raw(shop, path)["data"][0]["discounts"]
    assert (discount["amount"], discount["discount"]["promotion_code"]["code"]) == (500, "HELLO")
    assert change(shop, session, drop_code="on") == 303
    assert (total(shop, session), raw(shop, f"{SESSIONS}/{session['id']}")["discounts"]) == (2000, [])


def test_a_typed_code_is_redeemed_by_paying(shop: Shop) -> None:
    with_code(shop, "HELLO", percent_off="25")
    session = opened(shop, allow_promotion_codes="true")
    change(shop, session, promotion_code="HELLO")
    assert raw(shop, "promotion_codes?code=HELLO")["data"][0]["times_redeemed"] == 0
    assert shop.http.post(f"/c/pay/{session['id']}", data=CARD).status_code == 303
    assert raw(shop, "promotion_codes?code=HELLO")["data"][0]["times_redeemed"] == 1
    assert raw(shop, "charges")["data"][0]["amount_captured"] == 1500


def test_an_order_that_a_code_makes_free_gives_its_earlier_try_up(shop: Shop) -> None:
    with_code(shop, "GIFT", percent_off="100")
    session = opened(shop, allow_promotion_codes="true")
    declined = {**CARD, "number": "4000000000000002"}
    assert shop.http.post(f"/c/pay/{session['id']}", data=declined).status_code == 402
    change(shop, session, promotion_code="GIFT")
    assert shop.http.post(f"/c/pay/{session['id']}", data={"expected_amount": "0"}).status_code == 303
    assert raw(shop, f"{SESSIONS}/{session['id']}")["payment_status"] == "no_payment_required"
    assert [intent["status"] for intent in raw(shop, "payment_intents")["data"]] == ["canceled"]


@pytest.mark.parametrize(
    ("word", "coupon"),
    [
        ("NOBODY", {"percent_off": "10"}),
        ("DOLLARS", {"amount_off": "100", "currency": "usd"}),
        ("NEARLY", {"amount_off": "1999", "currency": "eur"}),
    ],
)
def test_a_code_that_cannot_be_used_changes_nothing(shop: Shop, word: str, coupon: dict[str, str]) -> None:
    with_code(shop, word.replace("NOBODY", "OTHER"), **coupon)
    session = opened(shop, allow_promotion_codes="true")
    assert change(shop, session, promotion_code=word) == 422
    shown = raw(shop, f"{SESSIONS}/{session['id']}")
    assert (shown["amount_total"], shown["discounts"]) == (2000, [])


def test_codes_are_typed_only_where_the_session_allows_them(shop: Shop) -> None:
    with_code(shop, "HELLO", percent_off="25")
    session = opened(shop)
    assert 'name="promotion_code"' not in shop.http.get(f"/c/pay/{session['id']}").text
    change(shop, session, promotion_code="HELLO")
    assert total(shop, session) == 2000
    both = {**FORM, "allow_promotion_codes": "true", "discounts[0][coupon]": "x"}
    assert refusal(shop, SESSIONS, **both)[1:3] == ("parameters_exclusive", "allow_promotion_codes")


def test_parts_of_a_cent_add_up_before_they_are_rounded(shop: Shop) -> None:
    product = send(shop, "products", name="Vis")["id"]
    price = send(shop, "prices", currency="eur", product=product, unit_amount_decimal="0.50")
    assert (price["unit_amount"], price["unit_amount_decimal"]) == (None, "0.5")
    bulk = {"line_items[1][price]": price["id"], "line_items[1][quantity]": "333"}
    session = opened(shop, **bulk)
    assert session["amount_total"] == 2167
    assert "€0.005" in shop.http.get(f"/c/pay/{session['id']}", headers={"accept-language": "en"}).text
    whole = send(shop, "prices", currency="eur", product=product, unit_amount_decimal="12.0")
    assert (whole["unit_amount"], whole["unit_amount_decimal"]) == (12, "12")


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"unit_amount_decimal": "1.0000000000001"}, None, "unit_amount_decimal"),
        ({"unit_amount_decimal": "-1"}, None, "unit_amount_decimal"),
        ({"unit_amount_decimal": "1", "unit_amount": "1"}, "parameters_exclusive", "unit_amount"),
        ({}, "parameter_missing", "unit_amount"),
    ],
)
def test_an_amount_is_given_once(shop: Shop, form: dict[str, str], code: str | None, param: str) -> None:
    product = send(shop, "products", name="Vis")["id"]
    assert refusal(shop, "prices", currency="eur", product=product, **form)[:3] == (400, code, param)
    assert raw(shop, "prices")["data"] == []


def test_consents_are_asked_for_and_kept(shop: Shop) -> None:
    asked = {"consent_collection[terms_of_service]": "required", "consent_collection[promotions]": "auto"}
    session = opened(shop, **asked)
    assert session["consent"] == {"promotions": None, "terms_of_service": None}
    without = shop.http.post(f"/c/pay/{session['id']}", data=CARD)
    assert (without.status_code, 'id="terms-problem"' in without.text) == (422, True)
    assert raw(shop, "payment_intents")["data"] == []
    assert shop.http.post(f"/c/pay/{session['id']}", data={**CARD, "terms": "on"}).status_code == 303
    consent = raw(shop, f"{SESSIONS}/{session['id']}")["consent"]
    assert consent == {"promotions": "opt_out", "terms_of_service": "accepted"}


RECOVERY = {"after_expiration[recovery][enabled]": "true"}


def test_an_expired_session_is_recovered_by_its_address(shop: Shop) -> None:
    session = opened(shop, **RECOVERY, client_reference_id="order-7", **{"line_items[0][metadata][a]": "b"})
    assert session["after_expiration"]["recovery"]["url"] is None
    later(shop, 24 * 3600 + 1)
    recovery = told(shop, "checkout.session.expired")[0]["object"]["after_expiration"]["recovery"]
    assert recovery["url"] == f"{shop.url}/c/recover/{session['id']}"
    page = shop.http.get(recovery["url"]).headers["location"]
    copy = raw(shop, f"{SESSIONS}/{page.rpartition('/')[2]}")
    assert (copy["recovered_from"], copy["status"], copy["client_reference_id"]) == (session["id"], "open", "order-7")
    assert (copy["amount_total"], copy["id"] != session["id"]) == (2000, True)
    assert line_of(shop, copy)["metadata"] == {"a": "b"}
    assert shop.http.post(page, data=CARD).status_code == 303
    assert told(shop, "checkout.session.completed")[0]["object"]["recovered_from"] == session["id"]


def test_a_recovery_may_allow_codes_and_ends_after_thirty_days(shop: Shop) -> None:
    made = send(shop, "coupons", percent_off="10")["id"]
    codes = {"after_expiration[recovery][allow_promotion_codes]": "true", "discounts[0][coupon]": made}
    session = opened(shop, **RECOVERY, **codes)
    send(shop, f"{SESSIONS}/{session['id']}/expire")
    address = raw(shop, f"{SESSIONS}/{session['id']}")["after_expiration"]["recovery"]["url"]
    copy = raw(shop, f"{SESSIONS}/{shop.http.get(address).headers['location'].rpartition('/')[2]}")
    assert (copy["allow_promotion_codes"], copy["amount_total"]) == (True, 2000)
    later(shop, 30 * 24 * 3600)
    assert shop.http.get(address).status_code == 410


def test_only_an_expired_session_is_recovered(shop: Shop) -> None:
    session = opened(shop, **RECOVERY)
    plain = opened(shop)
    send(shop, f"{SESSIONS}/{plain['id']}/expire")
    for session_id in (session["id"], plain["id"]):
        assert shop.http.get(f"/c/recover/{session_id}").status_code == 410
    assert shop.http.get("/c/recover/cs_test_x").status_code == 404
    assert len(raw(shop, SESSIONS)["data"]) == 2
