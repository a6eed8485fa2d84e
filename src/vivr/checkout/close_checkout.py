"""Close the ways to pay: expiry, cancel and replace are this one use case.

Nothing is freed on our own word: the session is read, expired if it is open, and read again; only when Stripe shows it
expired does the payment end, and only an order without an open payment is cancelled.
"""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.recover_checkout import recover_session
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict, NotFound, Unavailable
from vivr.ids import OrderId, PaymentId, new_operation_id
from vivr.operations.model import Operation, OperationKind
from vivr.operations.run_operation import record_answer, reserve_operation, send_operation
from vivr.orders.model import SETTLED, Order, OrderState
from vivr.orders.move_order import lock_order, move_order
from vivr.payments.begin_payment import open_payment_of
from vivr.payments.model import OPEN, Payment, PaymentState
from vivr.payments.read_payments import find_payment, holds_money
from vivr.payments.release_payment import release_payment
from vivr.payments.settle_payment import settle_payment
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import expire_session

_log: Final = structlog.stdlib.get_logger("vivr.checkout")
_TURNS_MAX: Final = 4


async def cancel_order(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    order_id: OrderId,
    *,
    reason: str,
    if_overdue: bool = False,
) -> Order:
    """Cancel an unpaid order and free its stock, once Stripe has confirmed that it can't be paid any more.

    Authorised money is released, but not by a deadline: whoever gave it waits for the goods. Cancelling a cancelled
    order gives it as it is; so does ``if_overdue`` for one that was given more time meanwhile.

    Raises:
        NotFound: there is no such order.
        Conflict: ``payment_in_progress`` or ``order_already_paid``; money may come, or came and is held as an
            exception, so nothing is freed.
        Unavailable: Stripe could not confirm it now.
    """
    for _ in range(_TURNS_MAX):
        async with database.transaction("cancel_order") as tx:
            order = await lock_order(tx, order_id)
            if order is None:
                raise NotFound("order_not_found")
            if order.state == OrderState.CANCELLED:
                return order
            if order.state in SETTLED:
                raise Conflict("order_already_paid", order=order_id)
            if if_overdue and order.deadline_at > clock.now():
                return order
            payment = await open_payment_of(tx, order_id)
            cancelled = None
            if payment is None:
                if await holds_money(tx, order_id):
                    # It did not settle the order, so it is a money exception: what it leads to is for staff to say.
                    raise Conflict("payment_in_progress", order=order_id)
                cancelled = await move_order(tx, caller, clock.now(), order, OrderState.CANCELLED, reason=reason)
        if cancelled is not None:
            crash_point("close.after_cancel")
            _log.info("order.cancelled", order=order_id, reason=reason)
            return cancelled
        if payment is not None:
            await close_payment(database, stripe, clock, seals, caller, payment.id, releases=not if_overdue)
    raise Unavailable("checkout_busy", retry_after_s=5)


async def close_payment(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    payment_id: PaymentId,
    *,
    releases: bool = False,
) -> Payment:
    """End an open payment; a payment that ended or was captured meanwhile is given as it is.

    Authorised money is given up if ``releases`` says so; otherwise it counts as money on its way.

    Raises:
        NotFound: there is no such payment.
        Conflict: ``payment_in_progress``: money is on its way.
        Unavailable: Stripe could not confirm that nobody can pay it any more.
    """
    async with database.transaction("find_payment") as tx:
        payment = await find_payment(tx, payment_id)
    if payment is None:
        raise NotFound("payment_not_found")
    if payment.state in OPEN and not payment.is_attached:
        payment = await recover_session(database, stripe, clock, seals, caller, payment)
    if payment.state not in OPEN:
        return payment
    payment = (await settle_payment(database, stripe, clock, caller, payment_id)).payment
    if payment.state == PaymentState.AUTHORIZED and releases:
        return await release_payment(database, stripe, clock, seals, caller, payment)
    if payment.state in {PaymentState.PROCESSING, PaymentState.AUTHORIZED}:
        raise Conflict("payment_in_progress", order=payment.order_id)
    if payment.state not in OPEN:
        return payment
    if payment.session_id is None:
        return await release_payment(database, stripe, clock, seals, caller, payment)
    await _expire(database, stripe, clock, seals, caller, payment)
    # Whatever the call answered, what Stripe shows now is what counts: a payment may have been quicker.
    payment = (await settle_payment(database, stripe, clock, caller, payment_id)).payment
    if payment.state in OPEN:
        raise Unavailable("stripe_unavailable", retry_after_s=5)
    return payment


async def _expire(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> None:
    crash_point("close.before_reserve")
    operation = await _reserve(database, clock, seals, caller, payment)
    if operation is None:
        return
    crash_point("close.after_reserve")
    answer = await send_operation(stripe, seals, operation)
    crash_point("close.after_call")
    async with database.transaction("record_expiry") as tx:
        await record_answer(tx, clock, caller, operation, answer)
    crash_point("close.after_record")


async def _reserve(
    database: Database, clock: Clock, seals: Seals, caller: Caller, payment: Payment
) -> Operation | None:
    """Store the expiry; None: another process is at it, or it was done."""
    assert payment.session_id is not None
    try:
        async with database.transaction("reserve_expiry") as tx:
            await lock_order(tx, payment.order_id)
            return await reserve_operation(
                tx,
                clock,
                seals,
                caller,
                operation_id=new_operation_id(clock.now()),
                kind=OperationKind.EXPIRE_SESSION,
                intent=f"expire:{payment.id}",
                scope=payment.scope,
                request=expire_session(payment.session_id),
                order_id=payment.order_id,
                payment_id=payment.id,
            )
    except Conflict:
        return None
