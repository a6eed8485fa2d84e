"""Write Stripe's word on a payout: where it stands, its arrival at the bank, and what it consists of."""

from datetime import UTC, datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.ledger.model import Posting, payout_postings
from vivr.ledger.post_entry import EntrySource, is_posted, post_entry
from vivr.money import Money
from vivr.operations.model import StripeScope
from vivr.reconciliation import store
from vivr.reconciliation.keep_movements import keep_movements
from vivr.reconciliation.model import PAYOUT_BEFORE, PayoutState
from vivr.reconciliation.read_target import PayoutRead
from vivr.stripe_gateway.objects import Payout

_log: Final = structlog.stdlib.get_logger("vivr.reconciliation")


async def apply_payout(tx: Tx, clock: Clock, caller: Caller, read: PayoutRead) -> str:
    """Apply what was read; one sentence says what came of it. Doing it again changes nothing."""
    payout, scope, now = read.payout, read.scope, clock.now()
    to = PayoutState(payout.status)
    await store.keep_payout(
        tx,
        scope,
        id=payout.id,
        amount_minor=payout.amount,
        currency=payout.currency.upper(),
        automatic=payout.automatic,
        arrival_at=datetime.fromtimestamp(payout.arrival_date, UTC),
        created_at=datetime.fromtimestamp(payout.created, UTC),
        now=now,
    )
    moved = await store.move_payout(
        tx, scope, payout.id, to, PAYOUT_BEFORE[to], now=now, failure_code=payout.failure_code
    )
    if read.parts:
        await keep_movements(tx, scope, now, read.parts, payout_id=payout.id)
        await store.reconcile_payout(tx, scope, payout.id, now)
    if moved is None:
        return f"The payout is {to}, as before; {len(read.parts)} of its balance transactions are kept."
    money = Money(payout.amount, payout.currency.upper())
    await _book(tx, now, scope, payout, to, money)
    outcome = "failed" if to == PayoutState.FAILED else "done"
    await record_act(
        tx,
        caller,
        now,
        f"payout.{to}",
        on=("payout", payout.id),
        outcome=outcome,
        money=money,
        error_code=payout.failure_code,
    )
    _log.info("payout.moved", payout=payout.id, to=to, code=payout.failure_code)
    return f"The payout is {to}; {len(read.parts)} of its balance transactions are kept."


async def _book(tx: Tx, now: datetime, scope: StripeScope, payout: Payout, to: PayoutState, money: Money) -> None:
    """What arrived at the bank, and what was sent back after it had arrived."""
    arrived = payout_postings(money)
    if to == PayoutState.PAID and arrived:
        await post_entry(tx, now, _source(scope, payout, "payout"), arrived)
    if to == PayoutState.FAILED and await is_posted(tx, _source(scope, payout, "payout")):
        back = [Posting(posting.account, -posting.money) for posting in arrived]
        await post_entry(tx, now, _source(scope, payout, "payout_failure"), back)


def _source(scope: StripeScope, payout: Payout, kind: str) -> EntrySource:
    return EntrySource(scope.account, scope.livemode, payout.id, kind, None, None)
