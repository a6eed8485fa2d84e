"""PaymentIntents through the API: confirm, capture, cancel, amend, list."""

from typing import Any

import pytest
import stripe

from sandbox.harness import Shop


def create(shop: Shop, **more: Any) -> stripe.PaymentIntent:
    params: dict[str, Any] = {
        "amount": 4900,
        "currency": "eur",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        **more,
    }
    return shop.client.v1.payment_intents.create(params=params)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["pm_card_visa", "pm_card_mastercard", "tok_visa", "pm_card_bypassPending"])
def test_a_test_name_makes_a_genuine_payment(shop: Shop, name: str) -> None:
    customer = shop.client.v1.customers.create()
    intent = create(shop, payment_method=name, confirm=True, customer=customer.id, metadata={"order": "1"})
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 4900, customer.id)
    assert isinstance(intent.payment_method, str)
    assert intent.payment_method.startswith("pm_1")
    assert shop.events() == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    assert [found.id for found in shop.client.v1.payment_intents.list(params={"customer": customer.id}).data] == [
        intent.id
    ]


def test_a_token_in_payment_method_data_pays_too(shop: Shop) -> None:
    form = {
        "amount": "900",
        "currency": "eur",
        "confirm": "true",
        "return_url": "https://shop.example",
        "payment_method_data[type]": "card",
        "payment_method_data[card][token]": "tok_visa",
    }
    assert shop.http.post("/v1/payment_intents", data=form).json()["status"] == "succeeded"


def test_a_payment_intent_may_be_confirmed_in_a_second_step(shop: Shop) -> None:
    intent = create(shop, payment_method="pm_card_visa")
    assert intent.status == "requires_confirmation"
    done = shop.client.v1.payment_intents.confirm(intent.id)
    assert done.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.payment_intents.confirm(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_declined_payment_intent_takes_another_method(shop: Shop) -> None:
    intent = create(shop)
    assert intent.status == "requires_payment_method"
    confirm = shop.client.v1.payment_intents.confirm
    with pytest.raises(stripe.CardError):
        confirm(intent.id, params={"payment_method": "pm_card_chargeDeclined"})
    assert confirm(intent.id, params={"payment_method": "pm_card_visa"}).status == "succeeded"


def test_confirming_may_change_the_capture_method_and_ask_for_3d_secure(shop: Shop) -> None:
    intent = create(shop)
    held = shop.client.v1.payment_intents.confirm(
        intent.id, params={"payment_method": "pm_card_visa", "capture_method": "manual"}
    )
    assert held.status == "requires_capture"
    asked = shop.client.v1.payment_intents.confirm(
        create(shop).id,
        params={
            "payment_method": "pm_card_threeDSecureOptional",
            "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        },
    )
    assert asked.status == "requires_action"


def test_a_synchronous_capture_has_its_balance_transaction_at_once(shop: Shop) -> None:
    create(shop, payment_method="pm_card_visa", confirm=True, capture_method="automatic")
    assert shop.client.v1.charges.list().data[0].balance_transaction is not None
    shop.control("POST", "clock", {"advance_s": 60})
    assert "charge.updated" not in shop.events()


def test_an_authorisation_can_be_released(shop: Shop) -> None:
    intent = create(shop, payment_method="pm_card_visa", confirm=True, capture_method="manual")
    canceled = shop.client.v1.payment_intents.cancel(intent.id, params={"cancellation_reason": "requested_by_customer"})
    assert (canceled.status, canceled.cancellation_reason, canceled.amount_capturable) == (
        "canceled",
        "requested_by_customer",
        0,
    )
    assert canceled.canceled_at is not None
    charge = shop.client.v1.charges.list().data[0]
    assert (charge.refunded, charge.captured, charge.amount_refunded) == (True, False, 4900)
    assert shop.events()[-2:] == ["charge.refunded", "payment_intent.canceled"]
    shop.control("POST", "clock", {"advance_s": 8 * 24 * 3600})
    assert shop.events()[-1] == "payment_intent.canceled"


def test_an_authorisation_lapses_after_seven_days(shop: Shop) -> None:
    intent = create(shop, payment_method="pm_card_visa", confirm=True, capture_method="manual")
    shop.control("POST", "clock", {"advance_s": 7 * 24 * 3600 - 60})
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    shop.control("POST", "clock", {"advance_s": 61})
    lapsed = shop.client.v1.payment_intents.retrieve(intent.id)
    assert (lapsed.status, lapsed.cancellation_reason) == ("canceled", "automatic")
    assert shop.events()[-2:] == ["charge.expired", "payment_intent.canceled"]


def test_more_than_is_authorised_cannot_be_captured(shop: Shop) -> None:
    intent = create(shop, payment_method="pm_card_visa", confirm=True, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 4901})
    assert refused.value.code == "amount_too_large"
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


@pytest.mark.parametrize(("verb", "done"), [("capture", "captured"), ("cancel", "canceled")])
def test_what_the_state_forbids_names_the_state(shop: Shop, verb: str, done: str) -> None:
    intent = create(shop, payment_method="pm_card_visa", confirm=True)
    answer = shop.http.post(f"/v1/payment_intents/{intent.id}/{verb}")
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "payment_intent_unexpected_state"
    assert "because it has a status of succeeded. Only a PaymentIntent with one of the following" in error["message"]
    assert f"may be {done}: " in error["message"]
    assert error["payment_intent"]["id"] == intent.id


def test_a_canceled_payment_intent_cannot_be_confirmed(shop: Shop) -> None:
    intent = create(shop)
    shop.client.v1.payment_intents.cancel(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="has a status of canceled"):
        shop.client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa"})
    assert shop.client.v1.charges.list().data == []


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_the_payment_of_an_open_session_belongs_to_its_page(shop: Shop, verb: str) -> None:
    session = shop.session()
    shop.pay(session, "4000000000000002")
    intent = shop.fetch(session.id)["payment_intent"]["id"]
    answer = shop.http.post(f"/v1/payment_intents/{intent}/{verb}")
    assert answer.status_code == 400
    assert "Expire the Checkout Session instead" in answer.json()["error"]["message"]
    shop.client.v1.checkout.sessions.expire(session.id)
    assert shop.client.v1.payment_intents.retrieve(intent).status == "canceled"


def test_a_payment_intent_can_be_amended_before_money_moves(shop: Shop) -> None:
    intent = create(shop, metadata={"a": "1"})
    update = shop.client.v1.payment_intents.update
    customer = shop.client.v1.customers.create()
    changed = update(
        intent.id,
        params={
            "amount": 5000,
            "metadata": {"b": "2"},
            "customer": customer.id,
            "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        },
    )
    assert (changed.amount, changed.metadata.to_dict(), changed.customer) == (5000, {"a": "1", "b": "2"}, customer.id)
    shop.client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa"})
    assert update(intent.id, params={"metadata": {"c": "3"}}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        update(intent.id, params={"amount": 6000})
    assert refused.value.code == "payment_intent_unexpected_state"
    assert shop.client.v1.payment_intents.retrieve(intent.id).amount == 5000


def test_a_stored_payment_method_can_be_read(shop: Shop) -> None:
    intent = create(shop, payment_method="pm_card_amex", confirm=True)
    assert isinstance(intent.payment_method, str)
    method = shop.client.v1.payment_methods.retrieve(intent.payment_method)
    assert method.card is not None
    assert (method.card.brand, method.card.last4) == ("amex", "0005")
    assert create(shop, payment_method=method.id, confirm=True).payment_method == method.id


def test_an_elevated_risk_shows_in_the_outcome(shop: Shop) -> None:
    create(shop, payment_method="pm_card_riskLevelElevated", confirm=True)
    outcome = shop.client.v1.charges.list().data[0].outcome
    assert outcome is not None
    assert (outcome.risk_level, outcome.type) == ("elevated", "manual_review")
