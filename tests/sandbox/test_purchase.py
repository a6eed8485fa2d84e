"""A purchase through the hosted page, driven by the official SDK."""

import stripe

from sandbox.harness import Receiver, Shop


def test_a_paid_session_is_complete_and_its_events_come_in_order(shop: Shop, receiver: Receiver) -> None:
    endpoint = shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    session = shop.session(metadata={"order": "o1"}, payment_intent_data={"metadata": {"order": "o1"}})
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    answer = shop.pay(session)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://127.0.0.1:9/ok?session_id={session.id}"
    paid = shop.fetch(session.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 2599, "o1")
    assert shop.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    delivered = receiver.wait_for("checkout.session.completed")[0]
    assert endpoint.secret is not None
    event = stripe.Webhook.construct_event(delivered.body, delivered.headers["Stripe-Signature"], endpoint.secret)
    assert event.data.object["id"] == session.id


def test_a_declined_card_can_be_followed_by_another_on_the_same_payment_intent(shop: Shop) -> None:
    session = shop.session(locale="fr")
    declined = shop.pay(session, "4000000000000002")
    assert declined.status_code == 402
    assert "Votre carte a été refusée." in declined.text
    open_session = shop.fetch(session.id)
    assert open_session.status == "open"
    assert shop.pay(session).status_code == 303
    paid = shop.fetch(session.id)
    assert isinstance(open_session.payment_intent, stripe.PaymentIntent)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.id == open_session.payment_intent.id
    charges = shop.client.v1.charges.list(params={"payment_intent": paid.payment_intent.id})
    assert [charge.status for charge in charges.data] == ["succeeded", "failed"]
    assert shop.events() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
