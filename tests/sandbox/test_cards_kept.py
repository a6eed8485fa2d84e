"""Cards kept for a customer, by a payment or by his own parameters, until he is deleted; and notes on charges."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import pay, raw, refusal, send, told

SESSIONS = "checkout/sessions"


@pytest.mark.parametrize(
    "wish",
    [
        {"payment_intent_data": {"setup_future_usage": "off_session"}},
        {"payment_method_options": {"card": {"setup_future_usage": "off_session"}}},
    ],
)
def test_a_paid_session_keeps_the_card_for_later(shop: Shop, wish: dict[str, Any]) -> None:
    session = shop.session(**wish)
    assert shop.pay(session, "4000000000000002").status_code == 402
    assert told(shop, "payment_method.attached") == []
    assert shop.pay(session).status_code == 303
    paid = raw(shop, f"{SESSIONS}/{session.id}?expand[]=payment_intent.payment_method")
    method = paid["payment_intent"]["payment_method"]
    assert (method["customer"], len(told(shop, "payment_method.attached"))) == (paid["customer"], 1)
    again = {"amount": "900", "currency": "eur", "customer": paid["customer"], "payment_method": method["id"]}
    again |= {"confirm": "true", "off_session": "true", "payment_method_types[]": "card"}
    assert send(shop, "payment_intents", **again)["status"] == "succeeded"


def test_a_payment_keeps_the_card_of_its_customer(shop: Shop) -> None:
    anna = send(shop, "customers")["id"]
    charge = pay(shop, customer=anna, setup_future_usage="on_session")
    assert raw(shop, f"payment_methods/{charge['payment_method']}")["customer"] == anna
    plain = pay(shop, customer=anna)
    assert raw(shop, f"payment_methods/{plain['payment_method']}")["customer"] is None


def test_cards_alone_may_be_only_authorised(shop: Shop) -> None:
    session = shop.session(payment_method_options={"card": {"capture_method": "manual"}})
    assert raw(shop, f"{SESSIONS}/{session.id}")["payment_method_options"]["card"]["capture_method"] == "manual"
    shop.pay(session)
    held = raw(shop, f"{SESSIONS}/{session.id}?expand[]=payment_intent")["payment_intent"]
    assert (held["status"], held["capture_method"], held["amount_capturable"]) == (
        "requires_capture",
        "automatic_async",
        2599,
    )
    assert send(shop, f"payment_intents/{held['id']}/capture")["amount_received"] == 2599


def test_a_customer_comes_with_his_card(shop: Shop) -> None:
    anna = send(shop, "customers", payment_method="pm_card_visa", invoice_prefix="ANNA", next_invoice_sequence="7")
    (method,) = raw(shop, f"customers/{anna['id']}/payment_methods")["data"]
    assert (anna["invoice_prefix"], anna["next_invoice_sequence"], method["card"]["last4"]) == ("ANNA", 7, "4242")
    name = "invoice_settings[default_payment_method]"
    changed = send(shop, f"customers/{anna['id']}", **{name: method["id"]})
    assert changed["invoice_settings"]["default_payment_method"] == method["id"]
    other = send(shop, "payment_methods", type="card", **{"card[token]": "tok_visa"})["id"]
    assert refusal(shop, f"customers/{anna['id']}", **{name: other})[:3] == (400, "resource_missing", name)
    assert raw(shop, f"customers/{anna['id']}")["invoice_settings"] == changed["invoice_settings"]


def test_a_customer_who_goes_takes_his_cards_along(shop: Shop) -> None:
    anna = send(shop, "customers", payment_method="pm_card_visa")["id"]
    (method,) = raw(shop, f"customers/{anna}/payment_methods")["data"]
    assert shop.http.delete(f"/v1/customers/{anna}").json()["deleted"] is True
    assert raw(shop, f"payment_methods/{method['id']}")["customer"] is None
    ben = send(shop, "customers")["id"]
    assert refusal(shop, f"payment_methods/{method['id']}/attach", customer=ben)[1] == "payment_method_unexpected_state"
    assert shop.events()[-3:] == ["customer.deleted", "payment_method.detached", "customer.created"]


def test_a_note_on_a_charge_changes_no_money(shop: Shop) -> None:
    charge = pay(shop)
    changed = send(shop, f"charges/{charge['id']}", description="Bol", **{"fraud_details[user_report]": "safe"})
    assert (changed["description"], changed["fraud_details"]) == ("Bol", {"user_report": "safe"})
    assert changed["amount"] == charge["amount"]
    assert told(shop, "charge.updated")[0]["previous_attributes"] == {"description": None, "fraud_details": {}}
    assert refusal(shop, f"charges/{charge['id']}", amount="1")[1:3] == ("parameter_unknown", "amount")
