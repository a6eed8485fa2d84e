"""Every kind of Stripe write and how it is ended: the one table that the worker recovers by."""

from typing import Final

from vivr.caller import Caller
from vivr.checkout.recover_checkout import ENDINGS as CHECKOUT_ENDINGS
from vivr.clock import Clock
from vivr.database import Database
from vivr.disputes.recover_dispute import ENDINGS as DISPUTE_ENDINGS
from vivr.operations.recover_operation import Endings, recover_due
from vivr.payments.end_authorization import ENDINGS as PAYMENT_ENDINGS
from vivr.refunds.recover_refund import ENDINGS as REFUND_ENDINGS
from vivr.resolutions.held_operations import ENDINGS as HELD_ENDINGS
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe
from vivr.webhooks.subscribe_endpoint import ENDINGS as WEBHOOK_ENDINGS

ENDINGS: Final[Endings] = {
    **CHECKOUT_ENDINGS,
    **PAYMENT_ENDINGS,
    **REFUND_ENDINGS,
    **HELD_ENDINGS,
    **DISPUTE_ENDINGS,
    **WEBHOOK_ENDINGS,
}
"""How each kind of write is ended."""


async def recover_operations(database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller) -> int:
    """Take one turn on every Stripe write that stopped between its steps and is due; how many were taken."""
    return await recover_due(database, stripe, clock, seals, caller, ENDINGS)
