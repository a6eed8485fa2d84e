"""How an answer to a dispute is ended when it stopped between its steps: the dispute itself tells."""

from datetime import timedelta
from typing import Final

import msgspec

from vivr.database import Database
from vivr.disputes.answer_dispute import record_answered
from vivr.disputes.read_disputes import find_dispute
from vivr.disputes.send_file import record_file
from vivr.operations.model import Operation, OperationKind
from vivr.operations.recover_operation import Ending, Endings
from vivr.stripe_gateway.answers import Answer, Done
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeDispute

_CLOCK_SLACK: Final = timedelta(minutes=5)
"""So much Stripe's clock and ours may differ where files are listed by their time."""

_GIVEN_UP: Final = frozenset({"lost", "warning_closed"})


async def _find_file(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    # A file has no metadata: its name carries the operation's id.
    del database
    since = int((operation.first_sent_at - _CLOCK_SLACK).timestamp())
    for found in await stripe.list_evidence_files(since):
        if operation.id in (found.filename or ""):
            return Done({"id": found.id})
    return None


async def _find_evidence(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    found = await _read(database, stripe, operation)
    return Done(msgspec.to_builtins(found)) if found.metadata.get("operation") == operation.id else None


async def _find_acceptance(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    # Whoever gave it up, the bank or the shop: what was intended is so.
    found = await _read(database, stripe, operation)
    return Done(msgspec.to_builtins(found)) if found.status in _GIVEN_UP else None


async def _read(database: Database, stripe: Stripe, operation: Operation) -> StripeDispute:
    async with database.transaction("find_dispute") as tx:
        dispute = await find_dispute(tx, operation.intent.split(":")[1])
    assert dispute is not None
    return await stripe.read_dispute(dispute.stripe_id)


ENDINGS: Final[Endings] = {
    OperationKind.UPLOAD_EVIDENCE: Ending(_find_file, record_file),
    OperationKind.SAVE_EVIDENCE: Ending(_find_evidence, record_answered),
    OperationKind.SUBMIT_EVIDENCE: Ending(_find_evidence, record_answered),
    OperationKind.ACCEPT_DISPUTE: Ending(_find_acceptance, record_answered),
}
"""How the answers to disputes are ended."""
