"""The objects have the key sets and types of the real ones."""

from typing import Any

import pytest
import stripe

from sandbox.checkout_shapes import BALANCE_TRANSACTION, CUSTOMER, REFUND, SESSION
from sandbox.harness import Shop
from sandbox.payment_shapes import CARD_ERROR, CHARGE, LAST_PAYMENT_ERROR, PAYMENT_INTENT, PAYMENT_METHOD
from sandbox.shapes import Table, differences


def raw(shop: Shop, path: str) -> dict[str, Any]:
    return shop.http.get(f"/v1/{path}").json()


def test_every_object_of_a_paid_session_has_its_shape(shop: Shop) -> None:
    customer = shop.client.v1.customers.create(params={"email": "anna@example.com"})
    session = shop.session(customer=customer.id, customer_email="")
    shop.pay(session)
    shop.control("POST", "clock", {"advance_s": 3})
    paid = raw(shop, f"checkout/sessions/{session.id}")
    assert differences(paid, SESSION) == []
    intent = raw(shop, f"payment_intents/{paid['payment_intent']}")
    assert differences(intent, PAYMENT_INTENT) == []
    charge = raw(shop, f"charges/{intent['latest_charge']}")
    assert differences(charge, CHARGE) == []
    assert differences(raw(shop, f"payment_methods/{intent['payment_method']}"), PAYMENT_METHOD) == []
    assert differences(raw(shop, f"balance_transactions/{charge['balance_transaction']}"), BALANCE_TRANSACTION) == []
    assert differences(raw(shop, f"customers/{customer.id}"), CUSTOMER) == []
    refund = shop.client.v1.refunds.create(params={"charge": charge["id"], "amount": 100})
    assert differences(raw(shop, f"refunds/{refund.id}"), REFUND) == []
    stems = {paid["payment_intent"][3:19], charge["id"][3:19], charge["balance_transaction"][4:20], refund.id[3:19]}
    assert len(stems) == 1
    assert paid["id"].startswith("cs_test_a1")
    assert len(paid["id"]) == 66


def test_an_authorised_payment_has_its_shape(shop: Shop) -> None:
    session = shop.session(payment_intent_data={"capture_method": "manual"})
    shop.pay(session)
    intent = raw(shop, f"payment_intents/{shop.fetch(session.id)['payment_intent']['id']}")
    assert differences(intent, PAYMENT_INTENT) == []
    assert differences(raw(shop, f"charges/{intent['latest_charge']}"), CHARGE) == []


def test_a_decline_has_its_shape(shop: Shop) -> None:
    answer = shop.http.post(
        "/v1/payment_intents",
        data={
            "amount": "4900",
            "currency": "usd",
            "payment_method": "pm_card_visa_chargeDeclined",
            "payment_method_types[]": "card",
            "confirm": "true",
        },
    )
    assert answer.status_code == 402
    error = answer.json()["error"]
    assert differences(error, CARD_ERROR) == []
    assert differences(error["payment_intent"], PAYMENT_INTENT) == []
    assert differences(error["payment_intent"]["last_payment_error"], LAST_PAYMENT_ERROR) == []
    assert differences(raw(shop, f"charges/{error['charge']}"), CHARGE) == []
    assert (error["code"], error["decline_code"], error["network_decline_code"]) == (
        "card_declined",
        "generic_decline",
        "01",
    )


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"id": "x", "amount": "12"}, "amount: str, not int"),
        ({"id": "x"}, "amount: missing"),
        ({"id": "x", "amount": 12, "more": 1}, "more: unknown"),
    ],
)
def test_the_comparison_itself_catches_a_broken_answer(broken: dict[str, Any], complaint: str) -> None:
    table: Table = {"id": "str", "amount": "int"}
    assert differences(broken, table) == [complaint]


def test_events_are_shaped_and_signed_for_their_cause(shop: Shop) -> None:
    customer = shop.client.v1.customers.create(
        params={"email": "anna@example.com"}, options={"idempotency_key": "first-customer"}
    )
    event = shop.client.v1.events.list(params={"type": "customer.created"}).data[0]
    assert isinstance(event, stripe.Event)
    assert event.data.object["id"] == customer.id
    assert event.api_version == "2026-05-27.dahlia"
    assert event.request is not None
    assert event.request.idempotency_key == "first-customer"
    assert event.request.id == customer.last_response.request_id  # pyright: ignore[reportOptionalMemberAccess]
    assert set(raw(shop, f"events/{event.id}")) == {
        "id",
        "object",
        "api_version",
        "created",
        "data",
        "livemode",
        "pending_webhooks",
        "request",
        "type",
    }
