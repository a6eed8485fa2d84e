"""How a checkout's Stripe writes are ended when they stopped between their steps: what Stripe has of each."""

from datetime import timedelta
from typing import Final

import msgspec

from vivr.caller import Caller
from vivr.checkout.ensure_customer import record_customer
from vivr.checkout.record_intent import intent_intent, record_intent
from vivr.checkout.record_session import record_session, session_intent
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.operations.model import Operation, OperationKind
from vivr.operations.recover_operation import Ending, Endings, recover_operation
from vivr.operations.run_operation import claim_operation, last_attempt, record_answer
from vivr.payments.model import OPEN, Payment
from vivr.payments.read_payments import find_payment
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed
from vivr.stripe_gateway.gateway import Stripe

_CLOCK_SLACK: Final = timedelta(hours=1)


async def recover_session(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> Payment:
    """Settle whether a payment's session or PaymentIntent was made, and give the payment as it stands then.

    Raises:
        Unavailable: another process is at it, or nobody can say yet.
    """
    async with database.transaction("claim_session") as tx:
        made_by = intent_intent(payment.id) if payment.kind == "intent" else session_intent(payment.id)
        last = await last_attempt(tx, payment.scope, made_by)
        operation = await claim_operation(tx, clock, last.id) if last else None
    if operation is not None:
        await recover_operation(database, stripe, clock, seals, caller, operation, ENDINGS[operation.kind])
    async with database.transaction("find_payment") as tx:
        found = await find_payment(tx, payment.id)
    assert found is not None
    if not found.is_attached and found.state in OPEN:
        raise Unavailable("checkout_being_made", retry_after_s=5)
    return found


async def _find_customer(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    del database
    since = int((operation.first_sent_at - _CLOCK_SLACK).timestamp())
    customers = await stripe.list_customers(since)
    made = next((found for found in customers if found.metadata.get("operation") == operation.id), None)
    return Done({"id": made.id}) if made else None


async def _find_session(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    payment = await _payment_of(database, operation)
    for session in await stripe.list_sessions(payment.customer_id or ""):
        if (session.metadata or {}).get("operation") == operation.id:
            return Done(msgspec.to_builtins(session))
    return None


async def _find_intent(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    payment = await _payment_of(database, operation)
    for intent in await stripe.list_intents(payment.customer_id or ""):
        if intent.metadata.get("operation") == operation.id:
            return Done(msgspec.to_builtins(intent))
    return None


async def _find_expiry(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    payment = await _payment_of(database, operation)
    assert payment.session_id is not None
    session = await stripe.read_session(payment.session_id)
    if session.status == "expired":
        return Done({"id": session.id})
    if session.status == "complete":
        return Failed("refused", "session_complete", "The session was completed.")
    return None


async def _payment_of(database: Database, operation: Operation) -> Payment:
    assert operation.payment_id is not None
    async with database.transaction("find_payment") as tx:
        payment = await find_payment(tx, operation.payment_id)
    assert payment is not None
    return payment


async def _record_expiry(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> None:
    async with database.transaction("record_operation") as tx:
        await record_answer(tx, clock, caller, operation, answer)


ENDINGS: Final[Endings] = {
    OperationKind.CREATE_CUSTOMER: Ending(_find_customer, record_customer),
    OperationKind.CREATE_SESSION: Ending(_find_session, record_session),
    OperationKind.CREATE_INTENT: Ending(_find_intent, record_intent),
    OperationKind.EXPIRE_SESSION: Ending(_find_expiry, _record_expiry),
}
"""How the writes of a checkout are ended."""
