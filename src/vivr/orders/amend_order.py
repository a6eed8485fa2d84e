"""Amend an order before its authorised money is captured, or undo that, in the caller's transaction.

An amendment writes all lines that remain anew; they are in force while the order carries its number. Stock follows when
the order is paid (``move_order``), so that undoing one changes lines and sums alone.
"""

from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.database import Tx
from vivr.errors import VivrError
from vivr.orders import amendment_store, store
from vivr.orders.model import Order, OrderLine, PricedOrder, Strike, add_up, strike_lines


async def lines_as_placed(tx: Tx, order_id: str) -> list[OrderLine]:
    """The lines that the customer agreed to, whatever was struck since."""
    return await amendment_store.lines_as_placed(tx, order_id)


async def amend_order(tx: Tx, caller: Caller, at: datetime, order: Order, strike: Strike) -> Order | VivrError:
    """Strike units of a locked order that is not settled; its sums are those of what remains. Or why not.

    Returns:
        The amended order; an ``InvalidInput`` that names what is not in the order; or a ``Refusal`` because what
        remains can't be charged.
    """
    lines = await amendment_store.lines_as_placed(tx, order.id)
    last = await amendment_store.last_amendment(tx, order.id)
    amended = strike_lines(lines, strike, order.currency, first_position=last.position + 1)
    if isinstance(amended, VivrError):
        return amended
    number = last.amendment + 1
    await store.insert_lines(tx, order.id, amended.lines, amendment=number)
    return await _put_in_force(tx, caller, at, order, amended, number, "order.amended")


async def undo_amendment(tx: Tx, caller: Caller, at: datetime, order: Order) -> Order:
    """Put a locked order's own lines and sums in force again; one that was not amended stays as it is."""
    if order.amendment == 0:
        return order
    placed = add_up(await amendment_store.lines_as_placed(tx, order.id), order.currency)
    return await _put_in_force(tx, caller, at, order, placed, 0, "order.amendment_undone")


async def _put_in_force(
    tx: Tx, caller: Caller, at: datetime, order: Order, sums: PricedOrder, number: int, action: str
) -> Order:
    amended = await amendment_store.amend(
        tx,
        id=order.id,
        amendment=number,
        subtotal_minor=sums.subtotal.amount_minor,
        discount_minor=sums.discount.amount_minor,
        shipping_minor=sums.shipping.amount_minor,
        tax_minor=sums.tax.amount_minor,
        total_minor=sums.total.amount_minor,
    )
    # The order is locked, and who calls has seen that it is neither settled nor cancelled.
    assert amended is not None
    await record_act(tx, caller, at, action, on=("order", order.id), order_id=order.id, money=amended.payable)
    return amended
