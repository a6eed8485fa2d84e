"""Staff decides about a doubt while a colleague does: the first word counts, and Stripe is asked for that one alone."""

import asyncio
from typing import Final

import pytest

from dispute_kit import bank, charge_of
from money_probe import broken_rules, rows
from races.interleaving import OtherProcess, at_point
from races.test_refunds import given_back_at_stripe, paid_orders, recover
from races.test_simultaneous import at_once
from refund_kit import OTHER_STAFF, STAFF, asked
from shop_kit import Kit
from vivr.disputes.decide_flag import keep_payment
from vivr.errors import Conflict
from vivr.ids import FlagId, OrderId
from vivr.orders.model import OrderState

POINTS: Final = ("refund.after_reserve", "refund.after_call", "refund.after_record")


async def warned_orders(kit: Kit, count: int) -> dict[OrderId, FlagId]:
    """Paid orders whose payments the issuer warns of, each with its warning."""
    for order_id in await paid_orders(kit, count):
        await bank(kit, await charge_of(kit, order_id), "warn")
    await kit.deliver_all()
    return {
        OrderId(row["order_id"]): FlagId(row["id"]) for row in await rows(kit, "SELECT order_id, id FROM fraud_flag")
    }


async def keep(kit: Kit, flag: FlagId) -> str:
    """A colleague says that the customer is known."""
    await keep_payment(kit.shop.database, kit.shop.clock, OTHER_STAFF, flag)
    return "keep"


async def give_back(kit: Kit, flag: FlagId) -> str:
    """Staff gives the money back."""
    await kit.shop.refund_flagged(STAFF, flag)
    return "refund"


async def decision_of(kit: Kit, order_id: OrderId) -> tuple[str, int, int]:
    """What was decided, what Stripe gave back, and how many holds are left."""
    found = await rows(kit, "SELECT decision FROM fraud_flag WHERE order_id = %(id)s", id=order_id)
    holds = await kit.count(
        "SELECT count(*) FROM order_hold WHERE order_id = %(id)s AND released_at IS NULL", id=order_id
    )
    return found[0]["decision"], await given_back_at_stripe(kit, order_id), holds


@pytest.mark.parametrize("point", POINTS)
async def test_a_colleague_who_keeps_between_two_steps_of_the_refund_is_refused(
    kit: Kit, other: OtherProcess, point: str
) -> None:
    ((order_id, flag),) = (await warned_orders(kit, 1)).items()

    async def interfere(theirs: Kit) -> None:
        with pytest.raises(Conflict, match="flag_already_decided"):
            await keep(theirs, flag)

    with at_point(point, lambda: other.run(interfere)) as reached:
        await give_back(kit, flag)
    assert point in reached
    assert await decision_of(kit, order_id) == ("refund", 2980, 1)
    await kit.deliver_all()
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


async def test_two_who_decide_at_the_same_moment_get_one_answer(kit: Kit, second: Kit) -> None:
    flags = await warned_orders(kit, 8)
    for order_id, flag in flags.items():
        (decided,), refused = await at_once([keep(second, flag), give_back(kit, flag)])
        assert refused == {"flag_already_decided": 1}
        assert await decision_of(kit, order_id) == {"keep": ("keep", 0, 0), "refund": ("refund", 2980, 1)}[decided]
    await kit.deliver_all()
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("point", POINTS[:2])
async def test_a_refund_whose_process_died_is_finished_and_the_decision_stands(kit: Kit, point: str) -> None:
    ((order_id, flag),) = (await warned_orders(kit, 1)).items()

    def die() -> None:
        raise asyncio.CancelledError

    with at_point(point, die), pytest.raises(asyncio.CancelledError):
        await give_back(kit, flag)
    for decide in (keep, give_back):
        with pytest.raises(Conflict, match="flag_already_decided"):
            await decide(kit, flag)
    await recover(kit, asked(kit, order_id))
    await kit.deliver_all()
    assert await decision_of(kit, order_id) == ("refund", 2980, 1)
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}
