"""All SQL of the files that staff uploads as evidence."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.disputes.model import Dispute, FileKind, Slot
from vivr.ids import DisputeId, OperationId

_INSERT = Sql(
    "insert_dispute_file",
    "Keep a file that is about to be sent; the same one is kept once.",
    """
    INSERT INTO dispute_file (operation_id, dispute_id, slot, kind, size_bytes, pages, content_sealed, made_by, made_at)
    VALUES (%(operation_id)s, %(dispute_id)s, %(slot)s, %(kind)s, %(size_bytes)s, %(pages)s, %(content_sealed)s,
            %(made_by)s, %(now)s)
    ON CONFLICT ON CONSTRAINT dispute_file_pkey DO NOTHING
    """,
)

_FORGET_OTHERS = Sql(
    "forget_other_dispute_files",
    "What stood in the place of a file that arrived.",
    """
    DELETE FROM dispute_file AS other USING dispute_file AS arrived
    WHERE arrived.operation_id = %(operation_id)s AND other.dispute_id = arrived.dispute_id
      AND other.slot = arrived.slot AND other.stripe_file_id IS NOT NULL
      AND other.operation_id <> arrived.operation_id
    """,
)

_KEEP = Sql(
    "keep_dispute_file",
    "A file arrived at Stripe; no row: the dispute ended meanwhile, or it is no file of staff's.",
    """
    UPDATE dispute_file SET stripe_file_id = %(stripe_file_id)s
    WHERE operation_id = %(operation_id)s AND stripe_file_id IS NULL
    """,
)

_FORGET = Sql(
    "forget_dispute_file",
    "A file that Stripe refused, or that staff takes away.",
    "DELETE FROM dispute_file WHERE operation_id = %(operation_id)s",
)

_FORGET_ALL = Sql(
    "forget_files_of_dispute",
    "A dispute that ended needs none.",
    "DELETE FROM dispute_file WHERE dispute_id = %(dispute_id)s",
)

_OF_DISPUTE = Sql(
    "files_of_dispute",
    "The files that staff uploaded for a dispute.",
    "SELECT * FROM dispute_file WHERE dispute_id = %(dispute_id)s ORDER BY made_at, operation_id",
)


@dataclass(frozen=True, slots=True)
class StaffFile:
    """A file that staff uploaded.

    Attributes:
        stripe_file_id: None: whether it arrived is not known yet.
    """

    operation_id: OperationId
    dispute_id: DisputeId
    slot: Slot
    kind: FileKind
    size_bytes: int
    pages: int
    stripe_file_id: str | None
    content_sealed: bytes
    made_by: str
    made_at: datetime


async def insert_file(tx: Tx, **values: object) -> None:
    """Keep a file that is about to be sent."""
    await tx.run(_INSERT, **values)


async def keep_file(tx: Tx, operation_id: OperationId, stripe_file_id: str) -> None:
    """A file arrived, and takes the place of the one before."""
    await tx.run(_FORGET_OTHERS, operation_id=operation_id)
    await tx.run(_KEEP, operation_id=operation_id, stripe_file_id=stripe_file_id)


async def forget_file(tx: Tx, operation_id: OperationId) -> bool:
    """Forget a file; False: there was none."""
    return await tx.run(_FORGET, operation_id=operation_id) == 1


async def forget_files(tx: Tx, dispute: Dispute) -> None:
    """Forget all files of a dispute."""
    await tx.run(_FORGET_ALL, dispute_id=dispute.id)


async def files_of(tx: Tx, dispute_id: str) -> list[StaffFile]:
    """The files that staff uploaded for a dispute."""
    return await tx.rows(_OF_DISPUTE, StaffFile, dispute_id=dispute_id)
