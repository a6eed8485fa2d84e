"""Process what the inbox holds: claim, read Stripe's present word, apply it and end the event in one transaction."""

from datetime import timedelta
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.payments.read_target import StaleRead, read_target
from vivr.refunds.read_target import RefundTarget, read_refunds
from vivr.stripe_gateway.gateway import Stripe
from vivr.webhooks import store
from vivr.webhooks.events import HANDLERS
from vivr.webhooks.model import TRIES_MAX, EventState, Handled, InboxEvent, retry_delay

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
LEASE: Final = timedelta(seconds=60)


class LeaseLost(RuntimeError):  # noqa: N818 - reads as what it is
    """Another worker took the event over; what this one did is rolled back."""


async def process_events(database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str) -> int:
    """Process all events that are due; how many were taken."""
    taken = 0
    while True:
        async with database.transaction("claim_event") as tx:
            now = clock.now()
            event = await store.claim_event(tx, now=now, lease_until=now + LEASE)
        if event is None:
            return taken
        crash_point("inbox.after_claim")
        await _process(database, stripe, clock, caller, shop_id, event)
        taken += 1


async def _process(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str, event: InboxEvent
) -> None:
    try:
        handled = await _handle(database, stripe, clock, caller, shop_id, event)
    except LeaseLost:
        _log.warning("webhook.lease_lost", id=event.id)
    except (Unavailable, StaleRead) as error:
        # An outage of Stripe's or the database's, or a quicker reader, spends no try.
        await _put_back(database, clock, caller, event, reason=type(error).__name__, spends_try=False)
    except Exception as error:  # noqa: BLE001 - whatever one event does, the others go on
        _log.exception("webhook.failed", id=event.id, type=event.type)
        await _put_back(database, clock, caller, event, reason=type(error).__name__, spends_try=True)
    else:
        _log.info("webhook.processed", id=event.id, type=event.type, state=handled.state, order=handled.order_id)


async def _handle(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str, event: InboxEvent
) -> Handled:
    handler = HANDLERS[event.type]
    crash_point("inbox.before_fetch")
    target = handler.target(event)
    if isinstance(target, RefundTarget):
        read = await read_refunds(database, stripe, shop_id, event.account, target)
    else:
        read = await read_target(database, stripe, shop_id, event.account, target)
    crash_point("inbox.after_fetch")
    async with database.transaction("apply_event") as tx:
        handled = await handler.apply(tx, clock, caller, event, read)
        is_ours = await store.end_event(
            tx,
            event,
            state=handled.state,
            reason=handled.reason,
            order_id=handled.order_id,
            payment_id=handled.payment_id,
            tries=event.tries,
            now=clock.now(),
        )
        if not is_ours:
            raise LeaseLost(event.id)
        crash_point("inbox.in_apply")
    crash_point("inbox.after_apply")
    return handled


async def _put_back(
    database: Database, clock: Clock, caller: Caller, event: InboxEvent, *, reason: str, spends_try: bool
) -> None:
    now = clock.now()
    tries = event.tries + spends_try
    async with database.transaction("put_back_event") as tx:
        if tries < TRIES_MAX:
            delay = retry_delay(tries) if spends_try else timedelta(seconds=3)
            await store.retry_event(tx, event, reason=reason, tries=tries, next_try_at=now + delay)
            return
        dead = f"It failed {tries} times, the last time with {reason}."
        ended = await store.end_event(
            tx, event, state=EventState.DEAD, reason=dead, order_id=None, payment_id=None, tries=tries, now=now
        )
        if ended:
            await record_act(
                tx, caller, now, "webhook.dead", on=("event", event.id), outcome="failed", error_code=reason
            )
    _log.error("webhook.dead", id=event.id, type=event.type, reason=reason)
