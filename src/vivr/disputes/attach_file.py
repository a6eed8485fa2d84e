"""Staff's own files in the evidence packet: added, taken away, and looked at again."""

import asyncio
from dataclasses import dataclass

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.disputes import file_store, store
from vivr.disputes.answer_dispute import draft_of
from vivr.disputes.file_store import StaffFile
from vivr.disputes.gather_records import gather_records
from vivr.disputes.lock_answerable import lock_answerable
from vivr.disputes.model import Dispute, FileKind, Slot
from vivr.disputes.packet import EvidenceFile, check_sum, documents_of
from vivr.disputes.send_file import reserve_file, send_file
from vivr.disputes.send_packet import draw_documents
from vivr.email.model import Sender
from vivr.errors import Forbidden, NotFound
from vivr.ids import DisputeId
from vivr.refunds.model import STAFF
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file as somebody looks at it."""

    name: str
    kind: FileKind
    content: bytes


async def attach_file(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    dispute_id: DisputeId,
    slot: Slot,
    content: bytes,
) -> None:
    """Send a file of staff's to Stripe; once it arrived, it stands in its place in the packet.

    Raises:
        NotFound: ``dispute_not_found``.
        Forbidden: this role may not.
        Refusal: see ``read_upload``; ``evidence_file_refused`` by Stripe.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``,
            ``evidence_file_on_its_way``.
    """
    if caller.role not in STAFF:
        raise Forbidden
    file = await asyncio.to_thread(_read, slot, content)
    async with database.transaction("reserve_evidence_file") as tx:
        dispute = await lock_answerable(tx, dispute_id)
        others = [one for one in await file_store.files_of(tx, dispute.id) if one.slot is not slot]
        refusal = check_sum([(len(content), file.pages)] + [(one.size_bytes, one.pages) for one in others])
        if refusal is not None:
            raise refusal
        operation = await reserve_file(tx, clock, seals, caller, dispute, file)
        await file_store.insert_file(
            tx,
            operation_id=operation.id,
            dispute_id=dispute.id,
            slot=slot,
            kind=file.kind,
            size_bytes=len(content),
            pages=file.pages,
            content_sealed=seals.seal(content, table="dispute_file", column="content_sealed", row=operation.id),
            made_by=caller.actor,
            now=clock.now(),
        )
        if operation.object_id is not None:
            # The same file was here before, and was taken away again.
            await file_store.keep_file(tx, operation.id, operation.object_id)
        await _record(tx, clock, caller, dispute, "dispute.file_attached")
    await send_file(database, stripe, clock, seals, caller, operation)


async def remove_file(database: Database, clock: Clock, caller: Caller, dispute_id: DisputeId, slot: Slot) -> None:
    """Take a file of staff's out of the packet; nothing is attached at Stripe before the packet is sent to the bank.

    Raises:
        NotFound: ``dispute_not_found``, ``evidence_file_not_found``.
        Forbidden: this role may not.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``.
    """
    if caller.role not in STAFF:
        raise Forbidden
    async with database.transaction("remove_evidence_file") as tx:
        dispute = await lock_answerable(tx, dispute_id)
        found = [one for one in await file_store.files_of(tx, dispute.id) if one.slot is slot and one.stripe_file_id]
        if not found:
            raise NotFound("evidence_file_not_found")
        await file_store.forget_file(tx, found[0].operation_id)
        await _record(tx, clock, caller, dispute, "dispute.file_removed")


async def files_of(tx: Tx, dispute_id: str) -> dict[Slot, StaffFile]:
    """What staff uploaded, by its place; one that is on its way hides the one that it will replace."""
    return {file.slot: file for file in sorted(await file_store.files_of(tx, dispute_id), key=_is_on_its_way)}


async def show_file(database: Database, seals: Seals, sender: Sender, dispute_id: DisputeId, slot: Slot) -> ShownFile:
    """The file that stands in a place: staff's own, else the document that is composed from the order's records.

    Raises:
        NotFound: ``dispute_not_found``, ``evidence_file_not_found``.
    """
    async with database.transaction("show_evidence_file") as tx:
        dispute = await store.find_dispute(tx, dispute_id)
        if dispute is None:
            raise NotFound("dispute_not_found")
        own = (await files_of(tx, dispute_id)).get(slot)
        written = await draft_of(tx, seals, dispute_id)
        records = await gather_records(tx, seals, dispute)
    if own is not None:
        content = seals.open(own.content_sealed, table="dispute_file", column="content_sealed", row=own.operation_id)
        return ShownFile(f"{slot}.{own.kind}", own.kind, content)
    documents = documents_of(records, written, sender) if records else []
    wanted = [one for one in documents if one.slot is slot]
    if not wanted:
        raise NotFound("evidence_file_not_found")
    drawn = (await asyncio.to_thread(draw_documents, wanted))[0]
    return ShownFile(f"{slot}.{drawn.kind}", drawn.kind, drawn.content)


def _read(slot: Slot, content: bytes) -> EvidenceFile:
    # Its libraries are loaded by whoever needs them, as those that draw.
    from vivr.disputes.read_upload import read_upload  # noqa: PLC0415 - see above

    return read_upload(slot, content)


def _is_on_its_way(file: StaffFile) -> bool:
    return file.stripe_file_id is None


async def _record(tx: Tx, clock: Clock, caller: Caller, dispute: Dispute, action: str) -> None:
    await record_act(tx, caller, clock.now(), action, on=("dispute", dispute.id), order_id=dispute.order_id)
