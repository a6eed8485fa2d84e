"""Close open ways to pay that nobody should use any more: their order is paid, or too many cards were tried on them."""

from collections.abc import Sequence
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import VivrError
from vivr.payments.decline_rules import DeclineTerms
from vivr.payments.model import Payment
from vivr.payments.read_payments import needless_payments
from vivr.payments.shield import tried_out_payments
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.checkout")
_BATCH: Final = 50


async def close_needless(database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller) -> int:
    """Close what is open for an order that another payment settled, before somebody pays it twice; how many."""
    async with database.transaction("needless_payments") as tx:
        needless = await needless_payments(tx, _BATCH)
    return await _close(database, stripe, clock, seals, caller, needless)


async def close_tried_out(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, terms: DeclineTerms
) -> int:
    """Close what saw too many declines; how many. Its order may be paid another way when they count no more."""
    async with database.transaction("tried_out_payments") as tx:
        tried_out = await tried_out_payments(tx, terms, clock.now(), _BATCH)
    for payment in tried_out:
        _log.warning("payment.tried_out", payment=payment.id, order=payment.order_id)
    return await _close(database, stripe, clock, seals, caller, tried_out)


async def _close(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, payments: Sequence[Payment]
) -> int:
    closed = 0
    for payment in payments:
        try:
            await close_payment(database, stripe, clock, seals, caller, payment.id)
        except VivrError as error:
            _log.info("payment.not_closed", payment=payment.id, code=error.code)
        else:
            closed += 1
    return closed
