"""Fill the inbox from Stripe's list of events, so that a dead endpoint or a wrong address heals by itself.

Stripe keeps events for 30 days (Stripe API reference, events). The list is read by time of creation, an hour before the
last comparison, and what the inbox holds already is left alone: an event's id says nothing about its place in time.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.payments.poll_payments import poll_all_now
from vivr.stripe_gateway.gateway import Stripe
from vivr.webhooks import store
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import merge_deliveries, read_envelope
from vivr.webhooks.receive_event import event_to_keep

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
PAUSE: Final = timedelta(minutes=5)
OVERLAP: Final = timedelta(hours=1)
REACH: Final = timedelta(days=30)
_TYPES_MAX: Final = 20
"""So many types one call may name (Stripe API reference, events)."""


async def fill_gaps(database: Database, stripe: Stripe, clock: Clock, caller: Caller, scope: StripeScope) -> int:
    """Compare the inbox with Stripe's list if that is due; how many events were missing.

    What can't be read now is read the next time, from the same place.

    Raises:
        Unavailable: Stripe or the database can't be reached.
    """
    began = clock.now()
    async with database.transaction("claim_gap_fill") as tx:
        filled_to = await store.claim_gap_fill(tx, scope, now=began, next_at=began + PAUSE)
    if filled_to is None:
        return 0
    if began - filled_to > REACH:
        await _fall_back(database, caller, began, filled_to)
    since = max(filled_to - OVERLAP, began - REACH)
    missing = 0
    for first in range(0, len(SUBSCRIBED), _TYPES_MAX):
        types = SUBSCRIBED[first : first + _TYPES_MAX]
        async for page in stripe.list_event_pages(types, int(since.timestamp())):
            missing += await _keep_missing(database, clock, caller, scope, page)
    async with database.transaction("end_gap_fill") as tx:
        await store.end_gap_fill(tx, scope, filled_to=began)
    if missing:
        _log.warning("webhook.gap_filled", events=missing, since=since.isoformat())
    return missing


async def _keep_missing(
    database: Database, clock: Clock, caller: Caller, scope: StripeScope, page: list[dict[str, object]]
) -> int:
    bodies = [msgspec.json.encode(event) for event in page]
    found = [(envelope, body) for body in bodies if (envelope := read_envelope(body)) is not None]
    listed = [event_to_keep(scope, envelope, body, clock.now(), caller.request_id) for envelope, body in found]
    async with database.transaction("keep_missing_events") as tx:
        known = await store.known_events(tx, [event.key for event in listed])
        missing = merge_deliveries([event for event in listed if event.key not in known])
        if missing:
            await store.insert_events(tx, missing)
    return len(missing)


async def _fall_back(database: Database, caller: Caller, now: datetime, filled_to: datetime) -> None:
    """What is older than Stripe's list can't be read from it: alert, and ask about every open payment at once."""
    async with database.transaction("gap_too_long") as tx:
        await poll_all_now(tx, now)
        await record_act(
            tx,
            caller,
            now,
            "webhook.gap_too_long",
            on=("inbox", filled_to.date().isoformat()),
            outcome="failed",
            error_code="gap_over_30_days",
        )
    _log.error("webhook.gap_too_long", since=filled_to.isoformat())
