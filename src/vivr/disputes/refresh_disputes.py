"""Read and apply Stripe's word on a dispute at once, where somebody waits for it; its events say the same later."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.disputes.apply_disputes import apply_disputes, lock_disputes_of
from vivr.disputes.model import Dispute
from vivr.errors import Unavailable
from vivr.payments.read_payments import find_payment
from vivr.payments.settle_payment import read_snapshot
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.disputes")


async def refresh_disputes(database: Database, stripe: Stripe, clock: Clock, caller: Caller, dispute: Dispute) -> None:
    """Apply Stripe's present word on all disputes of a payment of ours; what can't be read now is told by an event."""
    if dispute.payment_id is None:
        return
    async with database.transaction("find_payment") as tx:
        payment = await find_payment(tx, dispute.payment_id)
    assert payment is not None
    try:
        ticket = (await read_snapshot(database, stripe, payment)).ticket
        found = await stripe.list_disputes(dispute.intent_id)
    except Unavailable as error:
        _log.warning("dispute.not_refreshed", dispute=dispute.id, code=error.code)
        return
    async with database.transaction("refresh_disputes") as tx:
        await lock_disputes_of(tx, payment.id, payment.order_id)
        await apply_disputes(tx, clock, caller, payment.id, payment.order_id, ticket, found)
