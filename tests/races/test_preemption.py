"""Whatever another process does between two steps of a use case, the order is paid once or closed, and nothing is lost.

Each use case is stopped once at each of its named points outside a transaction, another process does one thing there
from beginning to end, and then the first one goes on: every schedule with one preemption.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pytest

from money_probe import broken_rules, rows, run
from races.interleaving import OtherProcess, at_point
from shop_kit import GUEST, WORKER, Kit
from vivr.checkout.expire_orders import expire_orders
from vivr.crash_points import crash_point
from vivr.errors import Conflict, Unavailable
from vivr.ids import OrderId, ProductId
from vivr.orders.model import OrderState
from vivr.payments.poll_payments import poll_payments
from vivr.recovery import recover_operations
from vivr.webhooks.events import SUBSCRIBED


@dataclass
class Scene:
    """One order on its way, as the acts find it."""

    order_id: OrderId
    product: ProductId
    urls: list[str]


Act = Callable[[Kit, Scene], Awaitable[None]]


async def start(kit: Kit, scene: Scene) -> None:
    """The customer presses Buy."""
    scene.urls.append((await kit.shop.start_checkout(GUEST, scene.order_id)).url)


async def pay(kit: Kit, scene: Scene) -> None:
    """The customer pays on the newest page that exists at Stripe, whoever knows it."""
    listed = (await kit.api("GET", "/v1/checkout/sessions?limit=1"))["data"]
    if listed and listed[0]["client_reference_id"] == scene.order_id:
        await kit.pay(f"{kit.sandbox.base_url}/c/pay/{listed[0]['id']}")


async def decline(kit: Kit, scene: Scene) -> None:
    """The customer tries a card that is declined."""
    for url in scene.urls:
        await kit.pay(url, "4000000000000002")


async def hear(kit: Kit, scene: Scene) -> None:
    """Stripe delivers everything about the order's payments, and the worker processes it."""
    await run(kit, "UPDATE inbox_event SET next_try_at = now() WHERE state = 'RETRYING'")
    listed = (await kit.api("GET", "/v1/events?limit=15"))["data"]
    for event in reversed(listed):
        if event["type"] in SUBSCRIBED and event["data"]["object"]["metadata"].get("order") == scene.order_id:
            assert await kit.deliver(event) == 200
    await kit.process()


async def cancel(kit: Kit, scene: Scene) -> None:
    """The customer cancels."""
    await kit.shop.cancel_order(GUEST, scene.order_id)


async def look(kit: Kit, scene: Scene) -> None:
    """The customer reloads the return page of every session."""
    known = await rows(kit, "SELECT session_id FROM payment WHERE order_id = %(id)s", id=scene.order_id)
    for row in known:
        if row["session_id"] is not None:
            await kit.shop.settle_session(GUEST, row["session_id"])


async def poll(kit: Kit, scene: Scene) -> None:
    """The worker asks about payments whose webhook did not come."""
    await run(
        kit, "UPDATE payment SET poll_at = now() WHERE order_id = %(id)s AND poll_at IS NOT NULL", id=scene.order_id
    )
    shop, settings = kit.shop, kit.shop.settings
    first, longest = settings.payment_poll_first, settings.payment_poll_max
    await poll_payments(shop.database, shop.stripe, shop.clock, WORKER, first=first, longest=longest)


async def recover(kit: Kit, scene: Scene) -> None:
    """The worker finishes Stripe writes whose lease ended, as if a minute had passed."""
    await run(
        kit,
        "UPDATE operation SET lease_until = now(), next_try_at = now() WHERE order_id = %(id)s AND ended_at IS NULL",
        id=scene.order_id,
    )
    shop = kit.shop
    await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


async def expire(kit: Kit, scene: Scene) -> None:
    """The worker cancels what is overdue, and the order is."""
    await run(kit, "UPDATE orders SET deadline_at = now() WHERE id = %(id)s", id=scene.order_id)
    shop = kit.shop
    await expire_orders(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


FIRST: Final[dict[str, tuple[tuple[Act, ...], Act, tuple[str, ...]]]] = {
    "start": (
        (),
        start,
        (
            "customer.before_reserve",
            "customer.after_reserve",
            "customer.after_call",
            "checkout.before_reserve",
            "checkout.after_reserve",
            "checkout.after_call",
            "checkout.after_record",
        ),
    ),
    "cancel": (
        (start,),
        cancel,
        (
            "settle.before_read",
            "settle.after_read",
            "settle.after_apply",
            "close.before_reserve",
            "close.after_reserve",
            "close.after_call",
            "close.after_record",
        ),
    ),
    "look": ((start, pay), look, ("settle.before_read", "settle.after_read", "settle.after_apply")),
    "look too early": ((start,), look, ("settle.before_read", "settle.after_read")),
    "hear": (
        (start, pay),
        hear,
        ("webhook.before_insert", "inbox.after_claim", "inbox.before_fetch", "settle.before_read", "inbox.after_fetch"),
    ),
    "expire": ((start,), expire, ("settle.before_read", "settle.after_apply", "close.after_reserve")),
}
"""A use case: what happens before it, itself, and the points at which it is stopped."""

THEN: Final[dict[str, tuple[Act, ...]]] = {
    "start": (start,),
    "pay": (pay,),
    "pay and hear": (pay, hear),
    "decline and hear": (decline, hear),
    "cancel": (cancel,),
    "look": (look,),
    "recover": (recover,),
    "expire": (expire,),
}
"""What the other process does meanwhile."""


async def play(kit: Kit, scene: Scene, *acts: Act) -> None:
    """Act after act; what is refused is refused."""
    for act in acts:
        with suppress(Conflict, Unavailable):
            await act(kit, scene)


async def come_to_rest(kit: Kit, scene: Scene) -> None:
    """Let the worker do all that is left to do."""
    await play(kit, scene, recover, hear, poll)


async def judge(kit: Kit, scene: Scene) -> None:
    """Stripe and the shop agree on what became of the order."""
    sessions = await sessions_at_stripe(kit, scene)
    paid = [session for session in sessions if session["payment_status"] == "paid"]
    state = (await kit.order(scene.order_id)).state
    assert len(paid) <= 1
    assert (state == OrderState.PAID) == (len(paid) == 1)
    assert len([session for session in sessions if session["status"] == "open"]) <= (state == OrderState.PENDING)
    assert await kit.stock(scene.product) == {"PAID": (9, 0), "CANCELLED": (10, 0), "PENDING": (10, 1)}[state]
    assert await broken_rules(kit) == {}
    left = await rows(
        kit,
        """
        SELECT (SELECT count(*) FROM money_exception) AS exceptions,
               (SELECT count(*) FROM operation WHERE outcome IN ('started', 'unknown')) AS operations,
               (SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')) AS events,
               (SELECT count(*) FROM email_message WHERE order_id = %(id)s) AS mails
        """,
        id=scene.order_id,
    )
    assert left == [{"exceptions": 0, "operations": 0, "events": 0, "mails": int(state == OrderState.PAID)}]


async def sessions_at_stripe(kit: Kit, scene: Scene) -> list[dict[str, Any]]:
    """All sessions that Stripe has for the order, of whatever customer; there is at most one customer."""
    newest = (await kit.api("GET", "/v1/customers?limit=3"))["data"]
    customers = [found["id"] for found in newest if found["metadata"]["owner"] == scene.order_id]
    assert len(customers) <= 1
    if not customers:
        return []
    listed = await kit.api("GET", f"/v1/checkout/sessions?limit=100&customer={customers[0]}")
    return [session for session in listed["data"] if session["client_reference_id"] == scene.order_id]


async def careless_cancel(kit: Kit, scene: Scene) -> None:
    """What many shops do: the order is cancelled and its stock freed on our own word; Stripe is told afterwards."""
    await run(
        kit,
        """
        WITH freed AS (UPDATE stock_reservation SET state = 'FREED' WHERE order_id = %(id)s RETURNING product_id),
        given AS (UPDATE product SET stock_reserved = stock_reserved - 1 FROM freed WHERE id = product_id),
        ended AS (UPDATE payment SET state = 'CANCELLED' WHERE order_id = %(id)s),
        moved AS (UPDATE orders SET state = 'CANCELLED' WHERE id = %(id)s)
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        VALUES (%(id)s, 'PENDING', 'CANCELLED', 'careless', 'system:test', 'req_test', now())
        """,
        id=scene.order_id,
    )
    crash_point("close.before_reserve")


async def stop_at(
    kit: Kit, other: OtherProcess, point: str, before: tuple[Act, ...], act: Act, meanwhile: tuple[Act, ...]
) -> None:
    """One schedule on an order of its own, and its verdict."""
    product = await kit.add_product()
    scene = Scene((await kit.place(product)).id, product, [])
    await play(kit, scene, *before)
    with at_point(point, lambda: other.run(lambda there: play(there, scene, *meanwhile))) as reached:
        await play(kit, scene, act)
    assert point in reached, point
    await come_to_rest(kit, scene)
    await judge(kit, scene)


@pytest.mark.parametrize("name", FIRST)
async def test_one_preemption_anywhere_loses_nothing(kit: Kit, other: OtherProcess, name: str) -> None:
    before, act, points = FIRST[name]
    for point in points:
        for meanwhile, acts in THEN.items():
            try:
                await stop_at(kit, other, point, before, act, acts)
            except AssertionError as error:
                raise AssertionError(f"{name}, stopped at {point}, meanwhile {meanwhile}") from error


async def test_the_same_schedules_catch_a_careless_cancel(kit: Kit, other: OtherProcess) -> None:
    with pytest.raises(AssertionError):
        await stop_at(kit, other, "close.before_reserve", (start,), careless_cancel, (pay, hear))
