"""Payments whose authorised money ends soon: warned of once, and claimed by the policy that acts on them."""

from datetime import datetime, timedelta
from typing import Final

from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.email.queue_message import queue_message
from vivr.ids import OrderId
from vivr.orders.move_order import lock_order
from vivr.payments import store

ACT_AGAIN: Final = timedelta(minutes=10)
"""How long the policy waits before it acts again on a payment that it could not end."""


async def warn_of_lapses(database: Database, clock: Clock, warning: timedelta) -> int:
    """Write to staff about each authorisation that ends within ``warning``, once; how many."""
    now = clock.now()
    warned = 0
    while True:
        async with database.transaction("warn_of_lapse") as tx:
            payment = await store.payment_to_warn_of(tx, until=now + warning)
            if payment is None:
                return warned
            order = await lock_order(tx, payment.order_id)
            assert order is not None
            if not await store.mark_warned(tx, payment.id, now):
                continue
            await queue_message(
                tx,
                now,
                kind="authorization_ending_staff",
                subject_id=payment.id,
                order_id=order.id,
                locale=order.locale,
                money=payment.amount,
            )
        warned += 1


async def claim_lapsing(tx: Tx, now: datetime, lead: timedelta) -> OrderId | None:
    """Take one order whose authorised money ends within ``lead``; it comes again if it could not be ended."""
    payment = await store.claim_lapsing(tx, now=now, until=now + lead, again_before=now - ACT_AGAIN)
    return payment.order_id if payment else None
