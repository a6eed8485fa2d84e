"""The three steps of a refund at Stripe: reserve (its sum and the exact request), send, record."""

from typing import Final

import msgspec
import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database, Tx
from vivr.errors import Conflict, NotFound, VivrError
from vivr.ids import RefundId, new_operation_id
from vivr.money import Money
from vivr.operations.model import Operation, OperationKind
from vivr.operations.run_operation import record_answer, reserve_operation, send_operation
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.model import Payment
from vivr.payments.payment_sums import lock_payment
from vivr.refunds import store
from vivr.refunds.model import (
    Reason,
    Refund,
    RefundPlan,
    RefundState,
    RefundTerms,
    Wish,
    check_refundable,
    plan_refund,
    state_of_status,
)
from vivr.refunds.move_refund import advance, submit
from vivr.refunds.read_refunds import rests_of
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed, error_of
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeRefund
from vivr.stripe_gateway.requests import Parameters, create_refund

_log: Final = structlog.stdlib.get_logger("vivr.refunds")


def refund_intent(refund_id: str) -> str:
    """What the operation of a refund intends."""
    return f"refund:{refund_id}"


def free_of(payment: Payment) -> Money:
    """What of a payment is neither refunded, lost nor reserved."""
    return Money(payment.free_minor, payment.currency)


async def plan_for(tx: Tx, payment: Payment, wish: Wish) -> RefundPlan | VivrError:
    """What a wish gives back of a locked payment now, or why nothing."""
    refusal = check_refundable(payment)
    if refusal is not None:
        return refusal
    rests = await rests_of(tx, payment.order_id) if payment.settles else []
    return plan_refund(wish, rests, free_of(payment))


async def reserve_refund(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: RefundTerms,
    payment: Payment,
    refund: Refund,
    plan: RefundPlan,
) -> tuple[Refund, Operation]:
    """Reserve a planned refund and store the exact request.

    Raises:
        Conflict: ``refund_already_decided``.
    """
    now = clock.now()
    submitted = await submit(tx, caller, now, payment, refund, plan)
    if submitted is None:
        raise Conflict("refund_already_decided", refund=refund.id)
    assert payment.intent_id is not None
    operation_id = new_operation_id(now)
    parameters: Parameters = {"payment_intent": payment.intent_id, "amount": plan.amount.amount_minor}
    if refund.reason != Reason.OTHER:
        parameters["reason"] = str(refund.reason)
    parameters["metadata"] = {
        "shop": terms.shop_id,
        "order": refund.order_id,
        "payment": payment.id,
        "refund": refund.id,
        "operation": operation_id,
    }
    operation = await reserve_operation(
        tx,
        clock,
        seals,
        caller,
        operation_id=operation_id,
        kind=OperationKind.CREATE_REFUND,
        intent=refund_intent(refund.id),
        scope=payment.scope,
        request=create_refund(parameters),
        order_id=refund.order_id,
        payment_id=payment.id,
    )
    return submitted[0], operation


async def send_refund(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> Refund:
    """Send a reserved refund and record the answer; the refund as it stands then.

    Raises:
        Refusal: ``refund_refused``: Stripe refused it; what was reserved is free again.
        StripeMisconfigured: our key may not do this; the same.
    """
    crash_point("refund.after_reserve")
    answer = await send_operation(stripe, seals, operation)
    crash_point("refund.after_call")
    refund = await record_refund(database, clock, caller, operation, answer)
    crash_point("refund.after_record")
    if isinstance(answer, Failed):
        raise error_of(answer, "refund_refused", refund=refund.id)
    return refund


async def record_refund(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> Refund:
    """Write what became of a refund's operation, once, and move the refund with it."""
    refund_id = RefundId(operation.intent.partition(":")[2])
    async with database.transaction("record_refund") as tx:
        now = clock.now()
        order, payment, refund = await lock_all(tx, refund_id)
        if not await record_answer(tx, clock, caller, operation, answer):
            return refund
        match answer:
            case Done(document):
                found = msgspec.convert(document, StripeRefund)
                to, code = state_of_status(found.status), found.failure_reason
                _, _, refund = await advance(
                    tx, caller, now, order, payment, refund, to, stripe_id=found.id, failure_code=code
                )
            case Failed(code=code) if refund.state == RefundState.SUBMITTED:
                _, _, refund = await advance(
                    tx,
                    caller,
                    now,
                    order,
                    payment,
                    refund,
                    RefundState.FAILED,
                    stripe_id=None,
                    failure_code=code,
                )
            case _:
                _log.warning("refund.not_known", refund=refund.id, answer=type(answer).__name__)
        return refund


async def lock_all(tx: Tx, refund_id: RefundId) -> tuple[Order, Payment, Refund]:
    """A refund with its payment and order, locked in the lock order.

    Raises:
        NotFound: there is no such refund.
    """
    known = await store.find_refund(tx, refund_id)
    order = await lock_order(tx, known.order_id) if known else None
    payment = await lock_payment(tx, known.payment_id) if known else None
    refund = await store.lock_refund(tx, refund_id)
    if order is None or payment is None or refund is None:
        raise NotFound("refund_not_found")
    return order, payment, refund
