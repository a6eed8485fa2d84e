"""Let money that was held settle an order by the decision of a named person, in the caller's transaction.

The caller holds the locks of the order, of the payment and of the exception, and ends the exception.
"""

from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.database import Tx
from vivr.email.queue_message import queue_message
from vivr.errors import Conflict
from vivr.ids import new_payment_id
from vivr.ledger.model import acceptance_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money_exceptions.model import MoneyException
from vivr.orders.model import Order, OrderState
from vivr.orders.move_order import lines_of, move_order
from vivr.payments import store
from vivr.payments.apply_snapshot import sold_lines
from vivr.payments.model import Payment


async def accept_payment(
    tx: Tx, caller: Caller, now: datetime, order: Order, held: MoneyException, payment: Payment | None
) -> Order:
    """Settle a pending order by held money: by its payment, or by a new one for a PaymentIntent that came beside all.

    Raises:
        Conflict: ``accept_partly_returned``: something of it went back, or is disputed; or the order moved meanwhile.
    """
    settling = await _settle(tx, now, order, held, payment)
    moved = await move_order(tx, caller, now, order, OrderState.PAID, reason="money_accepted")
    if moved is None:
        raise Conflict("accept_order_settled", order=order.id)
    source = EntrySource(held.account, held.livemode, held.object_id, "acceptance", order.id, settling.id)
    lines = sold_lines(await lines_of(tx, order.id), order.currency)
    await post_entry(tx, now, source, acceptance_postings(held.brought, lines))
    await record_act(
        tx, caller, now, "payment.accepted", on=("payment", settling.id), order_id=order.id, money=held.brought
    )
    await queue_message(tx, now, kind="order_confirmation", subject_id=order.id, order_id=order.id, locale=order.locale)
    return moved


async def _settle(tx: Tx, now: datetime, order: Order, held: MoneyException, payment: Payment | None) -> Payment:
    if payment is None:
        return await store.insert_accepted_payment(
            tx,
            id=new_payment_id(now),
            order_id=order.id,
            account=held.account,
            livemode=held.livemode,
            amount_minor=held.amount_minor,
            currency=held.currency,
            intent_id=held.object_id,
            charge_id=held.charge_id,
            now=now,
        )
    accepted = await store.accept_payment(tx, id=payment.id, order_id=order.id, amount_minor=held.amount_minor, now=now)
    if accepted is None:
        raise Conflict("accept_partly_returned", payment=payment.id)
    return accepted
