"""Follow what Stripe did to held money, whoever asked for it: given back, released, refused, or back again.

Each function is told of one fact, in the transaction that writes the fact; the caller holds the locks of the order and
of its payment. A PaymentIntent that is not held is nobody's concern here, and nothing happens.
"""

from datetime import datetime

import structlog

from vivr.caller import Caller
from vivr.database import Tx
from vivr.ids import RefundId
from vivr.money_exceptions import store
from vivr.money_exceptions.model import ExceptionState, MoneyException, Resolution
from vivr.money_exceptions.record_exception import record_move, tell_staff
from vivr.operations.model import StripeScope

_log = structlog.stdlib.get_logger("vivr.money_exceptions")


async def money_returned(
    tx: Tx,
    caller: Caller,
    now: datetime,
    scope: StripeScope,
    intent_id: str,
    delta_minor: int,
    *,
    by: str,
    how: Resolution = Resolution.REFUNDED,
) -> None:
    """So much more of it goes back, or (negative) it is back after all; once for each fact.

    Args:
        tx: the transaction that posts what went or came.
        caller: who writes it down.
        now: the present.
        scope: account and mode.
        intent_id: the PaymentIntent.
        delta_minor: how much more is given back now; 0 changes nothing.
        by: who asked Stripe for it, where nobody decided it here.
        how: by a refund, or by a lost dispute.
    """
    held = await store.shift_returned(tx, scope, intent_id, delta_minor) if delta_minor else None
    if held is None:
        return
    is_whole = held.returned_minor >= held.amount_minor
    if is_whole and held.state != ExceptionState.RESOLVED:
        await end(tx, caller, now, held, how, by=held.decided_by or by)
    elif not is_whole and held.state == ExceptionState.RESOLVED:
        await _reopen(tx, caller, now, held)


async def money_released(tx: Tx, caller: Caller, now: datetime, scope: StripeScope, intent_id: str) -> None:
    """Stripe canceled an authorised PaymentIntent: nothing of it is held any more."""
    held = await store.lock_of_object(tx, scope, intent_id)
    if held is not None and not held.captured and held.state != ExceptionState.RESOLVED:
        await end(tx, caller, now, held, Resolution.RELEASED, by=held.decided_by or "stripe")


async def giving_back_refused(
    tx: Tx, caller: Caller, now: datetime, scope: StripeScope, intent_id: str, refund_id: RefundId | None
) -> None:
    """Stripe or a second person refused what was decided (this refund): it waits for a person again."""
    held = await store.lock_of_object(tx, scope, intent_id)
    if held is not None and held.state == ExceptionState.RESOLVING and held.refund_id == refund_id:
        await _reopen(tx, caller, now, held)


async def end(
    tx: Tx, caller: Caller, now: datetime, held: MoneyException, resolution: Resolution, *, by: str, **more: object
) -> MoneyException | None:
    """End an exception with its audit row; None: somebody else did."""
    ended = await store.resolve(tx, held.id, now, resolution=resolution, resolved_by=by, **more)
    if ended is not None:
        await record_move(tx, caller, now, ended, f"money_exception.{resolution}")
        _log.info("money_exception.resolved", exception=ended.id, resolution=resolution, order=ended.order_id)
    return ended


async def _reopen(tx: Tx, caller: Caller, now: datetime, held: MoneyException) -> None:
    opened = await store.reopen(tx, held.id)
    if opened is not None:
        await tell_staff(tx, now, opened)
        await record_move(tx, caller, now, opened, "money_exception.reopened", outcome="failed")
        _log.warning("money_exception.reopened", exception=opened.id, order=opened.order_id)
