"""What waits and who has to look, read from the database whenever ``/metrics`` is asked for: no value is ever stale.

A database that is away or not migrated takes these series from the page and nothing else; ``vivr_waiting_read`` tells.
What has ended is not counted here: that would read whole tables at every scrape.
"""

import asyncio
from datetime import datetime
from typing import Final

import psycopg
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.money_exceptions.read_exceptions import open_exceptions
from vivr.operations.model import OperationsHealth
from vivr.operations.read_operations import operations_health
from vivr.webhooks.model import InboxHealth
from vivr.webhooks.read_inbox import inbox_health

_PATIENCE_S: Final = 3
"""Prometheus gives a page ten seconds by default; the rest of it must come in time."""

_EXCEPTIONS_MAX: Final = 1000


async def waiting_text(database: Database, clock: Clock) -> bytes:
    """The gauges in Prometheus' text format."""
    registry = CollectorRegistry()
    was_read = Gauge("vivr_waiting_read", "1: what waits was read; 0: no database.", registry=registry)
    try:
        async with asyncio.timeout(_PATIENCE_S), database.transaction("metrics") as tx:
            inbox, operations = await inbox_health(tx), await operations_health(tx)
            exceptions = len(await open_exceptions(tx, _EXCEPTIONS_MAX))
    except (Unavailable, TimeoutError, psycopg.errors.UndefinedTable):
        return generate_latest(registry)
    now = clock.now()
    _show_inbox(registry, inbox, now)
    _show_operations(registry, operations, now)
    Gauge("vivr_money_exceptions", "Money exceptions that are open.", registry=registry).set(exceptions)
    was_read.set(1)
    return generate_latest(registry)


def _show_inbox(registry: CollectorRegistry, inbox: InboxHealth, now: datetime) -> None:
    depth = Gauge("vivr_inbox_events", "Events that wait or are dead, by state.", ("state",), registry=registry)
    for state, count in (("RECEIVED", inbox.received), ("RETRYING", inbox.retrying), ("DEAD", inbox.dead)):
        depth.labels(state).set(count)
    oldest = Gauge("vivr_inbox_oldest_seconds", "Age of the oldest waiting event; 0: none.", registry=registry)
    oldest.set(_age_s(inbox.oldest_at, now))


def _show_operations(registry: CollectorRegistry, operations: OperationsHealth, now: datetime) -> None:
    unsettled = Gauge("vivr_operations", "Unsettled writes at Stripe, by outcome.", ("outcome",), registry=registry)
    for outcome, count in (("started", operations.started), ("unknown", operations.unknown)):
        unsettled.labels(outcome).set(count)
    oldest = Gauge("vivr_operations_oldest_seconds", "Age of the oldest unsettled write; 0: none.", registry=registry)
    oldest.set(_age_s(operations.oldest_at, now))


def _age_s(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
