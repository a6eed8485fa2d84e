"""Move a refund along one edge, and with it sums, lines, ledger, stock, order and mails, in one transaction.

The caller holds the locks of order, payment and refund, in this order.
"""

from datetime import datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.catalogue.stock import return_stock
from vivr.crash_points import crash_point
from vivr.database import Tx
from vivr.email.queue_message import queue_message
from vivr.ids import ProductId
from vivr.ledger.model import SoldLine, refund_failure_postings, refund_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions.follow_money import giving_back_refused, money_returned
from vivr.orders.model import Order
from vivr.orders.move_order import lines_of, move_order, progress_of
from vivr.payments.hold_double_loss import hold_double_loss
from vivr.payments.model import Payment, order_move
from vivr.payments.payment_sums import shift_refund_sums
from vivr.refunds import store
from vivr.refunds.model import (
    ENDED,
    Refund,
    RefundLine,
    RefundPlan,
    RefundState,
    poll_delay,
    sums_of,
)

_log: Final = structlog.stdlib.get_logger("vivr.refunds")


async def submit(
    tx: Tx, caller: Caller, now: datetime, payment: Payment, refund: Refund, plan: RefundPlan
) -> tuple[Refund, Payment] | None:
    """Reserve what is planned; None: the refund was decided meanwhile."""
    moved = await store.move_refund(tx, refund, RefundState.SUBMITTED, now, decided_by=caller.actor)
    if moved is None:
        return None
    by_position = {line.position: line for line in await lines_of(tx, refund.order_id)}
    await store.open_lines(
        tx,
        [
            {
                "order_id": refund.order_id,
                "position": line.position,
                "line_amount_minor": by_position[line.position].amount_minor,
                "line_tax_minor": by_position[line.position].tax_minor,
                "line_quantity": by_position[line.position].quantity,
            }
            for line in plan.lines
        ],
    )
    await store.insert_lines(tx, moved, plan.lines)
    await store.shift_lines(tx, refund.order_id, plan.lines, sign=1)
    # Counted with the reservation: what goes onto the shelf later has its room there, whatever fails in between.
    await store.restock_lines(tx, refund.order_id, plan.lines, sign=1)
    reserved = await shift_refund_sums(tx, now, payment.id, refunded_minor=0, pending_minor=plan.amount.amount_minor)
    await _record(tx, caller, now, moved, "refund.submitted")
    return moved, reserved


async def advance(
    tx: Tx,
    caller: Caller,
    now: datetime,
    order: Order,
    payment: Payment,
    refund: Refund,
    to: RefundState,
    *,
    stripe_id: str | None,
    failure_code: str | None = None,
) -> tuple[Order, Payment, Refund]:
    """Write Stripe's word on a submitted refund; an old word, or the same again, changes nothing."""
    code = (failure_code or to.lower()) if to in ENDED else None
    poll_at = now + poll_delay(0) if to == RefundState.PENDING else None
    moved = await store.move_refund(tx, refund, to, now, stripe_id=stripe_id, failure_code=code, poll_at=poll_at)
    if moved is None:
        return order, payment, refund
    lines = await store.lines_of_refund(tx, refund.id)
    refunded, pending = sums_of(to, refund.amount_minor)
    refunded_before, pending_before = sums_of(refund.state, refund.amount_minor)
    payment = await shift_refund_sums(
        tx,
        now,
        payment.id,
        refunded_minor=refunded - refunded_before,
        pending_minor=pending - pending_before,
    )
    if to in ENDED:
        await store.shift_lines(tx, order.id, lines, sign=-1)
        if moved.stripe_id is None:
            await store.restock_lines(tx, order.id, lines, sign=-1)
    crash_point("refund.in_apply")
    is_seen = refund.stripe_id is None and stripe_id is not None
    if is_seen:
        await _book(tx, now, moved, lines, "refund")
        await _restock(tx, refund, lines)
    if to in ENDED and stripe_id is not None:
        await _book(tx, now, moved, lines, "refund_failure")
    if not payment.settles:
        await _follow_held(tx, caller, now, payment, moved, is_seen=is_seen)
    await _tell(tx, now, order, moved, is_seen=is_seen, is_held=not payment.settles)
    await _record(tx, caller, now, moved, f"refund.{to.lower()}")
    order = await _move_order(tx, caller, now, order, payment)
    await hold_double_loss(tx, caller, now, payment)
    _log.info("refund.moved", refund=refund.id, order=order.id, start=refund.state, to=to, code=code)
    return order, payment, moved


async def _follow_held(
    tx: Tx, caller: Caller, now: datetime, payment: Payment, refund: Refund, *, is_seen: bool
) -> None:
    """What settles no order is held as an exception, which follows its money: gone when seen, back when it failed."""
    assert payment.intent_id is not None
    is_back = refund.state in ENDED and refund.stripe_id is not None
    delta_minor = refund.amount_minor * (int(is_seen) - int(is_back))
    await money_returned(tx, caller, now, payment.scope, payment.intent_id, delta_minor, by=refund.requested_by)
    if refund.state in ENDED:
        await giving_back_refused(tx, caller, now, payment.scope, payment.intent_id, refund.id)


async def _book(tx: Tx, now: datetime, refund: Refund, lines: list[RefundLine], kind: str) -> None:
    """Post what Stripe moved, once per Stripe object and kind."""
    assert refund.stripe_id is not None
    of_shipping = {line.position for line in await lines_of(tx, refund.order_id) if line.kind == "shipping"}
    sold = [
        SoldLine(
            is_shipping=line.position in of_shipping,
            net=Money(line.net_minor, refund.currency),
            tax=Money(line.tax_minor, refund.currency),
        )
        for line in lines
    ]
    source = EntrySource(refund.account, refund.livemode, refund.stripe_id, kind, refund.order_id, refund.payment_id)
    postings = refund_postings if kind == "refund" else refund_failure_postings
    await post_entry(tx, now, source, postings(refund.amount, sold))


async def _restock(tx: Tx, refund: Refund, lines: list[RefundLine]) -> None:
    """Put returned units onto the shelf, once: whatever becomes of the money later, the goods are back."""
    returned = [line for line in lines if line.restock_quantity]
    if not returned:
        return
    products = {line.position: line.product_id for line in await lines_of(tx, refund.order_id)}
    units: dict[ProductId, int] = {}
    for line in returned:
        product_id = products[line.position]
        assert product_id is not None
        units[product_id] = line.restock_quantity
    await return_stock(tx, units)


async def _tell(tx: Tx, now: datetime, order: Order, refund: Refund, *, is_seen: bool, is_held: bool) -> None:
    """Write to the customer when the money leaves, and to customer and staff when it does not arrive."""
    if refund.stripe_id is None:
        return
    kinds = ["held_refunded" if is_held else "refunded"] if is_seen and refund.state not in ENDED else []
    if refund.state in ENDED:
        kinds = ["refund_failed_staff"] if is_seen else ["refund_failed", "refund_failed_staff"]
    for kind in kinds:
        await queue_message(
            tx, now, kind=kind, subject_id=refund.id, order_id=order.id, locale=order.locale, money=refund.amount
        )


async def _move_order(tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment) -> Order:
    to = order_move(order.state, await progress_of(tx, order.id), payment)
    if to is None:
        return order
    is_whole = payment.gone_minor >= payment.captured_minor
    reason = "refunded_in_full" if is_whole else "refund_failed"
    return await move_order(tx, caller, now, order, to, reason=reason) or order


async def _record(tx: Tx, caller: Caller, now: datetime, refund: Refund, action: str) -> None:
    await record_act(
        tx,
        caller,
        now,
        action,
        on=("refund", refund.id),
        order_id=refund.order_id,
        outcome="failed" if refund.state in ENDED else "done",
        money=refund.amount,
        error_code=refund.failure_code,
    )


async def release(tx: Tx, caller: Caller, now: datetime, payment: Payment, refund: Refund, code: str) -> Refund | None:
    """End a request that nobody submitted; None: it was decided meanwhile."""
    if refund.state != RefundState.REQUESTED:
        return None
    moved = await store.move_refund(tx, refund, RefundState.CANCELED, now, failure_code=code, decided_by=caller.actor)
    if moved is None:
        return None
    await _record(tx, caller, now, moved, "refund.declined")
    if not payment.settles and payment.intent_id is not None:
        await giving_back_refused(tx, caller, now, payment.scope, payment.intent_id, moved.id)
    return moved


async def record_ended(
    tx: Tx, caller: Caller, now: datetime, refund: Refund, to: RefundState, *, stripe_id: str, code: str
) -> Refund:
    """Record a refund that was first seen when it had ended: it never counted in any sum."""
    submitted = await store.move_refund(tx, refund, RefundState.SUBMITTED, now)
    assert submitted is not None
    ended = await store.move_refund(tx, submitted, to, now, stripe_id=stripe_id, failure_code=code)
    assert ended is not None
    for kind in ("refund", "refund_failure"):
        await _book(tx, now, ended, [], kind)
    await _record(tx, caller, now, ended, f"refund.{to.lower()}")
    return ended
