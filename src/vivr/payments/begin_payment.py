"""Begin a payment, attach what Stripe made for it, or end it when Stripe made nothing; in the caller's transaction."""

from datetime import datetime
from typing import Final

from vivr.database import Tx
from vivr.ids import PaymentId, new_payment_id
from vivr.operations.model import StripeScope
from vivr.orders.model import Order
from vivr.payments import account_store, store
from vivr.payments.model import Payment
from vivr.stripe_gateway.objects import Session

CUSTOMER_MISSING: Final = "resource_missing"
"""Stripe's code for a request that names what does not exist: of a new payment's request that is only the customer."""


async def open_payment_of(tx: Tx, order_id: str) -> Payment | None:
    """The one payment of an order that may still bring money, locked; its order is locked before."""
    return await store.open_payment_of(tx, order_id)


async def begin_payment(
    tx: Tx,
    now: datetime,
    order: Order,
    scope: StripeScope,
    customer_id: str,
    ends_at: datetime,
    *,
    poll_at: datetime,
    kind: str = "session",
) -> Payment:
    """Store a payment before its session is asked for, or (kind ``intent``) its PaymentIntent without one."""
    return await store.insert_payment(
        tx,
        id=new_payment_id(now),
        order_id=order.id,
        account=scope.account,
        livemode=scope.livemode,
        kind=kind,
        amount_minor=order.payable_minor,
        currency=order.currency,
        customer_id=customer_id,
        session_expires_at=ends_at,
        poll_at=poll_at,
        now=now,
    )


async def attach_session(
    tx: Tx, now: datetime, payment_id: PaymentId, session: Session, *, ends_at: datetime, poll_at: datetime
) -> Payment | None:
    """Attach the session, first wins; None: another one is attached. Nobody is sent to it after ``ends_at``."""
    return await store.attach_session(
        tx,
        id=payment_id,
        session_id=session.id,
        url=session.url,
        expires_at=ends_at,
        poll_at=poll_at,
        now=now,
    )


async def attach_intent(
    tx: Tx, now: datetime, payment_id: PaymentId, intent_id: str, *, poll_at: datetime
) -> Payment | None:
    """Attach a PaymentIntent that has no session, first wins; None: another one is attached."""
    return await store.attach_intent(tx, id=payment_id, intent_id=intent_id, poll_at=poll_at, now=now)


async def end_refused(tx: Tx, now: datetime, scope: StripeScope, payment: Payment, code: str) -> None:
    """End a payment for which Stripe definitely made nothing; a customer that is gone there is forgotten."""
    await store.end_payment(tx, payment.id, code, now)
    if code == CUSTOMER_MISSING and payment.customer_id is not None:
        await account_store.forget_customer(tx, scope, payment.customer_id)


async def find_customer(tx: Tx, scope: StripeScope, owner: str) -> str | None:
    """The Stripe customer of a person or of a guest's order."""
    return await account_store.find_customer(tx, scope, owner)


async def keep_customer(tx: Tx, now: datetime, scope: StripeScope, owner: str, customer_id: str) -> None:
    """Attach a Stripe customer to its owner, first wins."""
    await account_store.keep_customer(tx, scope, owner, customer_id, now)
