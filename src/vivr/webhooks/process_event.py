"""Process what the inbox holds: claim the waiting events of a subject, read Stripe's word once, apply and end them all.

Effects and the events' ends are committed together. Subjects are worked on side by side, a subject's events one read
after the other.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database, Tx
from vivr.errors import Unavailable
from vivr.stripe_gateway.gateway import Stripe
from vivr.webhooks import store
from vivr.webhooks.events import HANDLERS
from vivr.webhooks.model import TRIES_MAX, EventState, Handled, InboxEvent, StaleRead, retry_delay
from vivr.webhooks.target import Read, Target

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
LEASE: Final = timedelta(seconds=60)
_SUBJECTS_MAX: Final = 8
"""Worked on side by side: as many reads at Stripe at once, and fewer than the pool has connections."""


class LeaseLost(RuntimeError):  # noqa: N818 - reads as what it is
    """Another worker took an event over; what this one did is rolled back."""


@dataclass(frozen=True, slots=True)
class _Work:
    database: Database
    stripe: Stripe
    clock: Clock
    caller: Caller
    shop_id: str


async def process_events(database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str) -> int:
    """Process all events that are due; how many were taken."""
    work = _Work(database, stripe, clock, caller, shop_id)
    taken = 0
    while True:
        async with database.transaction("claim_events") as tx:
            now = clock.now()
            events = await store.claim_events(tx, now=now, lease_until=now + LEASE, subjects=_SUBJECTS_MAX)
        if not events:
            return taken
        crash_point("inbox.after_claim")
        groups = [_broadest_first(group) for _, group in groupby(sorted(events, key=_subject_of), key=_subject_of)]
        ends = await asyncio.gather(*(_process_subject(work, group) for group in groups), return_exceptions=True)
        for error in ends:
            if error is not None:
                raise error
        taken += len(events)


def _subject_of(event: InboxEvent) -> tuple[str, bool, str]:
    return event.account, event.livemode, event.subject


def _broadest_first(events: Iterable[InboxEvent]) -> list[InboxEvent]:
    """What is read for the broadest target serves the others too."""
    asked = ((_target_of(event), event) for event in events)
    return [event for _, event in sorted(asked, key=lambda pair: -pair[0].breadth if pair[0] else 0)]


def _target_of(event: InboxEvent) -> Target | None:
    """What it asks for; None: no file stands for its type any more."""
    handler = HANDLERS.get(event.type)
    return handler and handler.target(event)


async def _process_subject(work: _Work, waiting: Sequence[InboxEvent]) -> None:
    """Work on a subject's events until none is left; each read serves all that it answers."""
    while waiting:
        served = await _process_first(work, waiting)
        waiting = [event for event in waiting if event not in served]


async def _process_first(work: _Work, waiting: Sequence[InboxEvent]) -> Sequence[InboxEvent]:
    """Process the first event, and all others that its read serves; those that were dealt with."""
    served: Sequence[InboxEvent] = waiting[:1]
    try:
        crash_point("inbox.before_fetch")
        read = await read_event(work.database, work.stripe, work.shop_id, served[0])
        crash_point("inbox.after_fetch")
        served = [event for event in waiting if event is served[0] or _serves(read, served[0], event)]
        handled = await _apply(work, served, read)
    except LeaseLost as lost:
        _log.warning("webhook.lease_lost", id=str(lost))
    except (Unavailable, StaleRead) as error:
        # An outage of Stripe's or the database's, or a quicker reader, spends no try.
        await _put_back(work, served, reason=type(error).__name__, spends_try=False)
    except Exception as error:  # noqa: BLE001 - whatever one event does, the others go on
        _log.exception("webhook.failed", ids=[event.id for event in served])
        await _put_back(work, served, reason=type(error).__name__, spends_try=True)
    else:
        ids = [[event.id, event.type] for event in served]
        _log.info("webhook.processed", events=ids, state=handled.state, order=handled.order_id)
    return served


async def read_event(database: Database, stripe: Stripe, shop_id: str, event: InboxEvent) -> Read:
    """Read Stripe's present word on what an event is about.

    Raises:
        Unavailable: Stripe or the database can't be reached.
    """
    return await HANDLERS[event.type].target(event).read(database, stripe, shop_id, event.account)


def _serves(read: Read, first: InboxEvent, other: InboxEvent) -> bool:
    """Whether what was read for one event is what another one asks for."""
    asked = _target_of(other)
    return asked is not None and (asked == _target_of(first) or read.serves(asked))


async def _apply(work: _Work, events: Sequence[InboxEvent], read: Read) -> Handled:
    first = events[0]
    async with work.database.transaction("apply_events") as tx:
        handled = await HANDLERS[first.type].apply(tx, work.clock, work.caller, first, read)
        for event in events:
            reason = handled.reason if event is first else f"Read together with {first.id}: {handled.reason}"
            await _end(tx, work.clock, event, handled, reason)
        crash_point("inbox.in_apply")
    crash_point("inbox.after_apply")
    return handled


async def _end(tx: Tx, clock: Clock, event: InboxEvent, handled: Handled, reason: str) -> None:
    is_ours = await store.end_event(
        tx,
        event,
        state=handled.state,
        reason=reason,
        order_id=handled.order_id,
        payment_id=handled.payment_id,
        tries=event.tries,
        now=clock.now(),
    )
    if not is_ours:
        raise LeaseLost(event.id)


async def _put_back(work: _Work, events: Sequence[InboxEvent], *, reason: str, spends_try: bool) -> None:
    now = work.clock.now()
    for event in events:
        tries = event.tries + spends_try
        delay = retry_delay(tries) if spends_try else timedelta(seconds=3)
        async with work.database.transaction("put_back_event") as tx:
            if tries < TRIES_MAX:
                await store.retry_event(tx, event, reason=reason, tries=tries, next_try_at=now + delay)
                continue
            await _give_up(tx, work, event, reason, tries)


async def _give_up(tx: Tx, work: _Work, event: InboxEvent, reason: str, tries: int) -> None:
    now = work.clock.now()
    dead = f"It failed {tries} times, the last time with {reason}."
    ended = await store.end_event(
        tx, event, state=EventState.DEAD, reason=dead, order_id=None, payment_id=None, tries=tries, now=now
    )
    if ended:
        await record_act(
            tx, work.caller, now, "webhook.dead", on=("event", event.id), outcome="failed", error_code=reason
        )
    _log.error("webhook.dead", id=event.id, type=event.type, reason=reason)
