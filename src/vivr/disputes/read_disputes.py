"""Read disputes and doubts for pages and other rooms."""

from vivr.database import Tx
from vivr.disputes import flag_store, store
from vivr.disputes.flag_store import FraudFlag
from vivr.disputes.model import Dispute


async def find_dispute(tx: Tx, dispute_id: str) -> Dispute | None:
    """One dispute."""
    return await store.find_dispute(tx, dispute_id)


async def disputes_of_order(tx: Tx, order_id: str) -> list[Dispute]:
    """All disputes of an order, oldest first."""
    return await store.disputes_of_order(tx, order_id)


async def all_disputes(tx: Tx, limit: int = 100) -> list[Dispute]:
    """All disputes: what awaits an answer first, the nearest deadline before the others."""
    return await store.all_disputes(tx, limit)


async def open_flags(tx: Tx, limit: int = 100) -> list[FraudFlag]:
    """Fraud warnings and reviews that wait for staff's word, oldest first."""
    return await flag_store.open_flags(tx, limit)
