"""Send the files of the evidence packet to Stripe, before they are attached to their dispute."""

import asyncio
from collections.abc import Mapping

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.disputes import file_store
from vivr.disputes.file_store import StaffFile
from vivr.disputes.gather_records import gather_records
from vivr.disputes.lock_answerable import lock_answerable
from vivr.disputes.model import Slot
from vivr.disputes.packet import Document, EvidenceFile, check_sum, documents_of
from vivr.disputes.send_file import reserve_file, send_file
from vivr.email.model import Sender
from vivr.errors import Conflict
from vivr.ids import DisputeId
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe


async def send_packet(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    sender: Sender,
    dispute_id: DisputeId,
    written: Mapping[str, str],
) -> dict[Slot, str]:
    """Send what is not at Stripe yet; Stripe's id of each file of the packet.

    Raises:
        NotFound: ``dispute_not_found``.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``,
            ``evidence_file_on_its_way``.
        Refusal: ``evidence_too_large`` or ``evidence_too_long`` with all files; ``evidence_file_refused`` by Stripe.
    """
    async with database.transaction("gather_packet") as tx:
        dispute = await lock_answerable(tx, dispute_id)
        records = await gather_records(tx, seals, dispute)
        staffs = await file_store.files_of(tx, dispute.id)
    sent = {file.slot: file.stripe_file_id for file in staffs if file.stripe_file_id}
    if any(file.stripe_file_id is None for file in staffs):
        raise Conflict("evidence_file_on_its_way")
    documents = documents_of(records, written, sender) if records else []
    # Drawing keeps a core busy for a moment: the event loop goes on meanwhile.
    drawn = await asyncio.to_thread(draw_documents, [one for one in documents if one.slot not in sent])
    refusal = check_sum([(len(one.content), one.pages) for one in drawn] + [_extent(file) for file in staffs])
    if refusal is not None:
        raise refusal
    async with database.transaction("reserve_packet") as tx:
        dispute = await lock_answerable(tx, dispute_id)
        operations = [(one.slot, await reserve_file(tx, clock, seals, caller, dispute, one)) for one in drawn]
    for slot, operation in operations:
        sent[slot] = await send_file(database, stripe, clock, seals, caller, operation)
    return sent


def draw_documents(documents: list[Document]) -> list[EvidenceFile]:
    """The documents as files; blocks while it draws."""
    # Its library takes 20 MB, which a process that never answers a dispute does not spend.
    from vivr.disputes.draw_document import draw_document  # noqa: PLC0415 - see above

    return [draw_document(one) for one in documents]


def _extent(file: StaffFile) -> tuple[int, int]:
    return file.size_bytes, file.pages
