"""Write Stripe's word on an early fraud warning or a review: a hold on the order, and a question to staff."""

from datetime import datetime

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.disputes import flag_store as store
from vivr.email.queue_message import queue_message
from vivr.errors import NotFound
from vivr.ids import new_flag_id
from vivr.money import Money
from vivr.orders.hold_order import end_hold, place_hold
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.model import Payment
from vivr.stripe_gateway.objects import FraudWarning, Review


async def apply_flag(tx: Tx, clock: Clock, caller: Caller, payment: Payment, flag: FraudWarning | Review) -> str:
    """Apply what was read; one sentence says what came of it. A doubt that ended never comes back.

    Raises:
        NotFound: there is no such order.
    """
    order = await lock_order(tx, payment.order_id)
    if order is None:
        raise NotFound("order_not_found")
    now = clock.now()
    is_review = isinstance(flag, Review)
    is_open = flag.open if isinstance(flag, Review) else flag.actionable
    closed_word = None if is_open else (flag.closed_reason if isinstance(flag, Review) else "not_actionable")
    kind = "review" if is_review else "fraud_warning"
    known = await store.insert_flag(
        tx,
        id=new_flag_id(now),
        account=payment.account,
        livemode=payment.livemode,
        stripe_id=flag.id,
        kind=kind,
        payment_id=payment.id,
        order_id=order.id,
        word=flag.reason if isinstance(flag, Review) else flag.fraud_type,
        is_open=is_open,
        closed_word=closed_word,
        now=now,
    )
    if known is not None and is_open:
        return await _open(tx, caller, now, order, payment, flag.id, kind)
    if not is_open:
        scope = {"account": payment.account, "livemode": payment.livemode}
        await store.close_flag(tx, **scope, stripe_id=flag.id, closed_word=closed_word, now=now)
        # Only an approval says that all is well; after a dispute or a refund the order's state holds it, or staff does.
        if closed_word == "approved" and await end_hold(tx, caller, now, order.id, flag.id):
            return "The review approved the payment: the order is released."
        return f"Nothing is to be done about it any more ({closed_word})."
    return "Nothing to do: it is known, and waits for staff."


async def _open(
    tx: Tx, caller: Caller, now: datetime, order: Order, payment: Payment, object_id: str, kind: str
) -> str:
    await place_hold(tx, caller, now, order.id, cause=kind, object_id=object_id)
    if kind == "fraud_warning":
        await queue_message(
            tx,
            now,
            kind="fraud_warning_staff",
            subject_id=object_id,
            order_id=order.id,
            locale=order.locale,
            money=Money(payment.captured_minor or payment.amount_minor, payment.currency),
        )
    return "The order is held until staff decides, or a review approves it."
