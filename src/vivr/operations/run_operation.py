"""The three steps of every Stripe write: reserve (in the caller's transaction), send (in none), record (in another)."""

from datetime import timedelta
from typing import Final

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.errors import Conflict
from vivr.ids import OperationId, OrderId, PaymentId
from vivr.operations import store
from vivr.operations.model import (
    READ_ABSENT,
    Operation,
    OperationKind,
    Outcome,
    StripeScope,
    idempotency_key_of,
    retry_delay,
)
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import API_VERSION, StripeRequest, encoder_fingerprint

LEASE: Final = timedelta(seconds=60)
"""How long a sender may take, all of the SDK's tries included, before a recoverer may repeat the call."""

_ENCODER: Final = encoder_fingerprint()


async def reserve_operation(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    *,
    operation_id: OperationId,
    kind: OperationKind,
    intent: str,
    scope: StripeScope,
    request: StripeRequest,
    order_id: OrderId | None = None,
    payment_id: PaymentId | None = None,
) -> Operation:
    """Store a write before it is sent.

    A new attempt is stored only if there was none or the last one definitely failed. The id is the caller's, because
    the request carries it in its metadata.

    Raises:
        Conflict: ``operation_in_progress`` (an attempt is unsettled) or ``operation_already_done``.
    """
    last = await store.last_attempt(tx, scope, intent)
    if last is not None and last.outcome is not Outcome.FAILED:
        code = "operation_already_done" if last.outcome is Outcome.SUCCEEDED else "operation_in_progress"
        raise Conflict(code, operation=last.id)
    now, attempt = clock.now(), last.attempt + 1 if last else 1
    return await store.insert(
        tx,
        id=operation_id,
        kind=kind,
        intent=intent,
        attempt=attempt,
        account=scope.account,
        livemode=scope.livemode,
        api_version=API_VERSION,
        idempotency_key=idempotency_key_of(operation_id, attempt),
        request_sealed=seals.seal(request.to_bytes(), table="operation", column="request", row=operation_id),
        encoder=_ENCODER,
        order_id=order_id,
        payment_id=payment_id,
        request_id=caller.request_id,
        first_sent_at=now,
        lease_until=now + LEASE,
    )


async def send_operation(stripe: Stripe, seals: Seals, operation: Operation) -> Answer:
    """Send the stored document under its stored key. May be repeated."""
    assert operation.request_sealed is not None
    document = seals.open(operation.request_sealed, table="operation", column="request", row=operation.id)
    return await stripe.send(StripeRequest.from_bytes(document), idempotency_key=operation.idempotency_key)


async def record_answer(tx: Tx, clock: Clock, caller: Caller, operation: Operation, answer: Answer) -> bool:
    """Write what became of it; False if someone else settled it first, and then the caller must not act on it.

    An unknown outcome stays unsettled and True is returned: there is nothing to act on but waiting. One that was not
    even sent stays as it was, and whoever comes next may send it.
    """
    now = clock.now()
    match answer:
        case Unknown(was_sent=False):
            next_try_at = now + timedelta(seconds=answer.retry_after_s)
            return await store.postpone(tx, operation, at=now, next_try_at=next_try_at)
        case Unknown(reason, stripe_request_id):
            return await store.mark_unknown(
                tx,
                id=operation.id,
                reason=reason,
                stripe_request_id=stripe_request_id,
                absent_since=now if reason == READ_ABSENT else None,
                at=now,
                next_try_at=now + retry_delay(operation.tries),
            )
        case Done():
            values: dict[str, object] = {"outcome": "succeeded", "object_id": answer.object_id}
        case Failed():
            # Stripe quotes what it refuses, and of a customer that is a name or an e-mail address.
            message = None if operation.kind is OperationKind.CREATE_CUSTOMER else answer.message
            values = {"outcome": "failed", "error_code": answer.code, "error_message": message}
    settled = await store.settle(
        tx,
        **{"object_id": None, "error_code": None, "error_message": None}
        | values
        | {"id": operation.id, "at": now, "stripe_request_id": answer.stripe_request_id},
    )
    if settled is None:
        return False
    await record_act(
        tx,
        caller,
        now,
        f"operation.{settled.outcome}",
        on=("operation", operation.id),
        order_id=operation.order_id,
        outcome="done" if settled.outcome is Outcome.SUCCEEDED else "failed",
        error_code=settled.error_code,
    )
    return True


async def claim_operation(tx: Tx, clock: Clock, operation_id: OperationId | None = None) -> Operation | None:
    """Take over an unsettled operation whose lease ended: a named one, or the longest waiting one that is due."""
    now = clock.now()
    if operation_id is None:
        return await store.claim(tx, now=now, lease_until=now + LEASE)
    return await store.claim_now(tx, operation_id, now=now, lease_until=now + LEASE)


async def last_attempt(tx: Tx, scope: StripeScope, intent: str) -> Operation | None:
    """The newest attempt at an intent."""
    return await store.last_attempt(tx, scope, intent)
