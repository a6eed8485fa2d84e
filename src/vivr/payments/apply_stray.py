"""A PaymentIntent that names one of our payments without being its own: its money is held, nothing is settled.

Somebody with our key made it (a script, another program, a test); what it brought belongs to a customer all the same.
"""

from typing import Final

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.errors import Unavailable
from vivr.ids import PaymentId
from vivr.money import Money
from vivr.money_exceptions.follow_money import money_released
from vivr.money_exceptions.model import Resolution
from vivr.money_exceptions.read_exceptions import exception_of_object
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.apply_snapshot import EXPLANATIONS
from vivr.payments.model import HOLDS_MONEY, Misfit, Payment
from vivr.payments.read_target import StrayRead
from vivr.stripe_gateway.objects import Charge, PaymentIntent

_NO_ORDER: Final = "The payment names this shop, but no payment that this shop knows."
_STRAY: Final = "The payment names this order, but did not come through the checkout that was opened for it."


async def apply_stray(tx: Tx, clock: Clock, caller: Caller, read: StrayRead) -> str:
    """Hold what it brought, or see that it was released; one sentence says what came of it.

    Raises:
        Unavailable: staff accepted it for an order since it was read.
    """
    intent, payment = read.intent, read.payment
    order = await lock_order(tx, payment.order_id) if payment else None
    known = await exception_of_object(tx, read.scope, intent.id)
    if known is not None and known.resolution == Resolution.ACCEPTED:
        # It settles an order since it was read: its payment is found when it is read again.
        raise Unavailable("payment_busy", retry_after_s=2)
    if intent.status == "canceled":
        await money_released(tx, caller, clock.now(), read.scope, intent.id)
    if intent.status not in HOLDS_MONEY:
        return (
            f"The PaymentIntent is not the one of the payment that it names; it is {intent.status} and holds no money."
        )
    kind, explanation = _kind_of(intent, payment, order)
    is_captured = intent.status == "succeeded"
    charge = intent.latest_charge
    is_new = await record_exception(
        tx,
        caller,
        clock.now(),
        MisfitMoney(
            scope=read.scope,
            object_id=intent.id,
            kind=kind,
            brought=Money(intent.amount_received if is_captured else intent.amount, intent.currency.upper()),
            expected=order.payable if order else None,
            order_id=order.id if order else None,
            payment_id=PaymentId(payment.id) if payment else None,
            charge_id=charge.id if isinstance(charge, Charge) else None,
            is_captured=is_captured,
            explanation=explanation,
        ),
    )
    return f"{explanation} It {'is' if is_new else 'was already'} held as a money exception."


def _kind_of(intent: PaymentIntent, payment: Payment | None, order: Order | None) -> tuple[str, str]:
    if payment is None or order is None:
        return "unknown_order", _NO_ORDER
    brought = intent.amount_received if intent.status == "succeeded" else intent.amount
    checks = (
        (Misfit.WRONG_MODE, intent.livemode != payment.livemode),
        (Misfit.WRONG_CURRENCY, intent.currency.upper() != order.currency),
        (Misfit.WRONG_AMOUNT, brought != order.payable_minor),
        (Misfit.WRONG_CUSTOMER, intent.customer != payment.customer_id),
    )
    for misfit, is_wrong in checks:
        if is_wrong:
            return misfit, EXPLANATIONS[misfit]
    return Misfit.STRAY, _STRAY
