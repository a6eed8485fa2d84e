"""Post what Stripe's balance did, each movement once, when its counterpart stands in the books."""

from datetime import datetime
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.ledger.model import balance_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.ledger.read_ledger import find_entry
from vivr.money import Money
from vivr.money_exceptions.model import Kind
from vivr.money_exceptions.record_exception import end_of_itself
from vivr.operations.model import StripeScope
from vivr.reconciliation import store
from vivr.reconciliation.model import Movement, MovementState, fee_kept

_log: Final = structlog.stdlib.get_logger("vivr.reconciliation")


async def post_movements(database: Database, clock: Clock, caller: Caller) -> int:
    """Post all that can be posted; how many were.

    One poster works at a time, one movement a transaction: what Stripe kept of a fee is reckoned from what was posted
    before, and no two orders are locked together.
    """
    posted = 0
    while True:
        async with database.transaction("post_movement") as tx:
            is_alone = await store.try_lock_poster(tx)
            movement = await store.next_postable(tx) if is_alone else None
            if movement is not None:
                await _post(tx, caller, clock.now(), movement)
        if movement is None:
            if posted:
                _log.info("balance.posted", movements=posted)
            return posted
        posted += 1


async def _post(tx: Tx, caller: Caller, now: datetime, movement: Movement) -> None:
    counterpart = None
    if movement.counterpart is not None:
        counterpart = await find_entry(
            tx,
            account=movement.account,
            livemode=movement.livemode,
            object_id=movement.source_id or "",
            kind=movement.counterpart,
        )
    source = EntrySource(
        movement.account,
        movement.livemode,
        movement.id,
        "balance_transaction",
        counterpart.order_id if counterpart else None,
        counterpart.payment_id if counterpart else None,
    )
    kept = Money(await _kept(tx, movement), movement.currency)
    postings = balance_postings(movement.amount, movement.fee, against=movement.against, fees=movement.fees, kept=kept)
    if postings:
        await post_entry(tx, now, source, postings)
    await store.end(tx, movement, MovementState.POSTED)
    if counterpart is not None:
        scope = StripeScope(movement.account, movement.livemode)
        for object_id in (movement.id, counterpart.object_id):
            await end_of_itself(tx, caller, now, scope, object_id, Kind.LEDGER_MISMATCH)


async def _kept(tx: Tx, movement: Movement) -> int:
    """What more of the charge's fee Stripe keeps although its money went back, now that this is posted."""
    if movement.counterpart not in {"capture", "refund", "refund_failure"}:
        return 0
    before = await store.posted_of_intent(tx, movement)
    return _kept_of([*before, movement]) - _kept_of(before)


def _kept_of(movements: list[Movement]) -> int:
    charges = [one for one in movements if one.counterpart == "capture"]
    back = -sum(one.amount_minor for one in movements if one.counterpart in {"refund", "refund_failure"})
    return fee_kept(sum(one.fee_minor for one in charges), sum(one.amount_minor for one in charges), back)
