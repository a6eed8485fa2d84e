"""Read messages for timelines and staff."""

from vivr.database import Tx
from vivr.email import store
from vivr.email.store import Message


async def messages_of_order(tx: Tx, order_id: str) -> list[Message]:
    """All messages about an order."""
    return await store.messages_of_order(tx, order_id)
