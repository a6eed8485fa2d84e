"""Look for what one side alone knows: a movement in the books without its balance transaction, or the other way round.

After an hour it is looked for at Stripe; what stays unexplained is held as a money exception until both sides agree.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.ids import OrderId, PaymentId
from vivr.ledger.read_ledger import find_entry
from vivr.money import Money
from vivr.money_exceptions.model import Kind
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.operations.model import StripeScope
from vivr.orders.move_order import lock_order
from vivr.payments.read_payments import payment_by_object
from vivr.reconciliation import store
from vivr.reconciliation.keep_movements import keep_movements
from vivr.reconciliation.model import KINDS, PATIENCE, Movement, MovementState
from vivr.reconciliation.store import MissingMovement
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import BalanceTransaction

_log: Final = structlog.stdlib.get_logger("vivr.reconciliation")
REACH: Final = timedelta(days=60)
"""What is older is left to `vivr ledger verify`, which looks at everything."""
_BATCH: Final = 50

_NOT_IN_BALANCE: Final = "The books have this movement, and Stripe's balance has not had it for over an hour."
_NOT_IN_BOOKS: Final = "Stripe's balance has this movement of a payment of this shop, and the books do not."


async def find_missing(database: Database, stripe: Stripe, clock: Clock, caller: Caller, scope: StripeScope) -> int:
    """Look at Stripe, by its source, for every movement whose balance transaction did not come; how many were due."""
    now = clock.now()
    async with database.transaction("missing_movements") as tx:
        due = await store.missing(
            tx, scope, kinds=list(KINDS), now=now, before=now - PATIENCE, after=now - REACH, limit=_BATCH
        )
    for one in due:
        async with database.transaction("claim_search") as tx:
            is_ours = await store.claim_search(tx, scope, one, now=now, next_at=now + PATIENCE)
        if is_ours:
            await _look_for(database, stripe, clock, caller, scope, one)
    return len(due)


async def _look_for(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, scope: StripeScope, one: MissingMovement
) -> None:
    found, intent_id, is_pending = await _read_source(stripe, one)
    async with database.transaction("keep_found_movements") as tx:
        now = clock.now()
        await keep_movements(tx, scope, now, found, intent_id=intent_id)
        entry = await find_entry(
            tx, account=scope.account, livemode=scope.livemode, object_id=one.object_id, kind=one.kind
        )
        if found or is_pending or entry is None:
            return
        _log.error("balance.movement_missing", object=one.object_id, kind=one.kind, order=one.order_id)
        misfit = MisfitMoney(
            scope=scope,
            object_id=one.object_id,
            kind=Kind.LEDGER_MISMATCH,
            brought=Money(abs(entry.amount_minor), entry.currency),
            expected=None,
            order_id=OrderId(one.order_id) if one.order_id else None,
            payment_id=PaymentId(one.payment_id) if one.payment_id else None,
            charge_id=None,
            is_captured=False,
            explanation=_NOT_IN_BALANCE,
        )
        await _hold(tx, caller, now, misfit)


async def _hold(tx: Tx, caller: Caller, now: datetime, misfit: MisfitMoney) -> None:
    if misfit.order_id is not None:
        await lock_order(tx, misfit.order_id)
    await record_exception(tx, caller, now, misfit)


async def _read_source(stripe: Stripe, one: MissingMovement) -> tuple[list[BalanceTransaction], str | None, bool]:
    """What the source moved, the PaymentIntent where the list does not name it, and whether it has yet to move."""
    try:
        if one.kind in {"dispute", "dispute_reversal"}:
            dispute = await stripe.read_dispute(one.object_id)
            return dispute.balance_transactions, dispute.payment_intent, False
        found = await stripe.list_balance_of_source(one.object_id)
        # A refund for which the balance does not suffice waits for it, and moves nothing so far.
        is_pending = one.kind == "refund" and not found and await _is_pending(stripe, one.object_id)
    except StripeObjectMissing:
        return [], None, False
    return found, None, is_pending


async def _is_pending(stripe: Stripe, refund_id: str) -> bool:
    return (await stripe.read_refund(refund_id)).status in {"pending", "requires_action"}


async def explain_waiting(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, scope: StripeScope, shop_id: str
) -> int:
    """Ask Stripe whose payment a movement belongs to that the books don't know after an hour; how many were asked."""
    asked = 0
    while True:
        now = clock.now()
        async with database.transaction("claim_unexplained") as tx:
            movement = await store.claim_unexplained(tx, now=now, next_at=now + PATIENCE)
        if movement is None:
            return asked
        asked += 1
        reason = await _foreign_reason(stripe, shop_id, movement)
        async with database.transaction("explain_movement") as tx:
            if reason is not None:
                await store.end(tx, movement, MovementState.FOREIGN, reason)
                continue
            payment = await payment_by_object(tx, scope, movement.intent_id or "")
            _log.error("balance.movement_unexplained", movement=movement.id, source=movement.source_id)
            misfit = MisfitMoney(
                scope=scope,
                object_id=movement.id,
                kind=Kind.LEDGER_MISMATCH,
                brought=Money(abs(movement.amount_minor), movement.currency),
                expected=None,
                order_id=OrderId(payment.order_id) if payment else None,
                payment_id=payment.id if payment else None,
                charge_id=None,
                is_captured=False,
                explanation=_NOT_IN_BOOKS,
            )
            await _hold(tx, caller, clock.now(), misfit)


async def _foreign_reason(stripe: Stripe, shop_id: str, movement: Movement) -> str | None:
    try:
        metadata = (await stripe.read_intent(movement.intent_id or "")).metadata
    except StripeObjectMissing:
        return "Stripe has no such PaymentIntent in this account."
    if "shop" not in metadata:
        return "Its payment carries none of this shop's metadata."
    return None if metadata["shop"] == shop_id else "It belongs to another shop that shares this Stripe account."
