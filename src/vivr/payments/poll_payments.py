"""Ask Stripe about payments whose webhook never came, each at its own growing distance."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import VivrError
from vivr.payments import store
from vivr.payments.settle_payment import settle_payment
from vivr.stripe_gateway.answers import StripeNotAsked
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.payments")


async def poll_payments(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, *, first: timedelta, longest: timedelta
) -> int:
    """Settle every open payment that is due; how many were asked about.

    A payment that can't be read now is asked about again at its next turn.
    """
    asked = 0
    while True:
        async with database.transaction("claim_poll") as tx:
            payment = await store.claim_poll(tx, now=clock.now(), first=first, longest=longest)
        if payment is None:
            return asked
        asked += 1
        try:
            settlement = await settle_payment(database, stripe, clock, caller, payment.id)
        except StripeNotAsked:
            # The others would meet the same breaker: they keep their turns.
            raise
        except VivrError as error:
            _log.warning("payment.poll_failed", payment=payment.id, code=error.code)
        else:
            if settlement.changed:
                _log.info("payment.polled", payment=payment.id, state=settlement.payment.state)


async def poll_all_now(tx: Tx, now: datetime) -> int:
    """Make every open payment due: their webhooks may be lost for good. How many there are."""
    return await store.poll_all_now(tx, now)
