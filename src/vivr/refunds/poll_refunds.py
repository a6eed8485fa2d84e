"""Ask Stripe about refunds that stay pending, in case a webhook never comes."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import VivrError
from vivr.payments.read_payments import find_payment
from vivr.refunds import store
from vivr.refunds.apply_refunds import apply_refunds
from vivr.refunds.model import POLL_FIRST, POLL_LONGEST
from vivr.stripe_gateway.answers import StripeNotAsked
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.refunds")


async def poll_refunds(database: Database, stripe: Stripe, clock: Clock, caller: Caller) -> int:
    """Read the refunds of every payment with one that is due; how many were asked about.

    One that can't be read now is asked about again at its next turn.
    """
    asked = 0
    while True:
        async with database.transaction("claim_refund_poll") as tx:
            refund = await store.claim_poll(tx, clock.now(), first=POLL_FIRST, longest=POLL_LONGEST)
            payment = await find_payment(tx, refund.payment_id) if refund else None
        if refund is None or payment is None or payment.intent_id is None:
            return asked
        asked += 1
        try:
            found = await stripe.list_refunds(payment.intent_id)
            async with database.transaction("apply_refunds") as tx:
                said = await apply_refunds(tx, clock, caller, payment.id, payment.order_id, found)
        except StripeNotAsked:
            # The others would meet the same breaker: they keep their turns.
            raise
        except VivrError as error:
            _log.warning("refund.poll_failed", refund=refund.id, code=error.code)
        else:
            _log.info("refund.polled", refund=refund.id, said=said)
