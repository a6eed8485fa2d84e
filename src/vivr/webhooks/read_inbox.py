"""Read the inbox for timelines and staff."""

from vivr.database import Tx
from vivr.webhooks import store
from vivr.webhooks.model import EventState, InboxEvent


async def events_of_order(tx: Tx, order_id: str) -> list[InboxEvent]:
    """Events that concerned an order, in the order of their arrival."""
    return await store.events_of_order(tx, order_id)


async def newest_events(tx: Tx, *, state: EventState | None, limit: int) -> list[InboxEvent]:
    """The newest events, of one state or of all."""
    return await store.newest_events(tx, state=state, limit=limit)
