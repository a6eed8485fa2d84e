"""Two at once over the rest of a payment: nothing goes back twice, nothing beyond what was captured, nothing unbooked.

A refund is stopped at each of its points outside a transaction, another process does one thing there from beginning to
end, and then the first one goes on; and several are let loose at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import pytest

from money_probe import broken_rules, rows, run
from races.interleaving import OtherProcess, at_point
from refund_kit import OTHER_STAFF, STAFF, asked, payment_sums, refund, refund_at_stripe
from shop_kit import GUEST, WORKER, Kit
from vivr.errors import Refusal, VivrError
from vivr.ids import OrderId
from vivr.recovery import recover_operations
from vivr.refunds.model import RefundState, Wish
from vivr.refunds.request_refund import RefundRequest

POINTS: Final = ("refund.before_reserve", "refund.after_reserve", "refund.after_call", "refund.after_record")
REFUND_EVENTS: Final = ("refund.created", "refund.updated", "refund.failed", "charge.refunded")

Act = Callable[[Kit, RefundRequest], Awaitable[object]]


async def whole(kit: Kit, first: RefundRequest) -> object:
    """Somebody else refunds all that is left."""
    return await refund(kit, first.order_id, None, OTHER_STAFF)


async def part(kit: Kit, first: RefundRequest) -> object:
    """Somebody else refunds a part that fits beside the first one."""
    return await refund(kit, first.order_id, Wish(amount_minor=980), OTHER_STAFF)


async def again(kit: Kit, first: RefundRequest) -> object:
    """The same request comes a second time."""
    return await kit.shop.request_refund(STAFF, first)


async def hear(kit: Kit, first: RefundRequest) -> object:
    """Stripe tells of everything, and the worker processes it."""
    await run(kit, "UPDATE inbox_event SET next_try_at = now() WHERE state = 'RETRYING'")
    order = await rows(kit, "SELECT intent_id FROM payment WHERE order_id = %(id)s", id=first.order_id)
    for event in await kit.events(*REFUND_EVENTS):
        if event["data"]["object"]["payment_intent"] == order[0]["intent_id"]:
            assert await kit.deliver(event) == 200
    return await kit.process()


async def dashboard(kit: Kit, first: RefundRequest) -> object:
    """Somebody refunds a part in Stripe's dashboard, and the shop hears of it."""
    await refund_at_stripe(kit, first.order_id, 700)
    return await hear(kit, first)


async def dashboard_whole(kit: Kit, first: RefundRequest) -> object:
    """Somebody refunds everything that Stripe still has."""
    with suppress(AssertionError):  # nothing is left there
        await refund_at_stripe(kit, first.order_id)
    return await hear(kit, first)


async def recover(kit: Kit, first: RefundRequest) -> object:
    """The worker finishes what stopped, as if a minute had passed."""
    await run(
        kit,
        "UPDATE operation SET lease_until = now(), next_try_at = now() WHERE order_id = %(id)s AND ended_at IS NULL",
        id=first.order_id,
    )
    shop = kit.shop
    return await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


ACTS: Final[tuple[Act, ...]] = (whole, part, again, hear, dashboard, dashboard_whole, recover)


async def paid_orders(kit: Kit, count: int) -> list[OrderId]:
    """Paid orders of one product."""
    product = await kit.add_product(stock=count)
    orders: list[OrderId] = []
    for _ in range(count):
        order = await kit.place(product)
        link = await kit.shop.start_checkout(GUEST, order.id)
        await kit.pay(link.url)
        await kit.shop.settle_session(GUEST, link.session_id)
        orders.append(order.id)
    return orders


async def rest(kit: Kit, first: RefundRequest) -> None:
    """Let everything come to rest: recovery, then every event, then recovery and events once more."""
    for _ in range(2):
        await recover(kit, first)
        await hear(kit, first)


async def given_back_at_stripe(kit: Kit, order_id: OrderId) -> int:
    """What Stripe gave back of an order."""
    found = await rows(kit, "SELECT intent_id FROM payment WHERE order_id = %(id)s", id=order_id)
    listed = await kit.api("GET", f"/v1/refunds?limit=100&payment_intent={found[0]['intent_id']}")
    return sum(made["amount"] for made in listed["data"] if made["status"] == "succeeded")


@pytest.mark.parametrize("point", POINTS)
async def test_whatever_happens_between_two_steps_of_a_refund(kit: Kit, other: OtherProcess, point: str) -> None:
    for order_id, act in zip(await paid_orders(kit, len(ACTS)), ACTS, strict=True):
        request = asked(kit, order_id, Wish(amount_minor=2000))

        async def interfere(theirs: Kit, act: Act = act, request: RefundRequest = request) -> None:
            with suppress(VivrError):
                await act(theirs, request)

        with (
            at_point(point, lambda interfere=interfere: other.run(interfere)) as reached,
            suppress(Refusal),
        ):
            await kit.shop.request_refund(STAFF, request)
        assert point in reached
        await rest(kit, request)
        captured, refunded, pending = await payment_sums(kit, order_id)
        assert (pending, refunded) == (0, await given_back_at_stripe(kit, order_id)), act.__name__
        assert 0 < refunded <= captured
        assert await kit.count("SELECT count(*) FROM refund WHERE id = %(id)s", id=request.refund_id) <= 1
    assert await broken_rules(kit) == {}
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')") == 0


async def test_of_refunds_at_the_same_moment_only_what_fits_is_made(kit: Kit, second: Kit) -> None:
    (order_id,) = await paid_orders(kit, 1)
    made = await asyncio.gather(
        *(refund(one, order_id, Wish(amount_minor=900)) for one in (kit, second) for _ in range(4)),
        return_exceptions=True,
    )
    states = [one.state for one in made if not isinstance(one, BaseException)]
    assert states == [RefundState.SUCCEEDED] * 3
    assert all(isinstance(one, Refusal) for one in made if isinstance(one, BaseException))
    assert await payment_sums(kit, order_id) == (2980, 2700, 0)
    assert await given_back_at_stripe(kit, order_id) == 2700
    assert await broken_rules(kit) == {}


async def test_one_request_sent_twice_at_the_same_moment_is_one_refund(kit: Kit, second: Kit) -> None:
    (order_id,) = await paid_orders(kit, 1)
    request = asked(kit, order_id, Wish(amount_minor=900))
    made = await asyncio.gather(*(one.shop.request_refund(STAFF, request) for one in (kit, second)))
    assert {one.id for one in made} == {request.refund_id}
    await rest(kit, request)
    assert (await payment_sums(kit, order_id), await given_back_at_stripe(kit, order_id)) == ((2980, 900, 0), 900)


async def test_a_wish_is_accepted_once_and_not_declined_as_well(kit: Kit, second: Kit) -> None:
    (order_id,) = await paid_orders(kit, 1)
    wish = await refund(kit, order_id, Wish(amount_minor=900), GUEST)
    said = await asyncio.gather(
        kit.shop.accept_refund(STAFF, wish.id),
        second.shop.accept_refund(OTHER_STAFF, wish.id),
        second.shop.decline_refund(OTHER_STAFF, wish.id),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in said) == 1
    await rest(kit, asked(kit, order_id))
    assert await given_back_at_stripe(kit, order_id) == (await payment_sums(kit, order_id))[1]
    assert await broken_rules(kit) == {}
