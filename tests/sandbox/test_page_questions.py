"""What the page asks the buyer for the shop (phone, billing address, custom fields), and sessions changed late."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send

SESSIONS = "checkout/sessions"
ASKED: list[dict[str, Any]] = [
    {"key": "engraving", "label": {"type": "custom", "custom": "Engraving"}, "type": "text", "optional": True},
    {
        "key": "floor",
        "label": {"type": "custom", "custom": "Floor"},
        "type": "numeric",
        "numeric": {"maximum_length": 2},
    },
    {
        "key": "wrap",
        "label": {"type": "custom", "custom": "Wrapping"},
        "type": "dropdown",
        "dropdown": {"options": [{"label": "Blue", "value": "blue"}, {"label": "Red", "value": "red"}]},
    },
]


def test_the_phone_goes_to_the_session_and_the_payment_method(shop: Shop) -> None:
    session = shop.session(phone_number_collection={"enabled": True})
    assert shop.pay(session, phone="nine").status_code == 422
    assert shop.pay(session, phone="+33 1 23 45 67 89").status_code == 303
    paid = raw(shop, f"{SESSIONS}/{session.id}")
    assert (paid["phone_number_collection"], paid["customer_details"]["phone"]) == (
        {"enabled": True},
        "+33 1 23 45 67 89",
    )


@pytest.mark.parametrize("missing", ["line1", "city", "country"])
def test_a_required_billing_address_goes_to_the_charge(shop: Shop, missing: str) -> None:
    session = shop.session(billing_address_collection="required")
    place = {"billing_line1": "1 rue du Four", "billing_city": "Paris", "billing_country": "FR"}
    answer = shop.pay(session, **{name: value for name, value in place.items() if name != f"billing_{missing}"})
    assert (answer.status_code, f'id="billing_{missing}-problem"' in answer.text) == (422, True)
    assert raw(shop, "payment_intents")["data"] == []
    assert shop.pay(session, **place).status_code == 303
    (charge,) = raw(shop, "charges")["data"]
    address = {"line1": "1 rue du Four", "city": "Paris", "country": "FR"}
    address |= dict.fromkeys(("line2", "postal_code", "state"))
    assert charge["billing_details"]["address"] == address
    assert raw(shop, f"{SESSIONS}/{session.id}")["customer_details"]["address"] == address


def test_custom_fields_are_answered_on_the_page(shop: Shop) -> None:
    session = shop.session(custom_fields=ASKED)
    page = shop.http.get(f"/c/pay/{session.id}").text
    assert [word in page for word in ("Engraving", "Floor", "Wrapping", "Blue")] == [True] * 4
    assert shop.pay(session, custom_floor="3", custom_wrap="red").status_code == 303
    engraving, floor, wrap = raw(shop, f"{SESSIONS}/{session.id}")["custom_fields"]
    assert (engraving["optional"], engraving["text"]["value"]) == (True, None)
    assert floor["numeric"] == {"default_value": None, "maximum_length": 2, "minimum_length": None, "value": "3"}
    assert (wrap["type"], wrap["dropdown"]["value"], len(wrap["dropdown"]["options"])) == ("dropdown", "red", 2)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"custom_wrap": "red"}, "floor"),
        ({"custom_wrap": "red", "custom_floor": "3rd"}, "floor"),
        ({"custom_wrap": "red", "custom_floor": "123"}, "floor"),
        ({"custom_wrap": "green", "custom_floor": "3"}, "wrap"),
    ],
)
def test_an_answer_that_cannot_be_is_asked_for_again(shop: Shop, answers: dict[str, str], field: str) -> None:
    session = shop.session(custom_fields=ASKED)
    answer = shop.pay(session, **answers)
    assert (answer.status_code, f'id="custom_{field}-problem"' in answer.text) == (422, True)
    assert raw(shop, "payment_intents")["data"] == []


FIELD = "custom_fields[0]"
FORM = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "2000",
    "line_items[0][price_data][product_data][name]": "Bol",
    "line_items[0][quantity]": "1",
}


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({f"{FIELD}[key]": "not one"}, None, f"{FIELD}[key]"),
        ({f"{FIELD}[type]": "date"}, None, f"{FIELD}[type]"),
        ({f"{FIELD}[type]": "dropdown"}, "parameter_missing", f"{FIELD}[dropdown]"),
        ({f"{FIELD}[label][custom]": ""}, "parameter_missing", f"{FIELD}[label][custom]"),
        (
            {
                "custom_fields[1][key]": "a",
                "custom_fields[1][type]": "text",
                "custom_fields[1][label][type]": "custom",
                "custom_fields[1][label][custom]": "B",
            },
            None,
            "custom_fields[1][key]",
        ),
    ],
)
def test_a_custom_field_that_cannot_be_is_refused(
    shop: Shop, change: dict[str, str], code: str | None, param: str
) -> None:
    field = {f"{FIELD}[key]": "a", f"{FIELD}[type]": "text"}
    field |= {f"{FIELD}[label][type]": "custom", f"{FIELD}[label][custom]": "A"}
    assert refusal(shop, SESSIONS, **FORM, **{**field, **change})[:3] == (400, code, param)
    assert raw(shop, SESSIONS)["data"] == []


def test_the_ways_of_delivery_of_an_open_session_may_be_replaced(shop: Shop) -> None:
    session = send(shop, SESSIONS, **FORM)
    path = f"{SESSIONS}/{session['id']}"
    rate = {"display_name": "Post", "fixed_amount[amount]": "490", "fixed_amount[currency]": "eur"}
    post = send(shop, "shipping_rates", **rate)["id"]
    assert send(shop, path, **{"shipping_options[0][shipping_rate]": post})["amount_total"] == 2490
    changed = send(shop, path, shipping_options="")
    assert (changed["amount_total"], changed["shipping_options"], changed["shipping_cost"]) == (2000, [], None)


def test_where_the_goods_go_may_be_told_by_the_shop(shop: Shop) -> None:
    session = send(shop, SESSIONS, **FORM, customer_email="anna@example.com")
    where = "collected_information[shipping_details]"
    form = {f"{where}[name]": "Anna", f"{where}[address][line1]": "1 rue du Four", f"{where}[address][country]": "FR"}
    changed = send(shop, f"{SESSIONS}/{session['id']}", **form)
    assert changed["collected_information"]["shipping_details"]["address"]["country"] == "FR"
    shop.pay(shop.client.v1.checkout.sessions.retrieve(session["id"]))
    assert raw(shop, "charges")["data"][0]["shipping"]["name"] == "Anna"
    assert refusal(shop, f"{SESSIONS}/{session['id']}", **form)[2] == "session"


def test_endive_names_the_allowed_methods_and_dahlia_does_not_know_them(shop: Shop) -> None:
    intent = {"amount": "900", "currency": "eur", "allowed_payment_method_types[0]": "card"}
    for path, form in (
        ("payment_intents", intent),
        (SESSIONS, {**FORM, "allowed_payment_method_types[0]": "card"}),
    ):
        assert refusal(shop, path, **form)[1] == "parameter_unknown"
        answer = shop.http.post(f"/v1/{path}", data=form, headers={"Stripe-Version": "2026-10-28.endive"})
        assert answer.json()["payment_method_types"] == ["card"]


def test_an_endpoint_asks_for_events_that_exist(shop: Shop) -> None:
    form = {"url": "http://127.0.0.1:9/hook", "enabled_events[0]": "charge.suceeded"}
    assert refusal(shop, "webhook_endpoints", **form)[:3] == (400, None, "enabled_events[0]")
    assert raw(shop, "webhook_endpoints")["data"] == []
