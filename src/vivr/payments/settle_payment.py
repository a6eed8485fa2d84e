"""The finalizer: settle a payment from Stripe's own word. Webhook, return page, poller and back office all call it."""

from typing import Final

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import NotFound, Unavailable
from vivr.ids import PaymentId
from vivr.payments import store
from vivr.payments.apply_snapshot import Settlement, apply_snapshot
from vivr.payments.model import Payment, Snapshot
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import PaymentIntent

_READS_MAX: Final = 5


async def read_snapshot(database: Database, stripe: Stripe, payment: Payment) -> Snapshot:
    """Read Stripe's present word, with a ticket taken before the read.

    Raises:
        Unavailable: Stripe could not be read, or nothing is attached yet that could be.
    """
    async with database.transaction("take_ticket") as tx:
        ticket = await store.take_ticket(tx, payment.id)
    crash_point("settle.before_read")
    if payment.session_id is not None:
        session = await stripe.read_session(payment.session_id)
        intent = session.payment_intent if isinstance(session.payment_intent, PaymentIntent) else None
        return Snapshot(ticket, session, intent)
    if payment.intent_id is not None:
        return Snapshot(ticket, None, await stripe.read_intent(payment.intent_id))
    raise Unavailable("payment_not_recorded_yet", retry_after_s=5)


async def settle_payment(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, payment_id: PaymentId
) -> Settlement:
    """Read and apply until what was read is the latest word.

    Raises:
        NotFound: there is no such payment.
        Unavailable: Stripe or the database could not be reached.
    """
    for _ in range(_READS_MAX):
        async with database.transaction("find_payment") as tx:
            payment = await store.find_payment(tx, payment_id)
        if payment is None:
            raise NotFound("payment_not_found")
        snapshot = await read_snapshot(database, stripe, payment)
        crash_point("settle.after_read")
        async with database.transaction("apply_snapshot") as tx:
            settlement = await apply_snapshot(tx, clock, caller, payment_id, payment.order_id, snapshot)
        crash_point("settle.after_apply")
        if not settlement.is_stale:
            return settlement
    raise Unavailable("payment_busy", retry_after_s=2)
