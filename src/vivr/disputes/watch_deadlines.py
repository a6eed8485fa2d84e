"""Remind staff of disputes that wait for an answer: 7, 2 and 1 days before the deadline, once each."""

from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.disputes import store
from vivr.disputes.model import Dispute, days_left, next_alert
from vivr.email.queue_message import queue_message
from vivr.orders.move_order import lock_order

_log: Final = structlog.stdlib.get_logger("vivr.disputes")
_BATCH_MAX: Final = 100


async def watch_deadlines(database: Database, clock: Clock, caller: Caller) -> int:
    """Tell of every deadline that is near; how many were told of."""
    async with database.transaction("due_dispute_alerts") as tx:
        due = await store.due_alerts(tx, clock.now(), _BATCH_MAX)
    told = 0
    for dispute in due:
        async with database.transaction("watch_dispute_deadline") as tx:
            told += await _tell(tx, clock, caller, dispute)
    return told


async def _tell(tx: Tx, clock: Clock, caller: Caller, dispute: Dispute) -> bool:
    now = clock.now()
    assert dispute.due_at is not None
    order = await lock_order(tx, dispute.order_id) if dispute.order_id else None
    if await store.take_alert(tx, dispute, next_alert(dispute.state, dispute.due_at, now)) is None:
        return False
    left = days_left(dispute.due_at, now)
    if order is not None:
        await queue_message(
            tx,
            now,
            kind="dispute_deadline_staff",
            subject_id=f"{dispute.id}:{left}",
            order_id=order.id,
            locale=order.locale,
            money=dispute.amount,
        )
    await record_act(
        tx,
        caller,
        now,
        "dispute.deadline_near",
        on=("dispute", dispute.id),
        order_id=dispute.order_id,
        money=dispute.amount,
    )
    _log.warning("dispute.deadline_near", dispute=dispute.id, order=dispute.order_id, days_left=left)
    return True
