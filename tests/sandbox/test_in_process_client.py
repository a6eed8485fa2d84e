"""The official client talks to the sandbox without a socket, synchronously and asynchronously."""

from collections.abc import Generator
from typing import Any

import pytest
import stripe

from sandbox.harness import VERSION
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess

KEY = "sk_test_withoutsocket"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
CARD = {"number": "4242424242424242", "expiry": "12/40", "cvc": "123", "name": "Anna"}
SESSION: Any = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "customer_email": "buyer@example.com",
    "line_items": [
        {"price_data": {"currency": "eur", "unit_amount": 2599, "product_data": {"name": "Bol"}}, "quantity": 1}
    ],
}


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Generator[InProcess]:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    opened = InProcess(seed=1)
    yield opened
    opened.close()


def connected(box: InProcess, retries: int = 0) -> stripe.StripeClient:
    return stripe.StripeClient(
        KEY, stripe_version=VERSION, max_network_retries=retries, http_client=box.http_client(stripe)
    )


def test_a_purchase_and_its_refund_need_no_socket(box: InProcess) -> None:
    client = connected(box)
    session = client.v1.checkout.sessions.create(params=SESSION)
    assert session.url == f"http://127.0.0.1/c/pay/{session.id}"
    assert box.call("POST", f"/c/pay/{session.id}", data=CARD).headers["location"] == "http://127.0.0.1:9/ok"
    paid = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent.latest_charge"]})
    assert (paid.payment_status, paid["payment_intent"]["latest_charge"]["amount"]) == ("paid", 2599)
    refund = client.v1.refunds.create(params={"payment_intent": paid["payment_intent"]["id"]})
    assert (refund.status, refund.amount) == ("succeeded", 2599)
    events = [event.type for event in reversed(client.v1.events.list(params={"limit": 100}).data)]
    assert events[-1] == "charge.refunded"
    assert {"checkout.session.completed", "payment_intent.succeeded"} <= set(events)


async def test_the_asynchronous_client_works_in_the_callers_loop(box: InProcess) -> None:
    client = connected(box)
    session = await client.v1.checkout.sessions.create_async(params=SESSION)
    await box.call_async("POST", f"/c/pay/{session.id}", data=CARD)
    paid = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")


def test_the_clients_own_errors_come_back(box: InProcess) -> None:
    client = connected(box)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.retrieve("cus_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert refused.value.request_id is not None
    assert refused.value.request_id.startswith("req_")


def test_a_cut_connection_is_repeated_by_the_client_under_the_same_key(box: InProcess) -> None:
    box.call("POST", "/_sandbox/faults", json={"kind": "lose_answer"}, headers=AUTHORIZED)
    with pytest.raises(stripe.APIConnectionError):
        connected(box).v1.customers.create(params={"name": "lost"})
    box.call("POST", "/_sandbox/faults", json={"kind": "lose_answer"}, headers=AUTHORIZED)
    client = connected(box, retries=1)
    made = client.v1.customers.create(params={"name": "Anna"})
    assert [customer.name for customer in client.v1.customers.list().data] == ["Anna", "lost"]
    assert made.name == "Anna"


def test_a_snapshot_brings_back_state_and_time(box: InProcess) -> None:
    client = connected(box)
    session = client.v1.checkout.sessions.create(params=SESSION)
    box.snapshot(KEY, "open")
    assert isinstance(box.clock, ManualClock)
    box.clock.time += 86_400
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    box.restore(KEY, "open")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    with pytest.raises(LookupError):
        box.restore(KEY, "never")


def test_the_same_seed_gives_the_same_ids() -> None:
    made: list[str] = []
    for _ in range(2):
        box = InProcess(seed=7)
        made.append(connected(box).v1.customers.create().id)
        box.close()
    assert made[0] == made[1]
