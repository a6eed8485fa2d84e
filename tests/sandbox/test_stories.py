"""Whole stories in one call: the sequence of events, and the money at their end."""

import pytest

from sandbox.harness import Shop
from sandbox.paid import DAY_S, later, pay, raw, send


def tell(shop: Shop, story: str, on: str, **fields: object) -> None:
    shop.control("POST", "scenarios", {"story": story, "on": on, "with": fields})


def told(shop: Shop) -> list[str]:
    """All events but that of a balance transaction, which comes by itself some seconds after its charge."""
    return [name for name in shop.events() if name != "charge.updated"]


def refused(shop: Shop, story: str, on: str, **fields: object) -> int:
    before = told(shop)
    answer = shop.http.post("/_sandbox/scenarios", json={"story": story, "on": on, "with": fields})
    assert told(shop) == before
    assert shop.control("GET", "scenarios")["steps"] == []
    return answer.status_code


def intents(shop: Shop) -> list[tuple[str, int]]:
    return [(intent["status"], intent["amount_received"]) for intent in raw(shop, "payment_intents")["data"]]


def test_money_comes_although_the_session_expired(shop: Shop) -> None:
    session = shop.session(payment_intent_data={"metadata": {"order": "7"}})
    tell(shop, "late_success", session.id)
    late = shop.fetch(session.id)
    assert (late.status, late.payment_status) == ("expired", "unpaid")
    assert shop.events() == [
        "checkout.session.expired",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    intent = raw(shop, "payment_intents")["data"][0]
    assert (intent["amount_received"], intent["metadata"]) == (2599, {"order": "7"})
    assert shop.http.post(f"/v1/checkout/sessions/{session.id}/expire").status_code == 400


def test_money_comes_after_a_failed_attempt_and_the_expiry(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session, "4000000000000002")
    later(shop, DAY_S + 1)
    assert shop.fetch(session.id).status == "expired"
    tell(shop, "late_success", session.id)
    assert intents(shop) == [("succeeded", 2599), ("canceled", 0)]


def test_a_session_can_complete_after_it_expired(shop: Shop) -> None:
    session = shop.session()
    tell(shop, "late_success", session.id, completes=True)
    assert (shop.fetch(session.id).status, shop.fetch(session.id).payment_status) == ("complete", "paid")
    assert shop.events()[0] == "checkout.session.expired"
    assert shop.events()[-1] == "checkout.session.completed"


def test_one_session_is_paid_by_two_payment_intents(shop: Shop) -> None:
    session = shop.session(payment_intent_data={"metadata": {"order": "7"}})
    tell(shop, "double_payment", session.id)
    paid = raw(shop, "payment_intents")["data"]
    assert intents(shop) == [("succeeded", 2599)] * 2
    assert [intent["metadata"] for intent in paid] == [{"order": "7"}] * 2
    assert raw(shop, f"checkout/sessions/{session.id}")["payment_intent"] == paid[1]["id"]
    assert shop.events().count("payment_intent.succeeded") == 2
    assert shop.events().count("checkout.session.completed") == 1


def test_two_sessions_of_one_order_are_both_paid(shop: Shop) -> None:
    first, second = shop.session(client_reference_id="7"), shop.session(client_reference_id="7")
    shop.pay(first)
    tell(shop, "double_payment", first.id, second=second.id)
    assert [shop.fetch(one.id).payment_status for one in (first, second)] == ["paid", "paid"]
    assert intents(shop) == [("succeeded", 2599)] * 2


def test_a_refund_fails_three_weeks_later(shop: Shop) -> None:
    charge = pay(shop)
    refund = send(shop, "refunds", charge=charge["id"])
    tell(shop, "refund_fails_late", charge["id"])
    later(shop, 21 * DAY_S - 60)
    assert raw(shop, f"refunds/{refund['id']}")["status"] == "succeeded"
    later(shop, 120)
    failed = raw(shop, f"refunds/{refund['id']}")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "unknown")
    assert "refund.failed" in shop.events()


def test_a_refunded_charge_is_disputed_two_days_later(shop: Shop) -> None:
    charge = pay(shop)
    send(shop, "refunds", charge=charge["id"], amount="1000")
    tell(shop, "dispute_after_refund", charge["payment_intent"])
    assert raw(shop, f"charges/{charge['id']}")["amount_refunded"] == 3000
    later(shop, 2 * DAY_S + 1)
    dispute = raw(shop, "disputes")["data"][0]
    assert (dispute["charge"], dispute["amount"], dispute["status"]) == (charge["id"], 3000, "needs_response")
    assert [refund["status"] for refund in raw(shop, "refunds")["data"]] == ["succeeded"] * 2


def test_a_refunded_charge_is_disputed_now(shop: Shop) -> None:
    charge = pay(shop)
    assert refused(shop, "dispute_refunded", charge["id"]) == 409
    refund = send(shop, "refunds", charge=charge["id"], amount="1000")
    later(shop, 120)
    tell(shop, "dispute_refunded", refund["id"])
    assert raw(shop, f"charges/{charge['id']}")["disputed"] is True
    assert raw(shop, f"refunds/{refund['id']}")["status"] == "succeeded"


def test_a_story_that_cannot_be_told_changes_nothing(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session)
    charge = raw(shop, "charges")["data"][0]
    assert refused(shop, "late_success", session.id) == 409
    assert refused(shop, "late_success", "cs_test_nobody") == 404
    assert refused(shop, "late_success", session.id, completes=1) == 400
    assert refused(shop, "refund_fails_late", charge["id"]) == 404
    assert refused(shop, "dispute_after_refund", charge["id"], after_s=-1) == 400
    assert refused(shop, "dispute_after_refund", charge["id"], soon=True) == 400
    assert refused(shop, "double_payment", charge["id"], second="cs_test_nobody") == 404
    expired = shop.session()
    shop.client.v1.checkout.sessions.expire(expired.id)
    assert refused(shop, "double_payment", expired.id) == 409
    assert refused(shop, "double_payment", session.id, second=expired.id) == 409
    refund = send(shop, "refunds", charge=charge["id"])
    shop.control("POST", f"bank/{refund['id']}/fail")
    assert refused(shop, "refund_fails_late", refund["id"]) == 409
    held = pay(shop, capture_method="manual")
    assert refused(shop, "dispute_after_refund", held["id"]) == 409


@pytest.mark.parametrize("body", [{"story": "flood", "on": "cs_x"}, {"story": "late_success"}])
def test_an_unknown_story_is_refused(shop: Shop, body: dict[str, object]) -> None:
    assert shop.http.post("/_sandbox/scenarios", json=body).status_code == 400
    assert "late_success" in shop.control("GET", "scenarios")["stories"]
