"""Webhook endpoints and deliveries: signatures, retries, filters, resending."""

import time
from typing import Any

import pytest
import stripe

from sandbox.harness import WAIT_S, Receiver, Shop


def listen(shop: Shop, receiver: Receiver, *events: str) -> stripe.WebhookEndpoint:
    return shop.client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": list(events) or ["*"]}  # pyright: ignore[reportArgumentType]
    )


def test_a_delivery_looks_like_stripes(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver)
    shop.client.v1.customers.create(params={"name": "Éva"})
    got = receiver.wait_for("customer.created")[0]
    assert got.headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    assert got.body.startswith(b'{\n  "id": "evt_1')
    assert "Éva".encode() in got.body
    assert got.event["pending_webhooks"] == 1
    parts = got.headers["Stripe-Signature"].split(",")
    assert [part.partition("=")[0] for part in parts] == ["t", "v1", "v0"]
    assert endpoint.secret is not None
    stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], endpoint.secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], "whsec_other")


def test_the_secret_is_shown_at_creation_only(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver)
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")
    seen = shop.http.get(f"/v1/webhook_endpoints/{endpoint.id}").json()
    assert "secret" not in seen
    assert [found.id for found in shop.client.v1.webhook_endpoints.list().data] == [endpoint.id]


def test_only_wanted_events_are_delivered(shop: Shop, receiver: Receiver) -> None:
    listen(shop, receiver, "checkout.session.completed")
    shop.pay(shop.session())
    assert receiver.types() == ["checkout.session.completed"]
    assert len(shop.control("GET", "deliveries")["deliveries"]) == 1


def test_the_event_is_rendered_in_the_endpoints_version(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": ["*"], "api_version": "2026-10-28.endive"}
    )
    shop.client.v1.customers.create()
    assert receiver.wait_for("customer.created")[0].event["api_version"] == "2026-10-28.endive"


def test_a_refused_delivery_is_tried_again_until_it_is_taken(shop: Shop, receiver: Receiver) -> None:
    listen(shop, receiver)
    receiver.answers = [500, 302]
    shop.client.v1.customers.create()
    tries = receiver.wait_for("customer.created", 3)
    assert len({received.body for received in tries}) == 1
    shop.client.v1.customers.list()
    delivery = settled(shop, "acknowledged")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 200]
    assert shop.client.v1.events.list(params={"delivery_success": True}).data[0].pending_webhooks == 0


def settled(shop: Shop, state: str) -> dict[str, Any]:
    """Waits until the newest delivery is in this state."""
    delivery: dict[str, Any] = {}
    for _ in range(400):
        delivery = shop.control("GET", "deliveries")["deliveries"][0]
        if delivery["state"] == state:
            return delivery
        time.sleep(0.01)
    raise AssertionError(delivery)


def test_after_the_last_try_a_delivery_has_failed_and_can_be_sent_again_by_hand(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver)
    receiver.answers = [500] * 4
    shop.client.v1.customers.create()
    receiver.wait_for("customer.created", 3)
    settled(shop, "retrying")
    shop.control("POST", "clock", {"advance_s": 600})
    receiver.wait_for("customer.created", 4)
    settled(shop, "failed")
    missed = shop.client.v1.events.list(params={"delivery_success": False})
    assert [event.type for event in missed.data] == ["customer.created"]
    answer = shop.http.post(f"/v1/events/{missed.data[0].id}/retry", data={"webhook_endpoint": endpoint.id})
    assert answer.status_code == 200
    receiver.wait_for("customer.created", 5)
    settled(shop, "acknowledged")
    assert shop.client.v1.events.list(params={"delivery_success": False}).data == []


def test_an_acknowledged_event_can_be_sent_again(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver)
    shop.client.v1.customers.create()
    event = receiver.wait_for("customer.created")[0].event
    settled(shop, "acknowledged")
    shop.http.post(f"/v1/events/{event['id']}/retry", data={"webhook_endpoint": endpoint.id})
    receiver.wait_for("customer.created", 2)
    # The receiver knows of the second delivery a moment before the sandbox has read the answer.
    deadline = time.monotonic() + WAIT_S
    while settled(shop, "acknowledged")["due"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_event_can_be_sent_to_an_endpoint_that_came_later(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.customers.create()
    event = shop.client.v1.events.list().data[0]
    endpoint = listen(shop, receiver)
    missing = shop.http.post(f"/v1/events/{event.id}/retry", data={"webhook_endpoint": "we_x"})
    assert missing.status_code == 400
    shop.http.post(f"/v1/events/{event.id}/retry", data={"webhook_endpoint": endpoint.id})
    assert receiver.wait_for("customer.created")[0].event["id"] == event.id


def test_an_unreachable_endpoint_is_tried_again(shop: Shop) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    shop.client.v1.customers.create()
    delivery = settled(shop, "retrying")
    assert delivery["url"] == "http://127.0.0.1:9/hook"
    assert "ConnectError" in str(delivery["attempts"])


def test_nothing_is_sent_to_another_machine(shop: Shop) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": "https://shop.example/hook", "enabled_events": ["*"]})
    shop.client.v1.customers.create()
    assert "not a loopback address" in str(settled(shop, "retrying")["attempts"])


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_the_retries_of_an_endpoint_that_goes_away_end(shop: Shop, receiver: Receiver, how: str) -> None:
    endpoint = listen(shop, receiver)
    receiver.answers = [500] * 3
    shop.client.v1.customers.create()
    receiver.wait_for("customer.created", 3)
    settled(shop, "retrying")
    if how == "disabled":
        changed = shop.client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": True})
        assert changed.status == "disabled"
    else:
        assert shop.client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    shop.control("POST", "clock", {"advance_s": 600})
    settled(shop, "ended")
    shop.client.v1.customers.create()
    assert len(receiver.got) == 3


def test_an_endpoint_can_be_changed(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver, "charge.succeeded")
    changed = shop.client.v1.webhook_endpoints.update(
        endpoint.id,
        params={"enabled_events": ["customer.created"], "description": "mine", "url": receiver.url + "2"},
    )
    assert (changed.enabled_events, changed.description) == (["customer.created"], "mine")
    assert changed.url == receiver.url + "2"
    shop.client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": False})
    shop.client.v1.customers.create()
    receiver.wait_for("customer.created")
    bad = shop.http.post(f"/v1/webhook_endpoints/{endpoint.id}", data={"url": "ftp://x"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "url_invalid")


def test_while_a_secret_is_rolled_both_sign(shop: Shop, receiver: Receiver) -> None:
    endpoint = listen(shop, receiver)
    rolled = shop.control("POST", f"webhook_endpoints/{endpoint.id}/roll", {"overlap_s": 60})
    shop.client.v1.customers.create()
    got = receiver.wait_for("customer.created")[0]
    assert got.headers["Stripe-Signature"].count("v1=") == 2
    for secret in (endpoint.secret, rolled["secret"]):
        assert secret is not None
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], secret)
    shop.control("POST", "clock", {"advance_s": 61})
    shop.client.v1.customers.create()
    late = receiver.wait_for("customer.created", 2)[1]
    assert late.headers["Stripe-Signature"].count("v1=") == 1
    again = shop.control("POST", f"webhook_endpoints/{endpoint.id}/roll")
    assert again["secret"] != rolled["secret"]


def test_events_are_filtered_by_type_and_time(shop: Shop) -> None:
    shop.pay(shop.session())
    events = shop.client.v1.events
    both = events.list(params={"types": ["charge.succeeded", "payment_intent.created"]})
    assert [event.type for event in both.data] == ["charge.succeeded", "payment_intent.created"]
    assert [event.type for event in events.list(params={"type": "charge.*"}).data] == ["charge.succeeded"]
    assert events.list(params={"created": {"gt": both.data[0].created + 60}}).data == []
    assert len(events.list(params={"created": both.data[0].created}).data) >= 1
    assert events.retrieve(both.data[0].id).type == "charge.succeeded"
    answer = shop.http.get("/v1/events?type=a&types[]=b")
    assert answer.json()["error"]["code"] == "parameters_exclusive"
    payments = {event.id[:5] for event in events.list().data if event.type.startswith(("charge", "payment"))}
    assert payments == {"evt_3"}


def test_an_event_is_a_snapshot_of_its_moment(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session, "4000000000000002")
    shop.pay(session)
    failed = shop.client.v1.events.list(params={"type": "payment_intent.payment_failed"}).data[0]
    assert failed.data.object["status"] == "requires_payment_method"
    assert shop.client.v1.payment_intents.retrieve(failed.data.object["id"]).status == "succeeded"
