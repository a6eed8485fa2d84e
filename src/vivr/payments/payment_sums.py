"""What of a payment is refunded, reserved, disputed or lost: its sums, moved in the caller's transaction."""

from datetime import datetime

from vivr.database import Tx
from vivr.ids import PaymentId
from vivr.payments import store
from vivr.payments.model import Payment


async def lock_payment(tx: Tx, payment_id: str) -> Payment | None:
    """The payment, locked until the caller's transaction ends; its order is locked before it."""
    return await store.lock_payment(tx, payment_id)


async def shift_refund_sums(
    tx: Tx, now: datetime, payment_id: PaymentId, *, refunded_minor: int, pending_minor: int
) -> Payment:
    """Add to the refunded and the refund-pending sum; both may be negative.

    Raises:
        ConstraintViolated: more than was captured (when the transaction ends its block).
    """
    return await store.shift_refund_sums(
        tx, id=payment_id, refunded_minor=refunded_minor, pending_minor=pending_minor, now=now
    )


async def set_dispute_sums(
    tx: Tx, now: datetime, payment_id: PaymentId, *, disputed_minor: int, lost_minor: int
) -> Payment:
    """Write the disputed and the lost sum of a locked payment; no limit holds them, for banks know none."""
    return await store.set_dispute_sums(
        tx, id=payment_id, disputed_minor=disputed_minor, lost_minor=lost_minor, now=now
    )
