"""Lock an exception after its order and the payment that brought the money: the lock order of every resolution."""

from dataclasses import dataclass

from vivr.database import Tx
from vivr.errors import Conflict, NotFound
from vivr.money_exceptions.model import MoneyException
from vivr.money_exceptions.read_exceptions import find_exception, lock_exception
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.model import Payment
from vivr.payments.payment_sums import lock_payment
from vivr.payments.read_payments import payment_by_object


@dataclass(frozen=True, slots=True)
class Held:
    """An exception, locked.

    Attributes:
        order: the order that the money names, if there is one.
        payment: the payment that brought it; None: it came beside every payment of ours.
    """

    exception: MoneyException
    order: Order | None
    payment: Payment | None


async def lock_held(tx: Tx, exception_id: str) -> Held:
    """Lock it until the caller's transaction ends.

    Raises:
        NotFound: ``exception_not_found``.
        Conflict: ``request_in_flight``: its payment moved to another order at this very moment.
    """
    known = await find_exception(tx, exception_id)
    if known is None:
        raise NotFound("exception_not_found")
    attached = await payment_by_object(tx, known.scope, known.object_id)
    order_id = attached.order_id if attached else known.order_id
    order = await lock_order(tx, order_id) if order_id else None
    payment = await lock_payment(tx, attached.id) if attached else None
    if payment is not None and payment.order_id != order_id:
        raise Conflict("request_in_flight")
    exception = await lock_exception(tx, exception_id)
    assert exception is not None
    return Held(exception, order, payment)
