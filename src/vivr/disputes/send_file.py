"""Send one file of evidence to Stripe, in three steps; the same content in the same place is sent once."""

import hashlib

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.disputes import file_store, store
from vivr.disputes.model import Dispute
from vivr.disputes.packet import EvidenceFile
from vivr.errors import Conflict, Refusal
from vivr.ids import new_operation_id
from vivr.operations.model import Operation, OperationKind, Outcome
from vivr.operations.run_operation import last_attempt, record_answer, reserve_operation, send_operation
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed, StripeMisconfigured, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import upload_evidence


async def reserve_file(
    tx: Tx, clock: Clock, seals: Seals, caller: Caller, dispute: Dispute, file: EvidenceFile
) -> Operation:
    """Store the write of a file for a locked dispute; one that succeeded before stands for itself.

    Raises:
        Conflict: ``evidence_file_on_its_way``.
    """
    intent = _intent_of(seals, dispute, file)
    last = await last_attempt(tx, dispute.scope, intent)
    if last is not None and last.outcome is Outcome.SUCCEEDED:
        return last
    if last is not None and not last.is_settled:
        raise Conflict("evidence_file_on_its_way", operation=last.id)
    operation_id = new_operation_id(clock.now())
    return await reserve_operation(
        tx,
        clock,
        seals,
        caller,
        operation_id=operation_id,
        kind=OperationKind.UPLOAD_EVIDENCE,
        intent=intent,
        scope=dispute.scope,
        request=upload_evidence(f"{file.slot}-{operation_id}.{file.kind}", file.content),
        order_id=dispute.order_id,
        payment_id=dispute.payment_id,
    )


async def send_file(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> str:
    """Send a reserved file; Stripe's id of it.

    Raises:
        Refusal: ``evidence_file_refused`` by Stripe.
        Conflict: ``evidence_file_on_its_way``: whether it arrived is not known yet.
        StripeMisconfigured: our key may not upload files.
    """
    if operation.object_id is not None:
        return operation.object_id
    answer = await send_operation(stripe, seals, operation)
    await record_file(database, clock, caller, operation, answer)
    match answer:
        case Done():
            return answer.object_id
        case Failed(kind="misconfigured", message=message):
            raise StripeMisconfigured(message)
        case Failed(code=code):
            raise Refusal("evidence_file_refused", reason=code)
        case Unknown():
            raise Conflict("evidence_file_on_its_way", operation=operation.id)


async def record_file(database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer) -> None:
    """Write what became of a file, once; one of staff's takes its place in the packet."""
    dispute_id = operation.intent.split(":")[1]
    async with database.transaction("record_evidence_file") as tx:
        await store.lock_dispute(tx, dispute_id)
        if not await record_answer(tx, clock, caller, operation, answer):
            return
        if isinstance(answer, Done):
            await file_store.keep_file(tx, operation.id, answer.object_id)
        elif isinstance(answer, Failed):
            await file_store.forget_file(tx, operation.id)


def _intent_of(seals: Seals, dispute: Dispute, file: EvidenceFile) -> str:
    # A keyed hash: nobody who knows what a document may say can try it out.
    digest = seals.digest("dispute_file", hashlib.sha256(file.content).hexdigest()).hex()[:32]
    return f"file:{dispute.id}:{file.slot}:{digest}"
