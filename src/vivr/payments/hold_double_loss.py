"""Money that was given back and lost to a dispute as well: one exception per charge, for a person to pursue."""

from datetime import datetime
from typing import Final

from vivr.caller import Caller
from vivr.database import Tx
from vivr.money import Money
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.payments.model import Payment

_EXPLANATION: Final = "It was refunded and lost to a dispute as well: more went back than the payment had brought."


async def hold_double_loss(tx: Tx, caller: Caller, now: datetime, payment: Payment) -> bool:
    """Record it, once per charge, as soon as refunded and lost sums of a locked payment pass what was captured."""
    too_much_minor = payment.refunded_minor + payment.lost_minor - payment.captured_minor
    if too_much_minor <= 0:
        return False
    assert payment.charge_id is not None
    return await record_exception(
        tx,
        caller,
        now,
        MisfitMoney(
            scope=payment.scope,
            # The PaymentIntent may be held for another reason.
            object_id=payment.charge_id,
            kind="double_loss",
            brought=Money(too_much_minor, payment.currency),
            expected=None,
            order_id=payment.order_id,
            payment_id=payment.id,
            charge_id=payment.charge_id,
            is_captured=False,
            explanation=_EXPLANATION,
        ),
    )
