"""Read the ledger for timelines and staff."""

from vivr.database import Tx
from vivr.ledger import store
from vivr.ledger.store import PostedLine


async def postings_of_order(tx: Tx, order_id: str) -> list[PostedLine]:
    """All postings of one order, entry by entry."""
    return await store.postings_of_order(tx, order_id)
