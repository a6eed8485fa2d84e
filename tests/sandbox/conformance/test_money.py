"""Cards, declines, the states of a PaymentIntent and what each allows, refunds."""

import pytest

from sandbox.conformance.remote import INTENT, Form, Remote

UNEXPECTED = "payment_intent_unexpected_state"
STATES = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "succeeded",
    "canceled",
)
CONFIRM: Form = {"payment_method": "pm_card_visa", "return_url": "https://shop.example/back"}
AFTER: dict[tuple[str, str], str] = {
    ("requires_payment_method", "confirm"): "succeeded",
    ("requires_confirmation", "confirm"): "succeeded",
    ("requires_action", "confirm"): "succeeded",
    ("requires_payment_method", "cancel"): "canceled",
    ("requires_confirmation", "cancel"): "canceled",
    ("requires_action", "cancel"): "canceled",
    ("requires_capture", "cancel"): "canceled",
    ("requires_capture", "capture"): "succeeded",
}


@pytest.mark.parametrize("act", ["confirm", "cancel", "capture"])
@pytest.mark.parametrize("state", STATES)
def test_an_act_moves_a_payment_intent_or_is_refused_by_its_state(api: Remote, state: str, act: str) -> None:
    intent = api.intent_that_is(state)
    form: Form = CONFIRM if act == "confirm" else {}
    if (state, act) in AFTER:
        assert api.post(f"payment_intents/{intent['id']}/{act}", form)["status"] == AFTER[state, act]
        return
    error = api.refusal(f"payment_intents/{intent['id']}/{act}", form)
    assert (error["type"], error["code"]) == ("invalid_request_error", UNEXPECTED)
    assert error["payment_intent"]["id"] == intent["id"]
    assert api.get(f"payment_intents/{intent['id']}")["status"] == state


@pytest.mark.parametrize("state", STATES)
def test_an_amount_changes_only_before_money_moves(api: Remote, state: str) -> None:
    intent = api.intent_that_is(state)
    if state in ("requires_payment_method", "requires_confirmation", "requires_action"):
        assert api.post(f"payment_intents/{intent['id']}", {"amount": "3000"})["amount"] == 3000
        return
    error = api.refusal(f"payment_intents/{intent['id']}", {"amount": "3000"})
    assert error["code"] == UNEXPECTED
    assert api.get(f"payment_intents/{intent['id']}")["amount"] == 2599


@pytest.mark.parametrize("state", STATES)
def test_metadata_changes_in_every_state(api: Remote, state: str) -> None:
    intent = api.intent_that_is(state)
    changed = api.post(f"payment_intents/{intent['id']}", {"metadata[order]": "12"})
    assert (changed["metadata"], changed["status"]) == ({"order": "12"}, state)


@pytest.mark.parametrize(
    ("method", "brand", "last4"),
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_visa_debit", "visa", "5556"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_mastercard_debit", "mastercard", "8210"),
        ("pm_card_mastercard_prepaid", "mastercard", "5100"),
        ("pm_card_amex", "amex", "0005"),
        ("pm_card_discover", "discover", "1117"),
        ("pm_card_diners", "diners", "0004"),
        ("pm_card_jcb", "jcb", "0505"),
        ("pm_card_unionpay", "unionpay", "0005"),
        ("pm_card_bypassPending", "visa", "0077"),
        ("pm_card_de", "visa", "0016"),
        ("pm_card_fr", "visa", "0003"),
        ("pm_card_gb", "visa", "0000"),
    ],
)
def test_a_test_card_pays(api: Remote, method: str, brand: str, last4: str) -> None:
    intent = api.intent(method, **{"expand[]": "latest_charge"})
    charge = intent["latest_charge"]
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 2599)
    assert (charge["status"], charge["paid"], charge["captured"], charge["refunded"]) == (
        "succeeded",
        True,
        True,
        False,
    )
    card = charge["payment_method_details"]["card"]
    assert (card["brand"], card["last4"]) == (brand, last4)


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_radarBlock", "card_declined", "generic_decline"),
    ],
)
def test_a_declined_card_leaves_a_failed_charge_and_the_same_intent(
    api: Remote, method: str, code: str, decline_code: str | None
) -> None:
    error = api.refusal("payment_intents", {**INTENT, "payment_method": method, "confirm": "true"}, 402)
    assert (error["type"], error["code"]) == ("card_error", code)
    if decline_code is not None:
        assert error["decline_code"] == decline_code
    assert "param" not in error
    intent = api.get(f"payment_intents/{error['payment_intent']['id']}", {"expand[]": "latest_charge"})
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert (intent["last_payment_error"]["code"], intent["amount_received"]) == (code, 0)
    assert (intent["latest_charge"]["id"], intent["latest_charge"]["status"]) == (error["charge"], "failed")
    paid = api.post(f"payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_visa"})
    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)
    assert paid["latest_charge"] != error["charge"]


@pytest.mark.parametrize("captured", [1, 500, 2598, 2599])
def test_a_capture_takes_its_part_and_releases_the_rest(api: Remote, captured: int) -> None:
    intent = api.intent_that_is("requires_capture")
    assert (intent["amount_capturable"], intent["amount_received"]) == (2599, 0)
    done = api.post(f"payment_intents/{intent['id']}/capture", {"amount_to_capture": str(captured)})
    assert (done["status"], done["amount_received"], done["amount_capturable"]) == ("succeeded", captured, 0)
    charge = api.get(f"charges/{done['latest_charge']}")
    assert (charge["captured"], charge["amount"], charge["amount_captured"]) == (True, 2599, captured)


def test_more_than_was_authorised_cannot_be_captured(api: Remote) -> None:
    intent = api.intent_that_is("requires_capture")
    error = api.refusal(f"payment_intents/{intent['id']}/capture", {"amount_to_capture": "2600"})
    assert error["code"] == "amount_too_large"
    assert error["payment_intent"]["status"] == "requires_capture"


@pytest.mark.parametrize("reason", ["duplicate", "fraudulent", "requested_by_customer", "abandoned"])
def test_a_cancellation_keeps_its_reason(api: Remote, reason: str) -> None:
    intent = api.intent(None)
    done = api.post(f"payment_intents/{intent['id']}/cancel", {"cancellation_reason": reason})
    assert (done["status"], done["cancellation_reason"]) == ("canceled", reason)
    assert done["canceled_at"] >= intent["created"]


@pytest.mark.parametrize("target", ["charge", "payment_intent"])
@pytest.mark.parametrize("parts", [(2599,), (1, 2598), (1000, 1000, 599)])
def test_refunds_add_up_to_the_whole(api: Remote, parts: tuple[int, ...], target: str) -> None:
    intent = api.intent()
    named = intent["latest_charge"] if target == "charge" else intent["id"]
    for part in parts:
        refund = api.post("refunds", {target: named, "amount": str(part)})
        assert (refund["status"], refund["amount"], refund["currency"]) == ("succeeded", part, "eur")
    charge = api.get(f"charges/{intent['latest_charge']}")
    assert (charge["refunded"], charge["amount_refunded"]) == (True, 2599)
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "succeeded"
    error = api.refusal("refunds", {target: named})
    assert error["code"] == "charge_already_refunded"
    assert error["message"] == f"Charge {intent['latest_charge']} has already been refunded."


def test_a_refund_without_amount_gives_back_what_remains(api: Remote) -> None:
    intent = api.intent()
    api.post("refunds", {"charge": intent["latest_charge"], "amount": "600"})
    assert api.post("refunds", {"charge": intent["latest_charge"]})["amount"] == 1999


def test_more_than_remains_cannot_be_refunded(api: Remote) -> None:
    intent = api.post("payment_intents", {**INTENT, "currency": "usd", "amount": "3000", **CONFIRM, "confirm": "true"})
    error = api.refusal("refunds", {"charge": intent["latest_charge"], "amount": "4000"})
    assert error["param"] == "amount"
    assert "code" not in error
    expected = "Refund amount ($40.00) is greater than unrefunded amount on charge ($30.00)"
    assert error["message"] == expected
    assert api.get(f"charges/{intent['latest_charge']}")["amount_refunded"] == 0


@pytest.mark.parametrize("reason", ["duplicate", "fraudulent", "requested_by_customer"])
def test_a_refund_keeps_its_reason(api: Remote, reason: str) -> None:
    refund = api.post("refunds", {"charge": api.intent()["latest_charge"], "reason": reason})
    assert refund["reason"] == reason
