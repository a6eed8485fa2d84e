"""Events that wait together are served together: one read of Stripe, one transaction, a reason for each of them."""

from money_probe import broken_rules, calls, open_checkout, rows
from refund_kit import refund
from shop_kit import GUEST, Kit
from vivr.orders.model import OrderState
from vivr.stripe_gateway.requests import API_VERSION

PAYMENT_EVENTS = ("checkout.session.completed", "payment_intent.succeeded")


async def reads_of(kit: Kit) -> int:
    """How often Stripe was asked for a session or a PaymentIntent."""
    routes = ("GET /v1/checkout/sessions/{id}", "GET /v1/payment_intents/{id}")
    return sum([(await calls(kit, route))[0] for route in routes])


async def test_all_waiting_events_of_a_payment_are_served_by_one_read(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    events = await kit.events(*PAYMENT_EVENTS)
    assert len(events) == 2
    for event in [*events, *reversed(events)]:
        assert await kit.deliver(event) == 200
    before = await reads_of(kit)
    assert await kit.process() == 2
    # The session names its PaymentIntent in its own event, so both stand in one group; one read has both.
    assert await reads_of(kit) - before == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
    found = await rows(kit, "SELECT id, state, reason, order_id FROM inbox_event ORDER BY ended_at, received_at, id")
    assert [(row["state"], row["order_id"]) for row in found] == [("PROCESSED", order.id)] * 2
    together = [row["reason"] for row in found if row["reason"].startswith("Read together with evt_")]
    assert len(together) == 1
    assert await broken_rules(kit) == {}


async def test_what_is_read_of_refunds_serves_the_events_of_their_payment_too(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    await kit.shop.settle_session(GUEST, link.session_id)
    await refund(kit, order.id)
    events = await kit.events(*PAYMENT_EVENTS, "charge.refunded", "refund.created")
    assert len(events) == 4
    for event in events:
        assert await kit.deliver(event) == 200
    before, before_lists = await reads_of(kit), (await calls(kit, "GET /v1/refunds"))[0]
    assert await kit.process() == 4
    assert await reads_of(kit) - before == 1
    assert (await calls(kit, "GET /v1/refunds"))[0] - before_lists == 1
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state = 'PROCESSED'") == 4
    assert await broken_rules(kit) == {}


async def test_events_of_two_payments_are_processed_side_by_side_and_apart(kit: Kit) -> None:
    orders = [await open_checkout(kit) for _ in range(3)]
    for _, link, _ in orders:
        await kit.pay(link.url)
    for event in await kit.events(*PAYMENT_EVENTS):
        assert await kit.deliver(event) == 200
    before = await reads_of(kit)
    assert await kit.process() == 6
    assert await reads_of(kit) - before == 3
    for order, _, _ in orders:
        assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}


async def test_an_event_that_names_a_strangers_payment_intent_is_only_grouped_wrongly(kit: Kit) -> None:
    one, other = [await open_checkout(kit) for _ in range(2)]
    await kit.pay(one[1].url)
    await kit.pay(other[1].url)
    completed = await kit.events("checkout.session.completed")
    first, second = completed
    second["data"]["object"]["payment_intent"] = first["data"]["object"]["payment_intent"]
    assert await kit.deliver(first) == 200
    assert await kit.deliver(second) == 200
    assert await kit.count("SELECT count(DISTINCT subject) FROM inbox_event") == 1
    assert await kit.process() == 2
    for order, _, _ in (one, other):
        assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}


async def test_an_event_of_another_api_version_is_marked_and_processed_all_the_same(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    completed = (await kit.events("checkout.session.completed"))[0]
    assert completed["api_version"] == API_VERSION
    completed["api_version"] = "2022-11-15"
    assert await kit.deliver(completed) == 200
    assert await kit.process() == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await rows(kit, "SELECT version_drift, api_version FROM inbox_event") == [
        {"version_drift": True, "api_version": "2022-11-15"}
    ]
