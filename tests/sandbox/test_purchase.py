"""A purchase through the hosted page, driven by the official SDK."""

import pytest
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


def test_the_balance_transaction_comes_later_with_charge_updated(shop: Shop) -> None:
    session = shop.session(amount=10000)
    shop.pay(session)
    charge = shop.client.v1.charges.list().data[0]
    assert charge.balance_transaction is None
    shop.control("POST", "clock", {"advance_s": 3})
    assert shop.events()[-1] == "charge.updated"
    updated = shop.client.v1.events.list(params={"type": "charge.updated"}).data[0]
    assert updated.data.to_dict()["previous_attributes"] == {"balance_transaction": None}
    filled = shop.client.v1.charges.retrieve(charge.id, params={"expand": ["balance_transaction"]})
    movement = filled.balance_transaction
    assert isinstance(movement, stripe.BalanceTransaction)
    assert (movement.amount, movement.fee, movement.net, movement.type) == (10000, 175, 9825, "charge")


def test_a_declined_card_can_be_followed_by_another_on_the_same_payment_intent(shop: Shop) -> None:
    session = shop.session(locale="fr")
    declined = shop.pay(session, "4000000000000002")
    assert declined.status_code == 402
    assert "Votre carte a été refusée." in declined.text
    open_session = shop.fetch(session.id)
    assert open_session.status == "open"
    failed = open_session.payment_intent
    assert isinstance(failed, stripe.PaymentIntent)
    assert (failed.status, failed.payment_method) == ("requires_payment_method", None)
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "card_declined"
    assert shop.pay(session).status_code == 303
    paid = shop.fetch(session.id)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.id == failed.id
    assert paid.payment_intent.last_payment_error is None
    charges = shop.client.v1.charges.list(params={"payment_intent": failed.id})
    assert [charge.status for charge in charges.data] == ["succeeded", "failed"]
    assert shop.events() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


@pytest.mark.parametrize(
    ("number", "code", "decline_code", "message"),
    [
        ("4000000000009995", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
        ("4000000000009987", "card_declined", "lost_card", "Your card was declined."),
        ("4000000000000069", "expired_card", None, "Your card has expired."),
        ("4000000000000127", "incorrect_cvc", None, "Your card's security code is incorrect."),
        (
            "4000000000000119",
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        ("4100000000000019", "card_declined", "generic_decline", "Your card was declined."),
        ("4000008400001280", "card_declined", "generic_decline", "Your card was declined."),
    ],
)
def test_each_declining_card_says_why(
    shop: Shop, number: str, code: str, decline_code: str | None, message: str
) -> None:
    session = shop.session()
    page = shop.pay(session, number)
    assert page.status_code == 402
    assert message.replace("'", "&#39;") in page.text
    intent = shop.http.get("/v1/payment_intents").json()["data"][0]
    assert intent["last_payment_error"]["code"] == code
    assert intent["last_payment_error"].get("decline_code") == decline_code


def test_a_radar_block_never_reached_the_network(shop: Shop) -> None:
    shop.pay(shop.session(), "4100000000000019")
    outcome = shop.client.v1.charges.list().data[0].outcome
    assert outcome is not None
    assert (outcome.type, outcome.network_status, outcome.risk_level) == (
        "blocked",
        "not_sent_to_network",
        "highest",
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"number": "4242424242424241"}, "Your card number is incorrect."),
        ({"number": "4242"}, "Your card number is invalid."),
        ({"number": "4111111111111111"}, "that is not a test card"),
        ({"expiry": "13 / 34"}, "expiration date is incomplete"),
        ({"expiry": "11/20"}, "expiration date is in the past"),
        ({"cvc": "12"}, "security code is incomplete"),
        ({"number": "378282246310005", "cvc": "123"}, "security code is incomplete"),
        ({"name": " "}, "Enter the name."),
    ],
)
def test_a_mistyped_form_is_shown_again_and_nothing_is_created(
    shop: Shop, fields: dict[str, str], message: str
) -> None:
    session = shop.session()
    page = shop.http.post(
        f"/c/pay/{session.id}",
        data={"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123", "name": "Anna", **fields},
    )
    assert page.status_code == 422
    assert message in page.text.replace("&#39;", "'")
    assert 'name="number" value' not in page.text.replace('inputmode="numeric" ', "")
    assert 'name="cvc" value' not in page.text.replace('inputmode="numeric" ', "")
    assert shop.fetch(session.id).payment_intent is None
    assert shop.events() == []


def test_the_page_asks_for_an_email_only_when_the_shop_knows_none(shop: Shop) -> None:
    unknown = shop.session(customer_email="")
    assert 'id="email"' in shop.http.get(f"/c/pay/{unknown.id}").text
    assert shop.pay(unknown).status_code == 422
    assert shop.pay(unknown, email="anna@example.com").status_code == 303
    details = shop.fetch(unknown.id).customer_details
    assert details is not None
    assert (details.email, details.name) == ("anna@example.com", "Anna Buyer")
    known = shop.http.get(f"/c/pay/{shop.session().id}").text
    assert 'id="email"' not in known
    assert "buyer@example.com" in known


def test_a_second_press_of_pay_leads_to_the_shop_without_a_second_charge(shop: Shop) -> None:
    session = shop.session()
    assert shop.pay(session).status_code == 303
    assert shop.pay(session).status_code == 303
    assert len(shop.client.v1.charges.list().data) == 1


def test_no_full_number_and_no_security_code_is_kept(shop: Shop, server_data: bytes) -> None:
    del shop
    assert b"4242424242424242" not in server_data
    assert b'"cvc":' not in server_data


def test_a_session_makes_a_customer_only_when_it_is_told_to(shop: Shop) -> None:
    guest = shop.session()
    shop.pay(guest)
    assert shop.fetch(guest.id).customer is None
    always = shop.session(customer_creation="always")
    shop.pay(always)
    paid = shop.fetch(always.id)
    assert isinstance(paid.customer, str)
    assert shop.client.v1.customers.retrieve(paid.customer).email == "buyer@example.com"
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.customer == paid.customer


def test_the_buyer_waits_for_the_shop_to_take_the_event(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": ["checkout.session.completed"]}
    )
    receiver.pause_s = 0.3
    answer = shop.pay(shop.session())
    assert answer.elapsed.total_seconds() >= 0.3
    assert receiver.types() == ["checkout.session.completed"]


def test_the_next_api_version_buys_the_same_way(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session)
    endive = {"Stripe-Version": "2026-10-28.endive"}
    path = f"/v1/checkout/sessions/{session.id}?expand[]=payment_intent"
    seen = shop.http.get(path, headers=endive)
    assert seen.headers["Stripe-Version"] == "2026-10-28.endive"
    assert (seen.json()["payment_status"], seen.json()["payment_intent"]["status"]) == ("paid", "succeeded")


def test_what_the_sandbox_keeps_for_itself_is_never_shown(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    session = shop.session()
    shop.pay(session, "4000000000000002")
    shop.pay(session, "4000002760003184")
    paths = ["checkout/sessions", "payment_intents", "charges", "events", "webhook_endpoints", "customers"]
    answers = [shop.http.get(f"/v1/{path}?limit=100").text for path in paths]
    answers += [shop.http.get(f"/v1/checkout/sessions/{session.id}?expand[]=payment_intent&expand[]=line_items").text]
    answers += [received.body.decode() for received in receiver.got]
    assert not [text for text in answers if '"_' in text]


def test_a_broken_form_is_answered_by_the_page(shop: Shop) -> None:
    session = shop.session()
    answer = shop.http.post(f"/c/pay/{session.id}", content=b"number=%ff\xfe&a=1&a[b]=2")
    assert answer.status_code == 422
    assert shop.fetch(session.id).payment_intent is None
