"""Idempotency keys, the sequences of events, and the acts that only the sandbox's controls can bring about."""

import secrets
from typing import Any

import pytest

from sandbox.conformance.remote import INTENT, SESSION, Form, Remote

DECLINED: Form = {**INTENT, "payment_method": "pm_card_visa_chargeDeclined", "confirm": "true"}


@pytest.mark.parametrize(
    ("path", "form"), [("customers", {}), ("payment_intents", INTENT), ("checkout/sessions", SESSION)]
)
def test_a_repeated_key_gives_the_first_answer(api: Remote, path: str, form: Form) -> None:
    key = secrets.token_hex(12)
    first = api.call("POST", path, form, key=key)
    again = api.call("POST", path, form, key=key)
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Idempotency-Key"] == first.headers["Idempotency-Key"] == key
    assert again.headers["Request-Id"] != first.headers["Request-Id"]


@pytest.mark.parametrize(
    ("path", "form"), [("customers", {}), ("payment_intents", INTENT), ("checkout/sessions", SESSION)]
)
def test_a_key_with_other_parameters_is_an_error_of_its_own(api: Remote, path: str, form: Form) -> None:
    key = secrets.token_hex(12)
    api.post(path, form, key=key)
    error = api.call("POST", path, {**form, "metadata[a]": "b"}, key=key).json()["error"]
    assert error["type"] == "idempotency_error"
    assert "code" not in error
    assert f"Try using a key other than '{key}'" in error["message"]


def test_a_decline_is_replayed_and_charges_once(api: Remote) -> None:
    key = secrets.token_hex(12)
    first = api.call("POST", "payment_intents", DECLINED, key=key)
    again = api.call("POST", "payment_intents", DECLINED, key=key)
    assert (first.status_code, again.status_code) == (402, 402)
    assert again.json() == first.json()
    intent = first.json()["error"]["payment_intent"]["id"]
    assert len(api.get("charges", {"payment_intent": intent})["data"]) == 1


@pytest.mark.parametrize("wrong", [{"nope": "1"}, {"amount": "abc"}, {"amount": "0"}, {"currency": ""}])
def test_a_refused_parameter_does_not_use_up_the_key(api: Remote, wrong: Form) -> None:
    key = secrets.token_hex(12)
    assert api.call("POST", "payment_intents", {**INTENT, **wrong}, key=key).status_code == 400
    made = api.call("POST", "payment_intents", INTENT, key=key)
    assert made.status_code == 200
    assert "Idempotent-Replayed" not in made.headers


def test_two_keys_make_two_objects(api: Remote) -> None:
    assert (
        api.post("customers", key=secrets.token_hex(12))["id"] != api.post("customers", key=secrets.token_hex(12))["id"]
    )


def test_a_key_of_256_characters_is_refused(api: Remote) -> None:
    assert api.call("POST", "customers", {}, key="k" * 255).status_code == 200
    assert api.call("POST", "customers", {}, key="k" * 256).status_code == 400


PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
AUTHORISED = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"]
STORIES = {
    "created": ["payment_intent.created"],
    "paid": PAID,
    "declined": ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"],
    "canceled": ["payment_intent.created", "payment_intent.canceled"],
    "challenged": ["payment_intent.created", "payment_intent.requires_action"],
    "authorised": AUTHORISED,
    "captured": [*AUTHORISED, "charge.captured", "payment_intent.succeeded"],
    "refunded": [*PAID, "charge.refunded"],
}


@pytest.mark.parametrize(("story", "expected"), STORIES.items(), ids=list(STORIES))
def test_a_payment_tells_its_story_in_events(api: Remote, story: str, expected: list[str]) -> None:
    intent = _play(api, story)
    ids = [intent["id"], *([intent["latest_charge"]] if intent["latest_charge"] else [])]
    told = [name for name in api.events_about(*ids, least=len(expected)) if name != "charge.updated"]
    # Order is promised by nobody; what comes first and last of a payment is what a shop may see.
    assert sorted(told) == sorted(expected)
    if api.http.get("/_sandbox/health").status_code == 200:
        assert told == expected


def _play(api: Remote, story: str) -> dict[str, Any]:
    match story:
        case "created":
            return api.intent(None)
        case "declined":
            return api.refusal("payment_intents", DECLINED, 402)["payment_intent"]
        case "canceled":
            return api.intent_that_is("canceled")
        case "challenged":
            return api.intent_that_is("requires_action")
        case "authorised" | "captured":
            intent = api.intent_that_is("requires_capture")
            return api.post(f"payment_intents/{intent['id']}/capture") if story == "captured" else intent
        case _:
            intent = api.intent()
            if story == "refunded":
                api.post("refunds", {"payment_intent": intent["id"]})
            return intent


def test_an_event_names_the_call_that_caused_it(api: Remote) -> None:
    key = secrets.token_hex(12)
    answer = api.call("POST", "customers", {"email": "anna@example.com"}, key=key)
    made = answer.json()["id"]
    assert api.events_about(made, least=1) == ["customer.created"]
    listed = api.get("events", {"type": "customer.created", "limit": "20"})["data"]
    event = next(event for event in listed if event["data"]["object"]["id"] == made)
    assert event["request"] == {"id": answer.headers["Request-Id"], "idempotency_key": key}
    assert (event["object"], event["livemode"], event["data"]["object"]["email"]) == (
        "event",
        False,
        "anna@example.com",
    )


def test_a_changed_customer_tells_what_it_was(api: Remote) -> None:
    made = api.post("customers", {"email": "anna@example.com"})["id"]
    api.post(f"customers/{made}", {"email": "berta@example.com"})
    assert api.events_about(made, least=2) == ["customer.created", "customer.updated"]
    listed = api.get("events", {"type": "customer.updated", "limit": "20"})["data"]
    event = next(event for event in listed if event["data"]["object"]["id"] == made)
    assert event["data"]["previous_attributes"] == {"email": "anna@example.com"}


def test_a_deleted_customer_answers_as_deleted(api: Remote) -> None:
    made = api.post("customers")["id"]
    deleted = {"id": made, "object": "customer", "deleted": True}
    assert api.call("DELETE", f"customers/{made}").json() == deleted
    assert api.get(f"customers/{made}") == deleted
    assert api.call("POST", f"customers/{made}", {"name": "Anna"}).status_code == 404


def test_an_open_session_expires_once_and_tells_it(api: Remote) -> None:
    session = api.post("checkout/sessions", SESSION)
    assert (session["status"], session["payment_status"], session["payment_intent"]) == ("open", "unpaid", None)
    gone = api.post(f"checkout/sessions/{session['id']}/expire")
    assert (gone["status"], gone["payment_status"], gone["url"]) == ("expired", "unpaid", None)
    assert api.call("POST", f"checkout/sessions/{session['id']}/expire", {}).status_code == 400
    assert api.events_about(session["id"], least=1) == ["checkout.session.expired"]


@pytest.mark.parametrize("amount", [50, 2599, 99999999])
def test_a_session_adds_up_its_lines(api: Remote, amount: int) -> None:
    session = api.post("checkout/sessions", {**SESSION, "line_items[0][price_data][unit_amount]": str(amount)})
    assert (session["amount_subtotal"], session["amount_total"], session["currency"]) == (amount, amount, "eur")


@pytest.mark.sandbox_only
@pytest.mark.parametrize(("act", "status"), [("authenticate", "succeeded"), ("refuse", "requires_payment_method")])
def test_a_challenge_ends_as_the_bank_says(api: Remote, act: str, status: str) -> None:
    intent = api.intent_that_is("requires_action")
    headers = {"Authorization": f"Bearer {api.key}"}
    assert api.http.post(f"/_sandbox/bank/{intent['id']}/{act}", headers=headers).status_code == 200
    assert api.get(f"payment_intents/{intent['id']}")["status"] == status


@pytest.mark.sandbox_only
def test_an_authorisation_lapses_after_seven_days(api: Remote) -> None:
    intent = api.intent_that_is("requires_capture")
    headers = {"Authorization": f"Bearer {api.key}"}
    api.http.post("/_sandbox/clock", json={"advance_s": 7 * 86400 + 10}, headers=headers)
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "canceled"
    assert "charge.expired" in api.events_about(intent["latest_charge"], least=2)


@pytest.mark.sandbox_only
def test_the_balance_is_told_some_seconds_after_the_charge(api: Remote) -> None:
    intent = api.intent()
    assert api.get(f"charges/{intent['latest_charge']}")["balance_transaction"] is None
    api.http.post("/_sandbox/clock", json={"advance_s": 3}, headers={"Authorization": f"Bearer {api.key}"})
    charge = api.get(f"charges/{intent['latest_charge']}", {"expand[]": "balance_transaction"})
    balance = charge["balance_transaction"]
    assert (balance["amount"], balance["net"]) == (2599, 2599 - balance["fee"])
    assert "charge.updated" in api.events_about(charge["id"], least=2)
