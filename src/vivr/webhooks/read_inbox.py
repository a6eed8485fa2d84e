"""Read the inbox for timelines and staff."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Tx
from vivr.webhooks import store
from vivr.webhooks.model import EventState, InboxEvent, InboxHealth


async def events_of_order(tx: Tx, order_id: str) -> list[InboxEvent]:
    """Events that concerned an order, in the order of their arrival."""
    return await store.events_of_order(tx, order_id)


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of the inbox.

    Attributes:
        state: of this state alone.
        type: of this type alone.
        before: when the last event of the page before came, and its id.
        limit: events at most.
    """

    state: EventState | None
    type: str | None
    before: tuple[datetime, str] | None
    limit: int


async def newest_events(tx: Tx, page: InboxPage) -> list[InboxEvent]:
    """The newest events of a page."""
    before_at, before_id = page.before or (None, None)
    return await store.newest_events(
        tx, state=page.state, type=page.type, before_at=before_at, before_id=before_id, limit=page.limit
    )


async def inbox_health(tx: Tx) -> InboxHealth:
    """How many events wait and since when, and how many are dead."""
    return await store.health(tx)
