"""Staff's answer to a dispute: save evidence, send it to the bank once, or accept; each in three steps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.disputes import store
from vivr.disputes.gather_records import gather_records
from vivr.disputes.lock_answerable import acceptance_intent, lock_answerable, refuse_unsettled, submission_intent
from vivr.disputes.model import Dispute, Slot, read_evidence, texts_in
from vivr.disputes.packet import texts_of
from vivr.disputes.refresh_disputes import refresh_disputes
from vivr.disputes.send_packet import send_packet
from vivr.email.model import Sender
from vivr.errors import Forbidden, InvalidInput, Refusal
from vivr.ids import DisputeId, OperationId, new_operation_id
from vivr.operations.model import Operation, OperationKind
from vivr.operations.run_operation import record_answer, reserve_operation, send_operation
from vivr.refunds.model import APPROVERS, STAFF
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed, StripeMisconfigured
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest, close_dispute, update_dispute

_log: Final = structlog.stdlib.get_logger("vivr.disputes")


async def save_evidence(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    sender: Sender,
    dispute_id: DisputeId,
    given: Mapping[str, str],
    *,
    submit: bool,
) -> None:
    """Keep what staff wrote and stage it at Stripe, or (``submit``) send it to the bank, which can be done once.

    The order's own records fill in what staff did not write. Files are attached when it is sent to the bank: those that
    staff uploaded, and where there is none the document that is composed from the records.

    Raises:
        NotFound: ``dispute_not_found``.
        Forbidden: this role may not.
        InvalidInput: a part is too long.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``,
            ``evidence_file_on_its_way``.
        Refusal: ``dispute_refused`` by Stripe; ``evidence_too_large`` or ``evidence_too_long`` with all its files.
    """
    if caller.role not in STAFF:
        raise Forbidden
    written = read_evidence(given)
    if isinstance(written, InvalidInput):
        raise written
    files: dict[Slot, str] = {}
    if submit:
        files = await send_packet(database, stripe, clock, seals, caller, sender, dispute_id, written)
    async with database.transaction("reserve_evidence") as tx:
        now = clock.now()
        dispute = await lock_answerable(tx, dispute_id)
        before = await store.find_draft(tx, dispute.id)
        if before is not None:
            await refuse_unsettled(tx, dispute, f"evidence:{dispute.id}:{before.version}")
        records = await gather_records(tx, seals, dispute)
        evidence = {**(texts_of(records) if records else {}), **texts_in(written), **files}
        draft = await store.keep_draft(
            tx,
            dispute_id=dispute.id,
            written_sealed=seals.seal(
                msgspec.json.encode(written), table="dispute_evidence", column="written_sealed", row=dispute.id
            ),
            edited_by=caller.actor,
            now=now,
        )
        operation_id = new_operation_id(now)
        operation = await _reserve(
            tx,
            clock,
            seals,
            caller,
            dispute,
            OperationKind.SUBMIT_EVIDENCE if submit else OperationKind.SAVE_EVIDENCE,
            submission_intent(dispute.id) if submit else f"evidence:{dispute.id}:{draft.version}",
            operation_id,
            update_dispute(dispute.stripe_id, evidence, submit=submit, operation_id=operation_id),
        )
    await _send(database, stripe, clock, seals, caller, dispute, operation)


async def accept_dispute(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, dispute_id: DisputeId
) -> None:
    """Give the dispute up: its money stays with the customer, and nothing brings it back.

    Raises:
        NotFound: ``dispute_not_found``.
        Forbidden: only an approver's role may.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``.
        Refusal: ``dispute_refused`` by Stripe.
    """
    if caller.role not in APPROVERS:
        raise Forbidden
    async with database.transaction("reserve_acceptance") as tx:
        dispute = await lock_answerable(tx, dispute_id)
        operation = await _reserve(
            tx,
            clock,
            seals,
            caller,
            dispute,
            OperationKind.ACCEPT_DISPUTE,
            acceptance_intent(dispute.id),
            new_operation_id(clock.now()),
            close_dispute(dispute.stripe_id),
        )
    await _send(database, stripe, clock, seals, caller, dispute, operation)


async def draft_of(tx: Tx, seals: Seals, dispute_id: str) -> dict[str, str]:
    """What staff wrote so far."""
    draft = await store.find_draft(tx, dispute_id)
    if draft is None:
        return {}
    opened = seals.open(draft.written_sealed, table="dispute_evidence", column="written_sealed", row=dispute_id)
    return msgspec.json.decode(opened, type=dict[str, str])


async def _reserve(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    dispute: Dispute,
    kind: OperationKind,
    intent: str,
    operation_id: OperationId,
    request: StripeRequest,
) -> Operation:
    operation = await reserve_operation(
        tx,
        clock,
        seals,
        caller,
        operation_id=operation_id,
        kind=kind,
        intent=intent,
        scope=dispute.scope,
        request=request,
        order_id=dispute.order_id,
        payment_id=dispute.payment_id,
    )
    await _record(tx, caller, clock.now(), dispute, f"dispute.{kind}_asked")
    return operation


async def _send(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    dispute: Dispute,
    operation: Operation,
) -> None:
    answer = await send_operation(stripe, seals, operation)
    await record_answered(database, clock, caller, operation, answer)
    match answer:
        case Failed(kind="misconfigured", message=message):
            raise StripeMisconfigured(message)
        case Failed(code=code):
            raise Refusal("dispute_refused", dispute=dispute.id, reason=code)
        case Done():
            await refresh_disputes(database, stripe, clock, caller, dispute)
        case _:
            _log.warning("dispute.not_known", dispute=dispute.id, answer=type(answer).__name__)


async def record_answered(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> None:
    """Write what became of an answer's operation, once; the dispute's own state is Stripe's to say."""
    dispute_id = operation.intent.split(":")[1]
    async with database.transaction("record_dispute_answer") as tx:
        dispute = await store.find_dispute(tx, dispute_id)
        assert dispute is not None
        if await record_answer(tx, clock, caller, operation, answer) and isinstance(answer, Done):
            await _record(tx, caller, clock.now(), dispute, f"dispute.{operation.kind}_done")


async def _record(tx: Tx, caller: Caller, now: datetime, dispute: Dispute, action: str) -> None:
    await record_act(
        tx, caller, now, action, on=("dispute", dispute.id), order_id=dispute.order_id, money=dispute.amount
    )
    _log.info("dispute.answer_recorded", act=action, dispute=dispute.id, order=dispute.order_id)
