"""Finish Stripe writes that stopped between their steps: repeat under the same key while it lives, else read by list.

Each operation is claimed with a lease, so any number of workers may run it. An unknown outcome never gets a new key.
"""

from datetime import timedelta
from typing import Final

import msgspec
import structlog

from vivr.caller import Caller
from vivr.checkout.ensure_customer import record_customer
from vivr.checkout.record_session import record_session, session_intent
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.operations.model import (
    ABSENCE_PROOF,
    READ_ABSENT,
    READ_PREFIX,
    Operation,
    OperationKind,
    Recovery,
    choose_recovery,
)
from vivr.operations.run_operation import claim_operation, last_attempt, record_answer, send_operation
from vivr.payments.model import OPEN, Payment
from vivr.payments.read_payments import find_payment
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import encoder_fingerprint

_log: Final = structlog.stdlib.get_logger("vivr.operations")
_CLOCK_SLACK: Final = timedelta(hours=1)


async def recover_operations(database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller) -> int:
    """Take one turn on every operation that is due; how many were taken."""
    turns = 0
    while True:
        async with database.transaction("claim_operation") as tx:
            operation = await claim_operation(tx, clock)
        if operation is None:
            return turns
        await _recover(database, stripe, clock, seals, caller, operation)
        turns += 1


async def recover_session(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> Payment:
    """Settle whether a payment's session was made, and give the payment as it stands then.

    Raises:
        Unavailable: another process is at it, or nobody can say yet.
    """
    async with database.transaction("claim_session") as tx:
        last = await last_attempt(tx, payment.scope, session_intent(payment.id))
        operation = await claim_operation(tx, clock, last.id) if last else None
    if operation is not None:
        await _recover(database, stripe, clock, seals, caller, operation)
    async with database.transaction("find_payment") as tx:
        found = await find_payment(tx, payment.id)
    assert found is not None
    if found.session_id is None and found.state in OPEN:
        raise Unavailable("checkout_being_made", retry_after_s=5)
    return found


async def _recover(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> None:
    how = choose_recovery(operation, encoder=encoder_fingerprint(), now=clock.now(), last_reason=operation.error_code)
    if how == Recovery.REPEAT:
        answer = await send_operation(stripe, seals, operation)
    else:
        answer = await _read_outcome(database, stripe, clock, operation)
    if isinstance(answer, Failed) and answer.kind == "misconfigured":
        # A key that was revoked since says nothing of what happened under it.
        answer = Unknown("misconfigured", answer.stripe_request_id)
    match operation.kind:
        case OperationKind.CREATE_SESSION:
            await record_session(database, clock, caller, operation, answer)
        case OperationKind.CREATE_CUSTOMER:
            await record_customer(database, clock, caller, operation, answer)
        case OperationKind.EXPIRE_SESSION | OperationKind.CANCEL_INTENT:
            async with database.transaction("record_operation") as tx:
                await record_answer(tx, clock, caller, operation, answer)
    _log.info("operation.recovered", operation=operation.id, how=how, answer=type(answer).__name__)


async def _read_outcome(database: Database, stripe: Stripe, clock: Clock, operation: Operation) -> Answer:
    try:
        found = await _find_effect(database, stripe, operation)
    except Unavailable as error:
        return Unknown(f"{READ_PREFIX}{error.code}")
    if found is not None:
        return found
    absent_since = operation.absent_since
    if absent_since is not None and clock.now() - absent_since >= ABSENCE_PROOF:
        return Failed("absent", "never_happened", "Two reads by list, ten minutes apart, found nothing.")
    return Unknown(READ_ABSENT)


async def _find_effect(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    """What Stripe has of this operation; None: nothing."""
    if operation.kind == OperationKind.CREATE_CUSTOMER:
        since = int((operation.first_sent_at - _CLOCK_SLACK).timestamp())
        customers = await stripe.list_customers(since)
        made = next((found for found in customers if found.metadata.get("operation") == operation.id), None)
        return Done({"id": made.id}) if made else None
    assert operation.payment_id is not None
    async with database.transaction("find_payment") as tx:
        payment = await find_payment(tx, operation.payment_id)
    assert payment is not None
    if operation.kind == OperationKind.CREATE_SESSION:
        for session in await stripe.list_sessions(payment.customer_id or ""):
            if (session.metadata or {}).get("operation") == operation.id:
                return Done(msgspec.to_builtins(session))
        return None
    return await _find_expiry(stripe, payment)


async def _find_expiry(stripe: Stripe, payment: Payment) -> Answer | None:
    assert payment.session_id is not None
    session = await stripe.read_session(payment.session_id)
    if session.status == "expired":
        return Done({"id": session.id})
    if session.status == "complete":
        return Failed("refused", "session_complete", "The session was completed.")
    return None
