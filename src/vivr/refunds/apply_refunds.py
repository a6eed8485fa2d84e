"""Write Stripe's word on all refunds of a payment: our own recognised, others booked once, failures first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.errors import NotFound, Unavailable
from vivr.ids import OrderId, PaymentId, new_refund_id
from vivr.ledger.model import refund_failure_postings, refund_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions.follow_money import money_returned
from vivr.operations.model import StripeScope
from vivr.orders.move_order import lock_order
from vivr.payments.model import Payment
from vivr.payments.payment_sums import lock_payment
from vivr.payments.read_target import StrayRead
from vivr.refunds import store
from vivr.refunds.model import ENDED, Reason, Refund, RefundPlan, RefundState, Wish, share_out, state_of_status
from vivr.refunds.move_refund import advance, record_ended, submit
from vivr.refunds.read_refunds import rests_of
from vivr.refunds.submit_refund import free_of
from vivr.stripe_gateway.objects import StripeRefund

_log: Final = structlog.stdlib.get_logger("vivr.refunds")
_REASONS: Final = {str(reason): reason for reason in Reason}


async def lock_refunds_of(tx: Tx, payment_id: PaymentId, order_id: OrderId) -> None:
    """Lock an order, its payment and that one's refunds: before the payment is settled, which may lock products."""
    await lock_order(tx, order_id)
    await lock_payment(tx, payment_id)
    await store.lock_refunds_of_payment(tx, payment_id)


async def apply_refunds(
    tx: Tx, clock: Clock, caller: Caller, payment_id: PaymentId, order_id: OrderId, found: list[StripeRefund]
) -> str:
    """Apply what Stripe lists; one sentence says what came of it. Doing it again changes nothing.

    Raises:
        NotFound: there is no such order or payment.
        Unavailable: a refund of ours is on its way and what was made at Stripe does not fit beside it yet.
    """
    order = await lock_order(tx, order_id)
    payment = await lock_payment(tx, payment_id)
    if order is None or payment is None:
        raise NotFound("payment_not_found")
    if payment.order_id != order_id:
        # Its money was accepted for another order since it was read.
        raise Unavailable("payment_busy", retry_after_s=2)
    if payment.captured_minor == 0:
        return "Nothing was captured: this is a release, and no money goes back."
    known = await store.lock_refunds_of_payment(tx, payment_id)
    now, changes = clock.now(), list[str]()
    for refund in sorted(found, key=lambda one: state_of_status(one.status) not in ENDED):
        own = _own_of(refund, known)
        if own is None:
            changes.append(f"{refund.id} was made at Stripe and is booked.")
            own, payment = await _book_foreign(tx, caller, now, payment, refund, known)
        order, payment, moved = await advance(
            tx,
            caller,
            now,
            order,
            payment,
            own,
            state_of_status(refund.status),
            stripe_id=refund.id,
            failure_code=refund.failure_reason,
        )
        if moved.state != own.state:
            changes.append(f"The refund {moved.id} moved from {own.state} to {moved.state}.")
    return " ".join(changes) or "Nothing to do: every refund is known as it stands."


def _own_of(refund: StripeRefund, known: list[Refund]) -> Refund | None:
    """The refund that Stripe's one is: by its id, or by our metadata while ours waits for its answer."""
    attached = next((one for one in known if one.stripe_id == refund.id), None)
    if attached is not None:
        return attached
    named = (refund.metadata or {}).get("refund")
    return next(
        (
            one
            for one in known
            if one.id == named
            and one.stripe_id is None
            and one.state == RefundState.SUBMITTED
            and one.amount == Money(refund.amount, refund.currency.upper())
        ),
        None,
    )


async def _book_foreign(
    tx: Tx, caller: Caller, now: datetime, payment: Payment, found: StripeRefund, known: list[Refund]
) -> tuple[Refund, Payment]:
    """Record a refund that was made at Stripe: its amount is shared out over what is left of the lines."""
    amount, state = Money(found.amount, found.currency.upper()), state_of_status(found.status)
    if state not in ENDED and amount > free_of(payment) and any(one.state == RefundState.SUBMITTED for one in known):
        raise Unavailable("refund_in_progress")
    refund = await store.insert_refund(
        tx,
        Wish(amount_minor=found.amount),
        id=new_refund_id(now),
        order_id=payment.order_id,
        payment_id=payment.id,
        account=payment.account,
        livemode=payment.livemode,
        origin="stripe",
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        reason=_REASONS.get(found.reason or "", Reason.OTHER),
        requested_by="stripe",
        backed_by=None,
        now=now,
        request_id=caller.request_id,
    )
    _log.warning("refund.made_at_stripe", refund=refund.id, order=payment.order_id, stripe=found.id)
    if state in ENDED:
        # It came and went unseen: it takes no part in any sum, and both of its movements are posted.
        code = found.failure_reason or state.lower()
        return await record_ended(tx, caller, now, refund, state, stripe_id=found.id, code=code), payment
    lines = share_out(amount, await rests_of(tx, payment.order_id)) if payment.settles else ()
    submitted = await submit(tx, caller, now, payment, refund, RefundPlan(amount, lines))
    assert submitted is not None
    return submitted


async def apply_stray_refunds(tx: Tx, clock: Clock, caller: Caller, read: StrayRead, found: list[StripeRefund]) -> str:
    """Money that is held as an exception without a payment of its own went back: the ledger says so, once."""
    if read.intent.status != "succeeded":
        return "Nothing was captured: this is a release, and no money goes back."
    held = HeldIntent(read.scope, read.intent.id, read.order_id, read.payment_id)
    await book_held_refunds(tx, caller, clock.now(), held, found, by="stripe")
    return f"{len(found)} refunds of money that is held as an exception are posted."


@dataclass(frozen=True, slots=True)
class HeldIntent:
    """A PaymentIntent without a payment of its own whose money is held, and the order and payment that it names."""

    scope: StripeScope
    intent_id: str
    order_id: str | None
    payment_id: str | None


async def book_held_refunds(
    tx: Tx, caller: Caller, now: datetime, held: HeldIntent, found: Sequence[StripeRefund], *, by: str
) -> None:
    """Post refunds of held money and their failures, each once, and let its exception follow; its order is locked."""
    delta_minor = 0
    for refund in found:
        amount = Money(refund.amount, refund.currency.upper())
        for kind, postings, sign in (("refund", refund_postings, 1), ("refund_failure", refund_failure_postings, -1)):
            if kind == "refund_failure" and state_of_status(refund.status) not in ENDED:
                continue
            source = EntrySource(
                held.scope.account, held.scope.livemode, refund.id, kind, held.order_id, held.payment_id
            )
            is_new = await post_entry(tx, now, source, postings(amount, []))
            delta_minor += sign * refund.amount * is_new
    await money_returned(tx, caller, now, held.scope, held.intent_id, delta_minor, by=by)
