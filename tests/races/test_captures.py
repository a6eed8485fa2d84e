"""Capture against release, cancel, Stripe's own word and recovery: the money is taken once or given up, never both.

A capture is stopped at each of its points, another process does one thing there from beginning to end, and then the
first one goes on; and several are let loose at the same moment. The control has no lock and no shared intent.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import pytest

from capture_kit import at_stripe, authorized_order, payment_of, whole, without
from money_probe import broken_rules, rows, run
from races.interleaving import OtherProcess, at_point
from refund_kit import OTHER_STAFF, STAFF
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.errors import VivrError
from vivr.ids import OrderId, ProductId
from vivr.orders.model import OrderState
from vivr.payments import end_authorization
from vivr.payments.model import Payment, PaymentState
from vivr.recovery import recover_operations

Act = Callable[[Kit, OrderId, ProductId], Awaitable[object]]


@pytest.fixture
async def kit(database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop in this process that captures by hand."""
    async with open_kit(database_url, sandbox_url, STRIPE_MAX_RETRIES="0", PAYMENT_CAPTURE_METHOD="manual") as opened:
        yield opened


async def capture_whole(kit: Kit, order_id: OrderId, _: ProductId) -> object:
    """Somebody captures all of it."""
    return await kit.shop.capture_payment(OTHER_STAFF, whole(order_id))


async def capture_part(kit: Kit, order_id: OrderId, product: ProductId) -> object:
    """Somebody captures what can be sent."""
    return await kit.shop.capture_payment(OTHER_STAFF, without(order_id, {product: 1}))


async def release(kit: Kit, order_id: OrderId, _: ProductId) -> object:
    """Somebody gives the money up."""
    return await kit.shop.release_order(OTHER_STAFF, order_id)


async def cancel(kit: Kit, order_id: OrderId, _: ProductId) -> object:
    """The customer cancels."""
    return await kit.shop.cancel_order(GUEST, order_id)


async def hear(kit: Kit, order_id: OrderId, _: ProductId) -> object:
    """Stripe tells of everything, and the worker processes it."""
    await run(kit, "UPDATE inbox_event SET next_try_at = now() WHERE state = 'RETRYING'")
    payment = await payment_of(kit, order_id)
    for event in await kit.events("payment_intent.succeeded", "payment_intent.canceled"):
        if event["data"]["object"]["id"] == payment.intent_id:
            assert await kit.deliver(event) == 200
    return await kit.process()


async def recover(kit: Kit, order_id: OrderId, _: ProductId) -> object:
    """The worker finishes what stopped, as if a minute had passed."""
    await run(
        kit,
        "UPDATE operation SET lease_until = now(), next_try_at = now() WHERE order_id = %(id)s AND ended_at IS NULL",
        id=order_id,
    )
    shop = kit.shop
    return await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


DURING_CAPTURE: Final[Mapping[str, tuple[Act, ...]]] = {
    "capture.before_reserve": (capture_whole, release, cancel),
    "end.after_reserve": (capture_whole, release, cancel, recover),
    "end.after_call": (release, hear, recover),
    "end.after_record": (cancel, hear),
    "capture.after_settle": (release,),
}
DURING_RELEASE: Final[Mapping[str, tuple[Act, ...]]] = {
    "release.before_reserve": (capture_part,),
    "end.after_reserve": (capture_part, recover),
    "end.after_call": (capture_part, hear, recover),
    "end.after_record": (capture_part,),
    "release.after_settle": (capture_part,),
}


async def authorized_orders(kit: Kit, count: int) -> list[tuple[OrderId, ProductId]]:
    """Orders of two units whose money is authorised."""
    made = [await authorized_order(kit, quantity=2) for _ in range(count)]
    return [(order.id, product) for order, product in made]


async def rest(kit: Kit, order_id: OrderId, product: ProductId) -> None:
    """Let everything come to rest."""
    for _ in range(2):
        await recover(kit, order_id, product)
        await hear(kit, order_id, product)


async def check_one_end(kit: Kit, order_id: OrderId) -> None:
    """The order stands as Stripe says, and one operation of at most one kind succeeded."""
    order, payment, intent = await kit.order(order_id), await payment_of(kit, order_id), await at_stripe(kit, order_id)
    if intent["status"] == "succeeded":
        assert (order.state, payment.state) == (OrderState.PAID, PaymentState.CAPTURED)
        assert order.payable_minor == payment.captured_minor == intent["amount_received"]
    else:
        assert (intent["status"], order.state) == ("canceled", OrderState.CANCELLED)
        assert (payment.state, order.amendment) == (PaymentState.CANCELLED, 0)
    ends = await rows(
        kit,
        """
        SELECT outcome FROM operation
        WHERE order_id = %(id)s AND kind IN ('capture_intent', 'cancel_intent') AND outcome <> 'failed'
        """,
        id=order_id,
    )
    assert [end["outcome"] for end in ends] == ["succeeded"]


@pytest.mark.parametrize("point", DURING_CAPTURE)
async def test_whatever_happens_between_two_steps_of_a_capture(kit: Kit, other: OtherProcess, point: str) -> None:
    acts = DURING_CAPTURE[point]
    for (order_id, product), act in zip(await authorized_orders(kit, len(acts)), acts, strict=True):
        await _interleave(kit, other, point, order_id, product, first=capture_part, act=act)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("point", DURING_RELEASE)
async def test_whatever_happens_between_two_steps_of_a_release(kit: Kit, other: OtherProcess, point: str) -> None:
    acts = DURING_RELEASE[point]
    for (order_id, product), act in zip(await authorized_orders(kit, len(acts)), acts, strict=True):
        await _interleave(kit, other, point, order_id, product, first=release, act=act)
    assert await broken_rules(kit) == {}


async def _interleave(
    kit: Kit, other: OtherProcess, point: str, order_id: OrderId, product: ProductId, *, first: Act, act: Act
) -> None:
    async def interfere(theirs: Kit) -> None:
        with suppress(VivrError):
            await act(theirs, order_id, product)

    with at_point(point, lambda: other.run(interfere)) as reached, suppress(VivrError):
        await first(kit, order_id, product)
    assert point in reached
    await rest(kit, order_id, product)
    await check_one_end(kit, order_id)


async def test_capture_and_release_at_the_same_moment_have_one_end(kit: Kit, second: Kit) -> None:
    for order_id, product in await authorized_orders(kit, 2):
        await asyncio.gather(
            capture_part(kit, order_id, product),
            capture_whole(second, order_id, product),
            release(kit, order_id, product),
            cancel(second, order_id, product),
            return_exceptions=True,
        )
        await rest(kit, order_id, product)
        await check_one_end(kit, order_id)
    assert await broken_rules(kit) == {}


async def test_the_control_without_the_shared_intent_is_caught(
    kit: Kit, other: OtherProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two captures of different sums side by side: the loser puts back what the winner has struck."""
    ((order_id, product),) = await authorized_orders(kit, 1)
    numbers = iter(range(1, 100))

    def own_intent(payment: Payment) -> str:
        return f"end:{payment.id}:{next(numbers)}"

    monkeypatch.setattr(end_authorization, "end_intent", own_intent)

    async def interfere(theirs: Kit) -> None:
        await capture_whole(theirs, order_id, product)

    with at_point("end.after_reserve", lambda: other.run(interfere)), suppress(VivrError):
        await kit.shop.capture_payment(STAFF, without(order_id, {product: 1}))
    await rest(kit, order_id, product)
    payment = await payment_of(kit, order_id)
    order = await kit.order(order_id)
    whole_sum = 5470
    is_right = payment.captured_minor == whole_sum == order.payable_minor and await broken_rules(kit) == {}
    assert not is_right
