"""How a refund's Stripe write is ended when it stopped between its steps: the PaymentIntent's refunds tell."""

from typing import Final

import msgspec

from vivr.database import Database
from vivr.operations.model import Operation, OperationKind
from vivr.operations.recover_operation import Ending, Endings
from vivr.payments.read_payments import find_payment
from vivr.refunds.submit_refund import record_refund
from vivr.stripe_gateway.answers import Answer, Done
from vivr.stripe_gateway.gateway import Stripe


async def _find_refund(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    assert operation.payment_id is not None
    async with database.transaction("find_payment") as tx:
        payment = await find_payment(tx, operation.payment_id)
    assert payment is not None
    assert payment.intent_id is not None
    for refund in await stripe.list_refunds(payment.intent_id):
        if (refund.metadata or {}).get("operation") == operation.id:
            return Done(msgspec.to_builtins(refund))
    return None


ENDINGS: Final[Endings] = {OperationKind.CREATE_REFUND: Ending(_find_refund, record_refund)}
"""How the writes of refunds are ended."""
