"""Cancel orders whose deadline passed, and close ways to pay that an order needs no more."""

from datetime import timedelta
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.close_checkout import cancel_order
from vivr.checkout.close_needless import close_needless
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import VivrError
from vivr.orders.expire_deadlines import overdue_orders, postpone_deadline
from vivr.orders.model import OrderState
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.checkout")
_LOOK_AGAIN: Final = timedelta(minutes=2)
_BATCH: Final = 50


async def expire_orders(database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller) -> int:
    """Cancel what is overdue; how many orders were cancelled and payments closed.

    An order whose money may still come, or for which Stripe can't be asked now, is looked at again later.
    """
    async with database.transaction("overdue_orders") as tx:
        overdue = await overdue_orders(tx, now=clock.now(), limit=_BATCH)
    cancelled = 0
    for order_id in overdue:
        try:
            order = await cancel_order(
                database, stripe, clock, seals, caller, order_id, reason="deadline_passed", if_overdue=True
            )
        except VivrError as error:
            _log.info("order.not_expired", order=order_id, code=error.code)
            async with database.transaction("postpone_deadline") as tx:
                await postpone_deadline(tx, order_id, clock.now() + _LOOK_AGAIN)
        else:
            cancelled += order.state == OrderState.CANCELLED
    return cancelled + await close_needless(database, stripe, clock, seals, caller)
