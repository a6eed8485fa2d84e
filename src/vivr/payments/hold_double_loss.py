"""Money that was given back and lost to a dispute as well: one exception per charge, for a person to pursue."""

from datetime import datetime
from typing import Final

from vivr.caller import Caller
from vivr.database import Tx
from vivr.ids import OrderId, PaymentId
from vivr.money import Money
from vivr.money_exceptions.model import Kind
from vivr.money_exceptions.record_exception import MisfitMoney, end_of_itself, record_exception
from vivr.operations.model import StripeScope
from vivr.payments.model import Payment

_EXPLANATION: Final = "It was refunded and lost to a dispute as well: more went back than the payment had brought."


async def hold_double_loss(tx: Tx, caller: Caller, now: datetime, payment: Payment) -> None:
    """Record it once per charge while refunded and lost sums of a locked payment pass what was captured."""
    if payment.charge_id is None:
        return
    too_much = Money(payment.refunded_minor + payment.lost_minor - payment.captured_minor, payment.currency)
    await follow_double_loss(
        tx, caller, now, payment.scope, payment.charge_id, too_much, order_id=payment.order_id, payment_id=payment.id
    )


async def follow_double_loss(
    tx: Tx,
    caller: Caller,
    now: datetime,
    scope: StripeScope,
    charge_id: str,
    too_much: Money,
    *,
    order_id: OrderId | None,
    payment_id: PaymentId | None,
) -> None:
    """Record what went back twice of a charge; nothing or less than that ends what was recorded."""
    if too_much.amount_minor <= 0:
        await end_of_itself(tx, caller, now, scope, charge_id, Kind.DOUBLE_LOSS)
        return
    await record_exception(
        tx,
        caller,
        now,
        MisfitMoney(
            scope=scope,
            # The PaymentIntent may be held for another reason.
            object_id=charge_id,
            kind=Kind.DOUBLE_LOSS,
            brought=too_much,
            expected=None,
            order_id=order_id,
            payment_id=payment_id,
            charge_id=charge_id,
            is_captured=False,
            explanation=_EXPLANATION,
        ),
    )
