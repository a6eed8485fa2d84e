"""What all events about a session or a PaymentIntent share: read its payment, apply Stripe's present word."""

from typing import assert_never

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.apply_snapshot import apply_snapshot
from vivr.payments.apply_stray import apply_stray
from vivr.payments.read_target import Foreign, PaymentRead, PaymentTarget, Read, StrayRead
from vivr.webhooks.model import EventState, Handled, InboxEvent, StaleRead


def session_target(event: InboxEvent) -> PaymentTarget:
    """The Checkout Session that the event is about."""
    return PaymentTarget(session_id=event.object_id)


def intent_target(event: InboxEvent) -> PaymentTarget:
    """The PaymentIntent that the event is about."""
    return PaymentTarget(intent_id=event.object_id)


def latest_charge_target(event: InboxEvent) -> PaymentTarget:
    """The charge that the event is about, which leads to its PaymentIntent."""
    return PaymentTarget(charge_id=event.object_id)


async def apply_payment(tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: Read) -> Handled:
    """Apply what was read, and say in one sentence what came of it.

    Raises:
        StaleRead: a later reader was quicker; read again.
    """
    match read:
        case Foreign(reason):
            return Handled(EventState.IGNORED, reason)
        case StrayRead():
            explanation = await apply_stray(tx, clock, caller, read)
            return Handled(EventState.PROCESSED, explanation, read.order_id, read.payment_id)
        case PaymentRead(payment, snapshot):
            settlement = await apply_snapshot(tx, clock, caller, payment.id, payment.order_id, snapshot)
            if settlement.is_stale:
                raise StaleRead(event.id)
            return Handled(EventState.PROCESSED, settlement.explanation, payment.order_id, payment.id)
        case _:
            assert_never(read)
