"""Settle an order whose total is zero: nothing ever goes to Stripe for it."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.email.queue_message import queue_message
from vivr.ids import new_payment_id
from vivr.orders.model import Order, OrderState
from vivr.orders.move_order import move_order
from vivr.payments import store


async def settle_free_order(tx: Tx, clock: Clock, caller: Caller, order: Order) -> Order:
    """Settle it by a payment of kind ``none`` in the transaction that placed it.

    Raises:
        ValueError: the order's total is not zero: a bug of the caller's.
    """
    if not order.payable.is_zero:
        raise ValueError(f"{order.id} has to be paid")
    now = clock.now()
    payment_id = new_payment_id(now)
    await store.insert_payment_of_nothing(tx, id=payment_id, order_id=order.id, currency=order.currency, now=now)
    moved = await move_order(tx, caller, now, order, OrderState.PAID, reason="total_is_zero")
    assert moved is not None
    await record_act(tx, caller, now, "payment.captured", on=("payment", payment_id), order_id=order.id)
    await queue_message(tx, now, kind="order_confirmation", subject_id=order.id, order_id=order.id, locale=order.locale)
    return moved
