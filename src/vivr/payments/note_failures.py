"""Tries that failed: noted once each, for staff, and told to the customer once per order, when he is no longer at it.

A customer who was declined mostly tries again at once, on the same page: a mail would only disturb. So it waits until
ten minutes went by without another try, or until the way to pay is over, whichever comes first.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.email.queue_message import queue_message
from vivr.orders.model import Order, OrderState
from vivr.orders.move_order import lock_order
from vivr.payments import attempt_store, store
from vivr.payments.attempt_store import Attempt
from vivr.payments.model import OPEN, Payment, PaymentState, Snapshot
from vivr.stripe_gateway.objects import Charge

QUIET: Final = timedelta(minutes=10)
"""How long nobody tries again before the customer is told."""

_TIME_LEFT_MIN: Final = timedelta(minutes=5)
"""An order that ends sooner is not worth a mail that calls its customer back."""


async def note_failure(tx: Tx, now: datetime, before: Payment, payment: Payment, snapshot: Snapshot) -> None:
    """Note the last try of a locked payment, if it failed, and say when the customer is told."""
    intent, charge = snapshot.intent, snapshot.charge
    error = intent.last_payment_error if intent else None
    if intent is None or error is None or payment.state == PaymentState.CAPTURED:
        return
    made_at = datetime.fromtimestamp(charge.created, UTC) if charge and charge.id == error.charge else now
    is_new = await attempt_store.insert_attempt(
        tx,
        account=payment.account,
        livemode=payment.livemode,
        # A try that ended before the bank was asked (3-D Secure) left no charge, only a payment method.
        object_id=error.charge or (error.payment_method and error.payment_method.id) or intent.id,
        payment_id=payment.id,
        order_id=payment.order_id,
        code=error.code or error.type,
        decline_code=error.decline_code,
        card_fingerprint=_fingerprint_of(charge) if charge and charge.id == error.charge else None,
        at=made_at,
    )
    if payment.state not in OPEN and before.state in OPEN:
        await attempt_store.tell_failure_at(tx, payment.id, now)
    elif is_new:
        # A debit fails days later, when nobody sits in front of the page.
        waits = timedelta(0) if before.state == PaymentState.PROCESSING else QUIET
        await attempt_store.tell_failure_at(tx, payment.id, now + waits)


async def note_failed_charge(tx: Tx, payment: Payment, charge: Charge) -> None:
    """Note a charge that failed, though another try may have come since."""
    if charge.status != "failed":
        return
    await attempt_store.insert_attempt(
        tx,
        account=payment.account,
        livemode=payment.livemode,
        object_id=charge.id,
        payment_id=payment.id,
        order_id=payment.order_id,
        code=charge.failure_code or "unknown",
        decline_code=charge.outcome.reason if charge.outcome else None,
        card_fingerprint=_fingerprint_of(charge),
        at=datetime.fromtimestamp(charge.created, UTC),
    )


def _fingerprint_of(charge: Charge) -> str | None:
    """Stripe's word for the card, the same for the same number within one account."""
    details = charge.payment_method_details
    return details.card.fingerprint if details and details.card else None


async def attempts_of(tx: Tx, order_id: str) -> list[Attempt]:
    """The tries to pay an order that failed, oldest first."""
    return await attempt_store.attempts_of(tx, order_id)


async def tell_failures(database: Database, clock: Clock) -> int:
    """Write to customers whose payment failed and who did not try again, once per order; how many payments were due."""
    due = 0
    while True:
        now = clock.now()
        async with database.transaction("tell_failure") as tx:
            payment = await attempt_store.payment_to_tell(tx, now)
            if payment is None:
                return due
            order = await lock_order(tx, payment.order_id)
            assert order is not None
            if await attempt_store.end_telling(tx, payment.id, now) and await _is_worth_telling(
                tx, now, order, payment
            ):
                # Once per order, and once more if a debit failed after that: its customer thought that it was paid.
                subject_id = order.id if order.second_chance_at is None else f"{order.id}:second_chance"
                await queue_message(
                    tx, now, kind="payment_failed", subject_id=subject_id, order_id=order.id, locale=order.locale
                )
        due += 1


async def _is_worth_telling(tx: Tx, now: datetime, order: Order, payment: Payment) -> bool:
    if order.state != OrderState.PENDING or order.deadline_at < now + _TIME_LEFT_MIN:
        return False
    still_open = await store.open_payment_of(tx, order.id)
    # Another way to pay was opened since: the customer is at it, and its own failure will be told.
    return still_open is None or still_open.id == payment.id
