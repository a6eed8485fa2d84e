"""Write Stripe's word on all disputes of a charge, in one transaction: sums, ledger, order and mails."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.disputes import file_store, store
from vivr.disputes.model import Dispute, Word, is_known, lost_of, next_alert, total_sums, word_of
from vivr.email.queue_message import queue_message
from vivr.errors import NotFound
from vivr.ids import OrderId, PaymentId, new_dispute_id
from vivr.ledger.model import (
    dispute_loss_postings,
    dispute_loss_reversal_postings,
    dispute_postings,
    dispute_reversal_postings,
)
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions.follow_money import money_returned
from vivr.money_exceptions.model import Resolution
from vivr.operations.model import StripeScope
from vivr.orders.model import Order, OrderState
from vivr.orders.move_order import lock_order, move_order, progress_of
from vivr.payments.hold_double_loss import follow_double_loss, hold_double_loss
from vivr.payments.model import Payment, order_move
from vivr.payments.payment_sums import lock_payment, set_dispute_sums
from vivr.payments.read_target import StrayRead
from vivr.refunds.apply_refunds import lock_refunds_of
from vivr.refunds.model import RefundState, state_of_status
from vivr.stripe_gateway.objects import StripeDispute, StripeRefund

_log: Final = structlog.stdlib.get_logger("vivr.disputes")
_NOTHING_NEW: Final = "Nothing to do: every dispute is known as it stands."


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it, in one sentence; ``is_stale``: a later reader was quicker, and nothing was written."""

    said: str
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class _Owner:
    """What a dispute belongs to, and which ticket outdates every read that began before now."""

    scope: StripeScope
    payment_id: PaymentId | None
    order_id: OrderId | None
    intent_id: str
    ticket: int


async def lock_disputes_of(tx: Tx, payment_id: PaymentId, order_id: OrderId) -> None:
    """Lock a payment's disputes, and before them what comes before: settling the payment may lock products."""
    await lock_refunds_of(tx, payment_id, order_id)
    await store.lock_disputes_of_payment(tx, payment_id)


async def apply_disputes(
    tx: Tx,
    clock: Clock,
    caller: Caller,
    payment_id: PaymentId,
    order_id: OrderId,
    ticket: int,
    found: list[StripeDispute],
) -> Applied:
    """Apply what Stripe lists of one of our payments; doing it again changes nothing.

    Args:
        tx: the transaction.
        clock: the time.
        caller: who asks.
        payment_id: whose charge is disputed.
        order_id: its order.
        ticket: taken before the list was read.
        found: every dispute of the charge.

    Raises:
        NotFound: there is no such order or payment.
    """
    order = await lock_order(tx, order_id)
    payment = await lock_payment(tx, payment_id)
    if order is None or payment is None:
        raise NotFound("payment_not_found")
    if payment.order_id != order_id:
        return Applied("Its money was accepted for another order since it was read.", is_stale=True)
    known = {one.stripe_id: one for one in await store.lock_disputes_of_payment(tx, payment_id)}
    words = {one.id: word_of(one) for one in found}
    if any(one in known and ticket <= known[one].ticket and not is_known(known[one], words[one]) for one in words):
        return Applied("A later answer of Stripe's was applied already.", is_stale=True)
    now = clock.now()
    owner = _Owner(payment.scope, payment.id, order.id, payment.intent_id or "", payment.ticket_taken)
    said: list[str] = []
    for one in found:
        written = await _write(tx, caller, now, owner, order, known.get(one.id), one, words[one.id])
        if written is None:
            continue
        said.append(f"The dispute {one.id} is {written.state}.")
        known[one.id] = await _book(tx, caller, now, written, 0 if payment.settles else _owed(payment, known, one.id))
    disputed, lost = total_sums(known.values())
    payment = await set_dispute_sums(tx, now, payment.id, disputed_minor=disputed, lost_minor=lost)
    moved = await _move_order(tx, caller, now, order, payment)
    if moved.state != order.state:
        said.append(f"The order moved from {order.state} to {moved.state}.")
    await hold_double_loss(tx, caller, now, payment)
    return Applied(" ".join(said) or _NOTHING_NEW)


async def apply_stray_disputes(
    tx: Tx, clock: Clock, caller: Caller, read: StrayRead, refunds: list[StripeRefund], found: list[StripeDispute]
) -> str:
    """The same for money that is held as an exception without a payment of its own: no sums, no order."""
    owner = _Owner(read.scope, None, read.payment.order_id if read.payment else None, read.intent.id, 0)
    known = {one.stripe_id: one for one in await store.lock_disputes_of_intent(tx, read.scope, read.intent.id)}
    back = sum(one.amount for one in refunds if state_of_status(one.status) is RefundState.SUCCEEDED)
    said: list[str] = []
    for one in found:
        written = await _write(tx, caller, clock.now(), owner, None, known.get(one.id), one, word_of(one))
        if written is None:
            continue
        said.append(f"The dispute {one.id} is {written.state}.")
        lost = total_sums(other for other in known.values() if other.stripe_id != one.id)[1]
        known[one.id] = await _book(tx, caller, clock.now(), written, max(read.intent.amount_received - back - lost, 0))
    await _follow_stray_loss(tx, caller, clock.now(), read, back, list(known.values()))
    return " ".join(said) or _NOTHING_NEW


async def _follow_stray_loss(
    tx: Tx, caller: Caller, now: datetime, read: StrayRead, back_minor: int, disputes: list[Dispute]
) -> None:
    """Stray money that was given back and lost as well; its order is the one that it names, its payment is none."""
    if not disputes:
        return
    too_much_minor = back_minor + total_sums(disputes)[1] - read.intent.amount_received
    await follow_double_loss(
        tx,
        caller,
        now,
        read.scope,
        disputes[0].charge_id,
        Money(too_much_minor, disputes[0].currency),
        order_id=read.payment.order_id if read.payment else None,
        payment_id=None,
    )


def _owed(payment: Payment, known: dict[str, Dispute], but: str) -> int:
    """What of a payment that settles no order is still owed to its customer, this dispute apart."""
    lost = total_sums(other for other in known.values() if other.stripe_id != but)[1]
    return max(payment.captured_minor - payment.refunded_minor - lost, 0)


async def _write(
    tx: Tx,
    caller: Caller,
    now: datetime,
    owner: _Owner,
    order: Order | None,
    seen: Dispute | None,
    found: StripeDispute,
    word: Word,
) -> Dispute | None:
    """Write the word; None: it says nothing new."""
    if seen is not None and is_known(seen, word):
        return None
    values: dict[str, object] = {
        "state": word.state,
        "reason": word.reason,
        "amount_minor": word.amount.amount_minor,
        "currency": word.amount.currency,
        "is_withdrawn": word.is_withdrawn,
        "is_reinstated": word.is_reinstated,
        "kept_minor": word.kept_minor,
        "due_at": word.due_at,
        "submissions": word.submissions,
        "ticket": owner.ticket,
        "alert_at": next_alert(word.state, word.due_at, now),
        "now": now,
    }
    if seen is None:
        written = await store.insert_dispute(
            tx,
            id=new_dispute_id(now),
            account=owner.scope.account,
            livemode=owner.scope.livemode,
            stripe_id=found.id,
            payment_id=owner.payment_id,
            order_id=owner.order_id,
            charge_id=found.charge,
            intent_id=owner.intent_id,
            opened_at=datetime.fromtimestamp(found.created, UTC),
            **values,
        )
    else:
        written = await store.update_dispute(tx, seen, **values)
    if not written.is_open:
        await store.drop_draft(tx, written)
        await file_store.forget_files(tx, written)
    if seen is None or seen.state != written.state:
        await _record(tx, caller, now, written, is_new=seen is None)
    if seen is None and order is not None and written.is_open:
        await queue_message(
            tx,
            now,
            kind="dispute_opened_staff",
            subject_id=written.id,
            order_id=order.id,
            locale=order.locale,
            money=written.amount,
        )
    return written


async def _record(tx: Tx, caller: Caller, now: datetime, dispute: Dispute, *, is_new: bool) -> None:
    await record_act(
        tx,
        caller,
        now,
        "dispute.opened" if is_new else f"dispute.{dispute.state}",
        on=("dispute", dispute.id),
        order_id=dispute.order_id,
        outcome="failed" if dispute.state == "lost" else "done",
        money=dispute.amount,
        error_code=dispute.reason if dispute.state == "lost" else None,
    )
    log = _log.info if dispute.state in {"won", "warning_closed"} else _log.warning
    log("dispute.seen", dispute=dispute.id, order=dispute.order_id, state=dispute.state, due=_text(dispute.due_at))


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


async def _book(tx: Tx, caller: Caller, now: datetime, dispute: Dispute, owed_minor: int) -> Dispute:
    """Post what went, what is lost and what came back, once each."""
    amount = dispute.amount
    if dispute.is_withdrawn:
        await post_entry(tx, now, _source(dispute, "dispute"), dispute_postings(amount))
    if dispute.is_withdrawn and dispute.is_reinstated:
        back = Money(dispute.amount_minor - dispute.kept_minor, dispute.currency)
        await post_entry(tx, now, _source(dispute, "dispute_reversal"), dispute_reversal_postings(back))
    lost_minor = lost_of(dispute)
    if dispute.loss_minor is None and lost_minor:
        return await _book_loss(tx, caller, now, dispute, lost_minor, min(owed_minor, lost_minor))
    if dispute.loss_minor is not None and lost_minor < dispute.loss_minor:
        return await _book_turn(tx, caller, now, dispute, lost_minor)
    return dispute


async def _book_loss(
    tx: Tx, caller: Caller, now: datetime, dispute: Dispute, lost_minor: int, owed_minor: int
) -> Dispute:
    lost, owed = Money(lost_minor, dispute.currency), Money(owed_minor, dispute.currency)
    await post_entry(tx, now, _source(dispute, "dispute_loss"), dispute_loss_postings(lost, owed))
    await _follow_held(tx, caller, now, dispute, owed_minor)
    return await store.set_loss(tx, dispute, lost_minor, owed_minor)


async def _book_turn(tx: Tx, caller: Caller, now: datetime, dispute: Dispute, lost_minor: int) -> Dispute:
    """A booked loss is none after all, or less of one; what is still lost is what was owed anyway before the rest."""
    assert dispute.loss_minor is not None
    assert dispute.loss_owed_minor is not None
    none_minor = dispute.loss_minor - lost_minor
    none_owed_minor = dispute.loss_owed_minor - min(dispute.loss_owed_minor, lost_minor)
    postings = dispute_loss_reversal_postings(
        Money(none_minor, dispute.currency), Money(none_owed_minor, dispute.currency)
    )
    if not await post_entry(tx, now, _source(dispute, "dispute_loss_reversal"), postings):
        return dispute
    await _follow_held(tx, caller, now, dispute, -none_owed_minor)
    return await store.lower_loss(tx, dispute, lost_minor)


async def _follow_held(tx: Tx, caller: Caller, now: datetime, dispute: Dispute, delta_minor: int) -> None:
    """What was held for a customer reached them by their bank, or did not after all."""
    scope = StripeScope(dispute.account, dispute.livemode)
    await money_returned(tx, caller, now, scope, dispute.intent_id, delta_minor, by="stripe", how=Resolution.LOST)


def _source(dispute: Dispute, kind: str) -> EntrySource:
    return EntrySource(dispute.account, dispute.livemode, dispute.stripe_id, kind, dispute.order_id, dispute.payment_id)


async def _move_order(tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment) -> Order:
    to = order_move(order.state, await progress_of(tx, order.id), payment)
    if to is None:
        return order
    reason = "disputed" if to == OrderState.DISPUTED else "dispute_lost" if payment.lost_minor else "dispute_ended"
    return await move_order(tx, caller, now, order, to, reason=reason) or order
