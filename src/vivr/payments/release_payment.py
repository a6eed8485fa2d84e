"""Release a payment: cancel its PaymentIntent, so that nothing can be taken by it any more.

The order follows when the finalizer sees it canceled; here nothing is freed on our own word.
"""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict
from vivr.operations.model import Operation, OperationKind
from vivr.orders.move_order import lock_order
from vivr.payments import store
from vivr.payments.end_authorization import reserve_end, send_end
from vivr.payments.model import OPEN, Payment
from vivr.payments.settle_payment import settle_payment
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import cancel_intent

_log: Final = structlog.stdlib.get_logger("vivr.payments")


async def release_payment(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> Payment:
    """Cancel the PaymentIntent of an open payment; the payment as it stands then.

    Raises:
        Conflict: ``payment_in_progress``: its money is being captured, or nobody knows yet whether it was.
        Unavailable: Stripe could not be asked.
    """
    crash_point("release.before_reserve")
    operation = await _reserve(database, clock, seals, caller, payment)
    if operation is not None:
        await send_end(database, stripe, clock, seals, caller, operation)
    released = (await settle_payment(database, stripe, clock, caller, payment.id)).payment
    crash_point("release.after_settle")
    if released.state in OPEN:
        raise Conflict("payment_in_progress", order=payment.order_id)
    _log.info("payment.released", order=payment.order_id, payment=payment.id, state=released.state)
    return released


async def _reserve(
    database: Database, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> Operation | None:
    """Store the cancellation; None: another end is under way, or there is nothing to cancel."""
    try:
        async with database.transaction("reserve_release") as tx:
            await lock_order(tx, payment.order_id)
            locked = await store.lock_payment(tx, payment.id)
            if locked is None or locked.state not in OPEN or locked.intent_id is None:
                return None
            request = cancel_intent(locked.intent_id)
            return await reserve_end(tx, clock, seals, caller, locked, OperationKind.CANCEL_INTENT, request)
    except Conflict:
        return None
