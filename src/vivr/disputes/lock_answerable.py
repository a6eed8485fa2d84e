"""Lock a dispute that waits for the shop's answer, while no answer is under way."""

from vivr.database import Tx
from vivr.disputes import store
from vivr.disputes.model import Dispute, check_answerable
from vivr.errors import Conflict, NotFound
from vivr.ids import DisputeId
from vivr.operations.run_operation import last_attempt
from vivr.orders.move_order import lock_order
from vivr.payments.payment_sums import lock_payment


def submission_intent(dispute_id: str) -> str:
    """What sending evidence to the bank intends: once per dispute."""
    return f"submission:{dispute_id}"


def acceptance_intent(dispute_id: str) -> str:
    """What accepting a dispute intends."""
    return f"acceptance:{dispute_id}"


async def lock_answerable(tx: Tx, dispute_id: DisputeId) -> Dispute:
    """A dispute that waits for an answer, locked with its order and payment, and no answer of ours under way.

    Raises:
        NotFound: ``dispute_not_found``.
        Conflict: ``dispute_not_open``, ``evidence_already_submitted``, ``operation_in_progress``.
    """
    known = await store.find_dispute(tx, dispute_id)
    if known is None:
        raise NotFound("dispute_not_found")
    if known.order_id is not None:
        await lock_order(tx, known.order_id)
    if known.payment_id is not None:
        await lock_payment(tx, known.payment_id)
    dispute = await store.lock_dispute(tx, dispute_id)
    assert dispute is not None
    refusal = check_answerable(dispute)
    if refusal is not None:
        raise refusal
    for intent in (submission_intent(dispute.id), acceptance_intent(dispute.id)):
        await refuse_unsettled(tx, dispute, intent)
    return dispute


async def refuse_unsettled(tx: Tx, dispute: Dispute, intent: str) -> None:
    """An answer that may still arrive at Stripe must not meet another one there.

    Raises:
        Conflict: ``operation_in_progress``.
    """
    last = await last_attempt(tx, dispute.scope, intent)
    if last is not None and not last.is_settled:
        raise Conflict("operation_in_progress", operation=last.id)
