"""What all tests of a failing Stripe use: the faults, the routes that they meet, and a worker that takes its turns."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from money_probe import broken_rules
from shop_kit import GUEST, WORKER, Kit
from vivr import crash_points
from vivr.clock import SetClock
from vivr.ids import OrderId
from vivr.orders.model import Order, OrderState
from vivr.recovery import recover_operations

CUSTOMERS = "POST /v1/customers"
SESSIONS = "POST /v1/checkout/sessions"
EXPIRE = "POST /v1/checkout/sessions/{id}/expire"

BEFORE: list[dict[str, Any]] = [{"kind": "reset"}, {"kind": "error_before"}, {"kind": "rate_limit"}]
BEFORE.append({"kind": "rate_limit", "reason": "global-rate"})
AFTER: list[dict[str, Any]] = [{"kind": "lose_answer"}, {"kind": "error_after"}]
STORED: dict[str, Any] = {"kind": "error_before", "stored": True}


async def recover(kit: Kit) -> int:
    """One turn of the worker on unsettled operations."""
    shop = kit.shop
    return await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


async def recover_until_rest(kit: Kit, clock: SetClock, turns_max: int = 12) -> int:
    """Let time pass and recover until nothing is unsettled; how many turns were taken."""
    turns = 0
    while await kit.count("SELECT count(*) FROM operation WHERE outcome IN ('started', 'unknown')"):
        clock.advance(minutes=5, seconds=1)
        turns += await recover(kit)
        assert turns <= turns_max
    return turns


async def at_stripe(kit: Kit, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind."""
    return (await kit.api("GET", f"/v1/{kind}?limit=100"))["data"]


async def new_order(kit: Kit) -> Order:
    """An order without a session."""
    return await kit.place(await kit.add_product())


async def pay_and_check(kit: Kit, order_id: OrderId) -> None:
    """The order can be paid once, and all is well."""
    link = await kit.shop.start_checkout(GUEST, order_id)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order_id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
    assert await kit.count("SELECT count(*) FROM money_exception") == 0


class Dead(BaseException):
    """The process is gone: nothing after the point runs."""


@contextmanager
def death_at(point: str) -> Generator[None]:
    """Die when a point is reached."""

    def reach(name: str) -> None:
        if name == point:
            crash_points.listen(None)
            raise Dead

    crash_points.listen(reach)
    try:
        yield
    finally:
        crash_points.listen(None)
