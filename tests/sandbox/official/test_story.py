"""A purchase, a refund and a dispute, told twice: by the official client for Python and by the one for node."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox.harness import VERSION, Receiver, ServerThread, Shop
from sandbox.official.tools import run_node

NODE_KEY = "sk_test_story_in_node"
STORY = Path(__file__).with_name("story.cjs")


def buy(shop: Shop, amount: int, order: str, number: str) -> tuple[int, stripe.checkout.Session]:
    """The page's answer, and the session as it then is."""
    session = shop.client.v1.checkout.sessions.create(
        params={
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Bowl"}},
                    "quantity": 1,
                }
            ],
            "success_url": "http://127.0.0.1:9/thanks",
            "customer_email": "anna@example.com",
            "client_reference_id": order,
        },
        options={"idempotency_key": f"session-{order}"},
    )
    assert session.url is not None
    form = {"number": number, "expiry": "12 / 40", "cvc": "123", "name": "Anna"}
    paid = httpx.post(session.url, data=form, follow_redirects=False, trust_env=False)
    seen = shop.client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent.latest_charge"]})
    return paid.status_code, seen


def refused(call: Callable[[], object]) -> list[Any]:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call()
    error = caught.value
    assert error.error is not None
    return [error.http_status, error.error.type, error.code, error.error.param, error.error.message]


def tell(shop: Shop, receiver: Receiver) -> dict[str, Any]:
    """Keep the steps as those of story.cjs."""
    facts: dict[str, Any] = {}
    client = shop.client.v1
    shop.control("POST", "clock", {"speed": 0})
    endpoint = client.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    assert endpoint.secret is not None

    page, first = buy(shop, 2599, "1", "4242424242424242")
    intent, charge = parts(first)
    facts["purchase"] = [page, first.status, first.payment_status, intent.status, charge.status]
    facts["reference"] = first.client_reference_id

    refund = client.refunds.create(
        params={"payment_intent": intent.id, "amount": 599, "metadata": {"why": "chipped"}}
    ).to_dict()
    facts["refund"] = [refund["object"], refund["amount"], refund["status"], refund["metadata"]]
    facts["too_much"] = refused(lambda: client.refunds.create(params={"payment_intent": intent.id, "amount": 2001}))
    charge = client.charges.retrieve(charge.id)
    facts["refunded"] = [charge.amount_refunded, charge.refunded]

    page, declined = buy(shop, 1000, "2", "4000000000000002")
    reason = parts(declined)[0].last_payment_error
    assert reason is not None
    facts["declined"] = [page, declined.status, reason.decline_code]

    _, second = buy(shop, 5000, "3", "4000000000000259")
    shop.control("POST", "clock", {"advance_s": 3})
    opened = client.disputes.list(params={"payment_intent": parts(second)[0].id}).data[0]
    facts["dispute"] = [opened.status, opened.amount, opened.reason, opened.is_charge_refundable]
    evidence: stripe.params.DisputeUpdateParamsEvidence = {"uncategorized_text": "winning_evidence"}
    facts["submitted"] = client.disputes.update(opened.id, params={"evidence": evidence, "submit": True}).status
    shop.control("POST", "clock", {"advance_s": 6})
    won = client.disputes.retrieve(opened.id)
    entries = [[entry.reporting_category, entry.amount, entry.fee] for entry in won.balance_transactions]
    facts["won"] = [won.status, entries]

    facts["missing"] = refused(lambda: client.checkout.sessions.retrieve("cs_test_none"))
    unknown: Any = {"shoe_size": "42"}
    facts["unknown"] = refused(lambda: client.customers.create(params=unknown))
    listed = client.events.list(params={"limit": 3})
    facts["events"] = [event.type for event in listed.auto_paging_iter()][::-1]
    for name in set(facts["events"]):
        receiver.wait_for(name, facts["events"].count(name))
    facts["verified"] = sorted(
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], endpoint.secret).type
        for got in receiver.got
    )
    return facts


def parts(session: stripe.checkout.Session) -> tuple[stripe.PaymentIntent, stripe.Charge]:
    intent = session.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent, intent.latest_charge


def test_python_and_node_live_through_the_same_purchase_refund_and_dispute(
    shop: Shop, receiver: Receiver, server: ServerThread
) -> None:
    in_python = tell(shop, receiver)
    variables = {"SANDBOX_URL": server.url, "SANDBOX_KEY": NODE_KEY, "STRIPE_VERSION": VERSION}
    in_node = json.loads(run_node(STORY, variables))
    assert in_node == in_python
    assert in_python["purchase"] == [303, "complete", "paid", "succeeded", "succeeded"]
    assert in_python["refund"] == ["refund", 599, "succeeded", {"why": "chipped"}]
    assert in_python["too_much"][:2] == [400, "invalid_request_error"]
    assert in_python["declined"] == [402, "open", "generic_decline"]
    assert in_python["dispute"] == ["needs_response", 5000, "fraudulent", False]
    assert in_python["submitted"] == "under_review"
    assert in_python["won"] == ["won", [["dispute", -5000, 1500], ["dispute_reversal", 5000, 0]]]
    assert in_python["missing"][2:4] == ["resource_missing", "session"]
    assert in_python["unknown"][2:4] == ["parameter_unknown", "shoe_size"]
    assert in_python["verified"] == sorted(in_python["events"])
