"""Read payments for pages, the API and other rooms."""

from vivr.database import Tx
from vivr.operations.model import StripeScope
from vivr.payments import store
from vivr.payments.model import Payment


async def find_payment(tx: Tx, payment_id: str) -> Payment | None:
    """One payment."""
    return await store.find_payment(tx, payment_id)


async def payments_of(tx: Tx, order_id: str) -> list[Payment]:
    """All payments of an order, oldest first."""
    return await store.payments_of(tx, order_id)


async def holds_money(tx: Tx, order_id: str) -> bool:
    """Whether money came for an order, settling it or not, that was not given back."""
    return any(payment.holds_money for payment in await store.payments_of(tx, order_id))


async def payment_by_session(tx: Tx, session_id: str) -> Payment | None:
    """The payment behind a session id, or None: then the id never reaches Stripe."""
    return await store.payment_by_session(tx, session_id)


async def payment_by_object(tx: Tx, scope: StripeScope, object_id: str) -> Payment | None:
    """The payment that a session or PaymentIntent is attached to."""
    return await store.payment_by_object(tx, scope, object_id)


async def needless_payments(tx: Tx, limit: int) -> list[Payment]:
    """Open ways to pay an order that another payment settled: nobody should be able to pay it again."""
    return await store.needless_payments(tx, limit)
