"""Staff's word on an event of the inbox: process it again, see what that would do, or leave it.

Processing again is safe at any time, for what counts is read from Stripe: an event of long ago applies today's truth.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Conflict, Forbidden, InvalidInput, NotFound
from vivr.operations.model import StripeScope
from vivr.orders.model import OrderState
from vivr.orders.read_orders import find_order
from vivr.stripe_gateway.gateway import Stripe
from vivr.webhooks import store
from vivr.webhooks.events import HANDLERS
from vivr.webhooks.model import EventState, Handled, InboxEvent, may_change_events
from vivr.webhooks.process_event import read_event

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")


@dataclass(frozen=True, slots=True)
class Preview:
    """What processing an event now would do: its end, and the order's state before and after."""

    handled: Handled
    order_before: OrderState | None
    order_after: OrderState | None


class _Undone(Exception):  # noqa: N818 - no error: it takes the transaction back
    pass


async def find_event(database: Database, scope: StripeScope, event_id: str) -> InboxEvent:
    """One event.

    Raises:
        NotFound: ``event_not_found``.
    """
    async with database.transaction("find_event") as tx:
        event = await store.find_event(tx, scope, event_id)
    if event is None:
        raise NotFound("event_not_found")
    return event


async def preview_event(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str, event: InboxEvent
) -> Preview:
    """Read Stripe's present word, apply it and take all of it back; what it would have done.

    Raises:
        Forbidden: this role may only look.
        Conflict: ``event_not_handled``: nothing in this shop follows from events of its type.
        Unavailable: Stripe or the database can't be reached.
    """
    _check_hands(caller)
    handler = HANDLERS.get(event.type)
    if handler is None:
        raise Conflict("event_not_handled")
    read = await read_event(database, stripe, shop_id, event)
    handled, after = None, None
    with suppress(_Undone):
        async with database.transaction("preview_event") as tx:
            handled = await handler.apply(tx, clock, caller, event, read)
            after = await find_order(tx, handled.order_id) if handled.order_id else None
            raise _Undone
    assert handled is not None
    async with database.transaction("preview_event") as tx:
        before = await find_order(tx, handled.order_id) if handled.order_id else None
    return Preview(handled, before and before.state, after and after.state)


async def replay_event(database: Database, clock: Clock, caller: Caller, event: InboxEvent) -> None:
    """Let the worker process an ended or waiting event now, with all its tries.

    Raises:
        Forbidden: this role may only look.
        Conflict: ``event_not_handled``, or ``event_in_progress``: a worker has it at this moment.
    """
    _check_hands(caller)
    if event.type not in HANDLERS:
        raise Conflict("event_not_handled")
    now = clock.now()
    async with database.transaction("replay_event") as tx:
        if not await store.replay_event(tx, event, now=now):
            raise Conflict("event_in_progress")
        await record_act(tx, caller, now, "webhook.replayed", on=("event", event.id), order_id=event.order_id)
    _log.info("webhook.replayed", id=event.id, type=event.type)


async def replay_dead(database: Database, clock: Clock, caller: Caller) -> int:
    """Let the worker process all dead events again; how many.

    Raises:
        Forbidden: this role may not do that for all at once.
    """
    _check_hands(caller, all_at_once=True)
    now = clock.now()
    async with database.transaction("replay_dead") as tx:
        ids = await store.replay_dead(tx, now=now)
        for event_id in ids:
            await record_act(tx, caller, now, "webhook.replayed", on=("event", event_id))
    return len(ids)


async def ignore_event(database: Database, clock: Clock, caller: Caller, event: InboxEvent, reason: str) -> None:
    """End a waiting or dead event without processing it.

    Raises:
        Forbidden: this role may only look.
        InvalidInput: there is no reason.
        Conflict: ``event_already_ended``, or ``event_in_progress``.
    """
    _check_hands(caller)
    if not reason.strip():
        raise InvalidInput({"reason": "required"})
    if event.state in {EventState.PROCESSED, EventState.IGNORED}:
        raise Conflict("event_already_ended")
    now = clock.now()
    async with database.transaction("ignore_event") as tx:
        if not await store.ignore_event(tx, event, now=now, reason=f"Staff: {reason}"):
            raise Conflict("event_in_progress")
        await record_act(tx, caller, now, "webhook.ignored", on=("event", event.id), order_id=event.order_id)
    _log.info("webhook.ignored", id=event.id, type=event.type)


def _check_hands(caller: Caller, *, all_at_once: bool = False) -> None:
    if not may_change_events(caller.role, all_at_once=all_at_once):
        raise Forbidden
