"""Write Stripe's word on a payment: state, order, stock, ledger, exception, audit, e-mail, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Tx
from vivr.email.queue_message import queue_message
from vivr.errors import NotFound, Unavailable
from vivr.ids import OrderId, PaymentId
from vivr.ledger.model import SoldLine, sale_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions.follow_money import money_released
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.orders.amend_order import undo_amendment
from vivr.orders.model import Order, OrderLine, OrderState
from vivr.orders.move_order import lines_of, lock_order, move_order
from vivr.payments import store
from vivr.payments.end_authorization import is_being_ended
from vivr.payments.model import (
    HOLDS_MONEY,
    OPEN,
    SECOND_CHANCE,
    Judgement,
    Misfit,
    Payment,
    PaymentState,
    Snapshot,
    judge,
)
from vivr.payments.note_failures import note_failure
from vivr.stripe_gateway.objects import Charge, PaymentIntent

_log: Final = structlog.stdlib.get_logger("vivr.payments")

EXPLANATIONS: Final = {
    Misfit.WRONG_MODE: "The payment was made in another mode (test or live) than this shop's.",
    Misfit.WRONG_CURRENCY: "The payment's currency is not the order's.",
    Misfit.WRONG_AMOUNT: "The payment brought another amount than the order asks for.",
    Misfit.WRONG_CUSTOMER: "The payment was not made by the Stripe customer that this payment was made for.",
    Misfit.STRAY: "The payment does not name the payment that this shop opened for the order.",
    Misfit.TWICE: "The order is already settled by another payment.",
    Misfit.LATE: "The order was cancelled before the money came; its stock was freed.",
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment and its order as they stand now.

    Attributes:
        is_stale: a later reader was quicker; what was read is not applied.
        changed: whether this call changed anything.
        explanation: one sentence on what this did, or why it did nothing.
    """

    order: Order
    payment: Payment
    explanation: str
    changed: bool = False
    is_stale: bool = False


async def apply_snapshot(
    tx: Tx, clock: Clock, caller: Caller, payment_id: PaymentId, order_id: OrderId, snapshot: Snapshot
) -> Settlement:
    """Apply what was read with a ticket, unless a later word was applied already.

    Raises:
        NotFound: there is no such order or payment.
        Unavailable: a capture of ours is on its way; what Stripe says fits when that is known.
    """
    order = await lock_order(tx, order_id)
    payment = await store.lock_payment(tx, payment_id)
    if order is None or payment is None:
        raise NotFound("payment_not_found")
    if payment.order_id != order_id:
        return Settlement(order, payment, "Its money was accepted for another order since it was read.", is_stale=True)
    if snapshot.ticket <= payment.ticket_applied:
        # What is captured stays so, whatever a newer answer would say: nobody has to read again.
        is_stale = payment.state != PaymentState.CAPTURED
        return Settlement(order, payment, "A later answer of Stripe's was applied already.", is_stale=is_stale)
    now = clock.now()
    judgement = await _judge(tx, payment, order, snapshot)
    written = await _write_payment(tx, now, payment, snapshot, judgement)
    if written is None:
        await _hold_other(tx, caller, now, order, payment, snapshot)
        return Settlement(order, payment, "Another PaymentIntent belongs to this payment.")
    if written.state not in OPEN and written.state != PaymentState.CAPTURED:
        # What was struck for a capture that can't come any more is in the order again.
        order = await undo_amendment(tx, caller, now, order)
    moved = order
    if judgement.order_to is not None:
        # The deadline that the order had ran out while the money was on its way.
        deadline_at = now + SECOND_CHANCE if judgement.order_to == OrderState.PENDING else None
        moved = await move_order(
            tx, caller, now, order, judgement.order_to, reason=judgement.reason, deadline_at=deadline_at
        )
        moved = moved or order
    crash_point("settle.in_apply")
    await _follow_up(tx, caller, now, moved, written, snapshot, judgement)
    await note_failure(tx, now, payment, written, snapshot)
    changed = written.state != payment.state or moved.state != order.state
    _log_outcome(payment, written, moved)
    return Settlement(moved, written, _explain(payment, written, order, moved, judgement), changed=changed)


async def _judge(tx: Tx, payment: Payment, order: Order, snapshot: Snapshot) -> Judgement:
    """Judge Stripe's word beside what is known of other money.

    Raises:
        Unavailable: more or less was captured than a capture of ours asks for, of which nobody knows yet what came.
    """
    judgement = judge(payment, order, snapshot)
    if judgement.misfit == Misfit.WRONG_AMOUNT and order.amendment and await is_being_ended(tx, payment):
        # If ours failed, what it struck is put back, and then the sum may fit.
        raise Unavailable("payment_busy", retry_after_s=2)
    if judgement.order_to == OrderState.CANCELLED:
        others = await store.payments_of(tx, order.id)
        if any(other.holds_money for other in others):
            # Money that did not fit is held for this order: what it leads to is for staff to say.
            return replace(judgement, order_to=OrderState.PENDING)
    return judgement


async def _write_payment(
    tx: Tx, now: datetime, payment: Payment, snapshot: Snapshot, judgement: Judgement
) -> Payment | None:
    intent, charge = snapshot.intent, snapshot.charge
    error = intent.last_payment_error if intent else None
    brand, last4 = _card_of(charge)
    is_captured = judgement.state == PaymentState.CAPTURED
    session = snapshot.session
    return await store.apply_snapshot(
        tx,
        id=payment.id,
        state=judgement.state,
        settles=payment.settles or judgement.order_to == OrderState.PAID,
        intent_id=intent.id if intent else None,
        charge_id=charge.id if charge else None,
        captured_minor=intent.amount_received if is_captured and intent else payment.captured_minor,
        # A session that is no longer open has no address to pay at.
        session_url=session.url if session else payment.session_url,
        method_type=charge.payment_method_details.type if charge and charge.payment_method_details else None,
        method_brand=brand,
        method_last4=last4,
        capture_before=snapshot.capture_before,
        failure_code=None if is_captured or error is None else (error.decline_code or error.code or error.type),
        failure_message=None if is_captured or error is None else error.message,
        ticket=snapshot.ticket,
        now=now,
    )


async def _follow_up(
    tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment, snapshot: Snapshot, judgement: Judgement
) -> None:
    intent = snapshot.intent
    if intent is None:
        return
    if judgement.misfit is not None:
        await record_exception(tx, caller, now, _misfit(order, payment, intent, snapshot.charge, judgement.misfit))
    elif judgement.state == PaymentState.CANCELLED:
        await money_released(tx, caller, now, payment.scope, intent.id)
        if snapshot.was_released and judgement.order_to is not None:
            await _tell_release(tx, caller, now, order, payment, judgement)
    elif judgement.order_to == OrderState.PAID and order.state == OrderState.PAID:
        await _book_sale(tx, caller, now, order, payment)


async def _tell_release(
    tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment, judgement: Judgement
) -> None:
    """Authorised money was given up: the customer hears that nothing is charged, staff if nobody had asked for it."""
    action = judgement.reason.replace("authorization_", "payment.")
    await record_act(tx, caller, now, action, on=("payment", payment.id), order_id=order.id, money=payment.amount)
    kinds = ["order_released"]
    if judgement.reason == "authorization_lapsed":
        kinds.append("authorization_lapsed_staff")
    for kind in kinds:
        await queue_message(
            tx,
            now,
            kind=kind,
            subject_id=payment.id,
            order_id=order.id,
            locale=order.locale,
            money=payment.amount,
        )


async def _hold_other(
    tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment, snapshot: Snapshot
) -> None:
    """A PaymentIntent other than the attached one can't settle the payment; money that it holds is an exception."""
    intent = snapshot.intent
    if intent is not None and intent.status in HOLDS_MONEY:
        await record_exception(tx, caller, now, _misfit(order, payment, intent, snapshot.charge, Misfit.STRAY))


def _misfit(
    order: Order, payment: Payment, intent: PaymentIntent, charge: Charge | None, misfit: Misfit
) -> MisfitMoney:
    is_captured = intent.status == "succeeded"
    brought = intent.amount_received if is_captured else intent.amount
    return MisfitMoney(
        scope=payment.scope,
        object_id=intent.id,
        kind=misfit,
        brought=Money(brought, intent.currency.upper()),
        expected=order.payable,
        order_id=order.id,
        payment_id=payment.id,
        charge_id=charge.id if charge else None,
        is_captured=is_captured,
        explanation=EXPLANATIONS[misfit],
    )


async def _book_sale(tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment) -> None:
    captured = Money(payment.captured_minor, order.currency)
    sold = sold_lines(await lines_of(tx, order.id), order.currency)
    source = EntrySource(
        payment.account,
        payment.livemode,
        payment.charge_id or payment.intent_id or payment.id,
        "capture",
        order.id,
        payment.id,
    )
    await post_entry(tx, now, source, sale_postings(captured, sold))
    await record_act(tx, caller, now, "payment.captured", on=("payment", payment.id), order_id=order.id, money=captured)
    await queue_message(tx, now, kind="order_confirmation", subject_id=order.id, order_id=order.id, locale=order.locale)


def sold_lines(lines: Sequence[OrderLine], currency: str) -> list[SoldLine]:
    """What the lines of an order add to the books."""
    return [
        SoldLine(
            is_shipping=line.kind == "shipping",
            net=Money(line.net_minor, currency),
            tax=Money(line.tax_minor, currency),
        )
        for line in lines
    ]


def _card_of(charge: Charge | None) -> tuple[str | None, str | None]:
    details = charge.payment_method_details if charge else None
    if details is None:
        return None, None
    if details.card is not None:
        return details.card.brand, details.card.last4
    return None, details.sepa_debit.last4 if details.sepa_debit else None


def _log_outcome(before: Payment, after: Payment, order: Order) -> None:
    if after.settles and not before.settles:
        _log.info("payment.succeeded", order=order.id, payment=after.id, amount_minor=after.captured_minor)
    elif after.failure_code is not None and after.failure_code != before.failure_code:
        _log.info("payment.failed", order=order.id, payment=after.id, code=after.failure_code)


def _explain(before: Payment, after: Payment, order: Order, moved: Order, judgement: Judgement) -> str:
    if judgement.misfit is not None:
        return f"{EXPLANATIONS[judgement.misfit]} It is held as a money exception."
    if moved.state != order.state:
        return f"The order moved from {order.state} to {moved.state} ({judgement.reason})."
    if after.state != before.state:
        return f"The payment moved from {before.state} to {after.state}."
    return f"Nothing to do: the payment is {after.state} and the order {moved.state}, as before."
