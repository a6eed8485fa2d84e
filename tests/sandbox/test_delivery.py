"""Shipping rates, the ways of delivery that a session offers, and where the goods go."""

from typing import Any

import pytest
import stripe

from sandbox.catalogue_shapes import SHIPPING_RATE
from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send, told
from sandbox.shapes import differences

SESSIONS = "checkout/sessions"
POST = {"display_name": "Post", "fixed_amount": {"amount": 490, "currency": "eur"}, "type": "fixed_amount"}
HOME = {"line1": "1 rue du Four", "postal_code": "75006", "city": "Paris", "country": "FR"}
ADDRESS = {"shipping_name": "Anna Buyer", **{f"shipping_{name}": value for name, value in HOME.items()}}


def rate(shop: Shop, amount: str = "490", **form: str) -> dict[str, Any]:
    wish = {"display_name": "Post", "fixed_amount[amount]": amount, "fixed_amount[currency]": "eur"}
    return send(shop, "shipping_rates", **{**wish, **form})


def session_with_ways(shop: Shop, **more: Any) -> dict[str, Any]:
    express = rate(shop, "1290", display_name="Express")["id"]
    options = [{"shipping_rate_data": POST}, {"shipping_rate": express}]
    return raw(shop, f"{SESSIONS}/{shop.session(2000, shipping_options=options, **more).id}")


def choose(shop: Shop, session: dict[str, Any], **fields: str) -> int:
    return shop.http.post(f"/c/pay/{session['id']}", data={"act": "update", **fields}).status_code


def test_a_rate_is_made_changed_and_listed(shop: Shop) -> None:
    estimate = {"delivery_estimate[minimum][unit]": "day", "delivery_estimate[minimum][value]": "2"}
    made = rate(shop, **estimate, **{"metadata[zone]": "eu"})
    assert differences(made, SHIPPING_RATE) == []
    assert made["fixed_amount"] == {"amount": 490, "currency": "eur"}
    assert made["delivery_estimate"] == {"maximum": None, "minimum": {"unit": "day", "value": 2}}
    changed = send(shop, f"shipping_rates/{made['id']}", active="false", tax_behavior="inclusive")
    assert (changed["active"], changed["tax_behavior"], changed["metadata"]) == (False, "inclusive", {"zone": "eu"})
    assert raw(shop, f"shipping_rates/{made['id']}") == changed
    assert [row["id"] for row in raw(shop, "shipping_rates?active=false&currency=eur")["data"]] == [made["id"]]
    assert raw(shop, "shipping_rates?currency=usd")["data"] == []


def test_the_tax_behaviour_of_a_rate_is_set_once(shop: Shop) -> None:
    made = rate(shop, tax_behavior="exclusive")["id"]
    assert refusal(shop, f"shipping_rates/{made}", tax_behavior="inclusive")[2] == "tax_behavior"
    assert raw(shop, f"shipping_rates/{made}")["tax_behavior"] == "exclusive"


def test_the_first_way_is_chosen_until_the_buyer_chooses(shop: Shop) -> None:
    session = session_with_ways(shop)
    post, express = session["shipping_options"]
    assert (post["shipping_amount"], express["shipping_amount"]) == (490, 1290)
    cost = {"amount_subtotal": 490, "amount_tax": 0, "amount_total": 490, "shipping_rate": post["shipping_rate"]}
    assert session["shipping_cost"] == cost
    assert (session["amount_subtotal"], session["amount_total"]) == (2000, 2490)
    assert choose(shop, session, shipping_rate=express["shipping_rate"]) == 303
    path = f"{SESSIONS}/{session['id']}"
    changed = raw(shop, f"{path}?expand[]=shipping_cost.shipping_rate&expand[]=shipping_options.shipping_rate")
    assert changed["shipping_cost"]["shipping_rate"]["display_name"] == "Express"
    assert [option["shipping_rate"]["display_name"] for option in changed["shipping_options"]] == ["Post", "Express"]
    assert changed["total_details"] == {"amount_discount": 0, "amount_shipping": 1290, "amount_tax": 0}
    assert changed["amount_total"] == 3290


def test_the_chosen_way_is_what_is_paid(shop: Shop) -> None:
    session = session_with_ways(shop)
    choose(shop, session, shipping_rate=session["shipping_options"][1]["shipping_rate"])
    page = shop.http.get(f"/c/pay/{session['id']}", headers={"accept-language": "en"}).text
    assert ("€32.90" in page, page.count("checked")) == (True, 1)
    shop.pay(shop.client.v1.checkout.sessions.retrieve(session["id"]))
    paid = raw(shop, f"{SESSIONS}/{session['id']}?expand[]=payment_intent.latest_charge&expand[]=shipping_cost.taxes")
    assert paid["payment_intent"]["latest_charge"]["amount_captured"] == 3290
    assert paid["shipping_cost"]["taxes"] == []


def test_a_way_that_is_not_offered_changes_nothing(shop: Shop) -> None:
    session = session_with_ways(shop)
    assert choose(shop, session, shipping_rate=rate(shop, "1")["id"]) == 422
    assert raw(shop, f"{SESSIONS}/{session['id']}")["amount_total"] == 2490


def test_another_window_does_not_pay_a_total_that_it_did_not_show(shop: Shop) -> None:
    session = session_with_ways(shop)
    choose(shop, session, shipping_rate=session["shipping_options"][1]["shipping_rate"])
    opened = shop.client.v1.checkout.sessions.retrieve(session["id"])
    assert shop.pay(opened, expected_amount="2490").status_code == 409
    assert raw(shop, "payment_intents")["data"] == []
    assert shop.pay(opened, expected_amount="3290").status_code == 303


def test_a_choice_after_a_decline_changes_the_same_payment(shop: Shop) -> None:
    session = session_with_ways(shop)
    opened = shop.client.v1.checkout.sessions.retrieve(session["id"])
    assert shop.pay(opened, "4000000000000002").status_code == 402
    choose(shop, session, shipping_rate=session["shipping_options"][1]["shipping_rate"])
    assert shop.pay(opened).status_code == 303
    (intent,) = raw(shop, "payment_intents")["data"]
    assert (intent["amount"], intent["amount_received"]) == (3290, 3290)
    assert [charge["amount"] for charge in raw(shop, "charges")["data"]] == [3290, 2490]


def test_a_choice_during_a_challenge_makes_the_challenge_void(shop: Shop) -> None:
    session = session_with_ways(shop)
    opened = shop.client.v1.checkout.sessions.retrieve(session["id"])
    challenge = shop.pay(opened, "4000002760003184").headers["location"]
    choose(shop, session, shipping_rate=session["shipping_options"][1]["shipping_rate"])
    shop.http.post(challenge, data={"result": "complete"})
    assert raw(shop, "charges")["data"] == []
    challenge = shop.pay(opened, "4000002760003184").headers["location"]
    shop.http.post(challenge, data={"result": "complete"})
    assert [charge["amount"] for charge in raw(shop, "charges")["data"]] == [3290]
    assert raw(shop, f"{SESSIONS}/{session['id']}")["payment_status"] == "paid"


def test_the_address_goes_to_session_payment_charge_and_customer(shop: Shop) -> None:
    anna = send(shop, "customers", email="anna@example.com")["id"]
    where = {"allowed_countries": ["DE", "FR"]}
    session = shop.session(
        customer=anna, customer_email="", customer_update={"shipping": "auto"}, shipping_address_collection=where
    )
    assert "<option>FR</option>" in shop.http.get(f"/c/pay/{session.id}").text
    assert shop.pay(session, **ADDRESS).status_code == 303
    paid = raw(shop, f"{SESSIONS}/{session.id}?expand[]=payment_intent.latest_charge&expand[]=customer")
    details = {"address": {**HOME, "line2": None, "state": None}, "name": "Anna Buyer"}
    assert paid["collected_information"]["shipping_details"] == details
    for holder in (paid["payment_intent"], paid["payment_intent"]["latest_charge"], paid["customer"]):
        assert {name: holder["shipping"][name] for name in details} == details
    assert told(shop, "customer.updated")[0]["previous_attributes"] == {"shipping": None}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shipping_name": ""}, "shipping_name"),
        ({"shipping_line1": " "}, "shipping_line1"),
        ({"shipping_city": ""}, "shipping_city"),
        ({"shipping_country": "US"}, "shipping_country"),
    ],
)
def test_an_address_that_cannot_be_is_asked_for_again(shop: Shop, change: dict[str, str], field: str) -> None:
    session = shop.session(shipping_address_collection={"allowed_countries": ["FR"]})
    answer = shop.pay(session, **{**ADDRESS, **change})
    assert (answer.status_code, f'id="{field}-problem"' in answer.text) == (422, True)
    assert raw(shop, "payment_intents")["data"] == []


@pytest.mark.parametrize(
    ("option", "code", "param"),
    [
        ({"shipping_rate": "shr_x"}, "resource_missing", "shipping_options[0][shipping_rate]"),
        ({}, None, "shipping_options[0]"),
        ({"shipping_rate": "shr_x", "shipping_rate_data": POST}, None, "shipping_options[0]"),
        (
            {"shipping_rate_data": {"display_name": "Post"}},
            "parameter_missing",
            "shipping_options[0][shipping_rate_data][fixed_amount]",
        ),
        (
            {"shipping_rate_data": {**POST, "fixed_amount": {"amount": 1, "currency": "usd"}}},
            None,
            "shipping_options[0]",
        ),
        (
            {"shipping_rate_data": {**POST, "fixed_amount": {"amount": -1, "currency": "eur"}}},
            "parameter_invalid_integer",
            "shipping_options[0][shipping_rate_data][fixed_amount][amount]",
        ),
    ],
)
def test_a_way_of_delivery_that_cannot_be_is_refused(
    shop: Shop, option: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.session(shipping_options=[option or {"shipping_rate": ""}])
    error: Any = caught.value
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert raw(shop, SESSIONS)["data"] == []
    assert raw(shop, "shipping_rates")["data"] == []


def test_an_inactive_rate_and_an_existing_customer_without_update_are_refused(shop: Shop) -> None:
    old = rate(shop)["id"]
    send(shop, f"shipping_rates/{old}", active="false")
    anna = send(shop, "customers")["id"]
    item = {"line_items[0][price_data][currency]": "eur", "line_items[0][price_data][unit_amount]": "900"}
    item |= {"line_items[0][price_data][product_data][name]": "Bol", "line_items[0][quantity]": "1"}
    form = {"mode": "payment", "success_url": "http://127.0.0.1:9/ok", **item}
    wish = {**form, "shipping_options[0][shipping_rate]": old}
    assert refusal(shop, SESSIONS, **wish)[2] == "shipping_options[0][shipping_rate]"
    wish = {**form, "customer": anna, "shipping_address_collection[allowed_countries][0]": "FR"}
    assert refusal(shop, SESSIONS, **wish)[2] == "customer_update[shipping]"
    assert raw(shop, SESSIONS)["data"] == []
