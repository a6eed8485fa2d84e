"""The one end of an open PaymentIntent that is ours to ask for: its money is captured, or it is canceled.

Both are operations under one intent, so that the database lets only one of them be under way, and only one succeed.
What it came to is for the finalizer to read; here only the operation is recorded, and an amendment that was not
captured undone.
"""

from typing import Final

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database, Tx
from vivr.ids import new_operation_id
from vivr.operations.model import Operation, OperationKind
from vivr.operations.recover_operation import Ending, Endings
from vivr.operations.run_operation import last_attempt, record_answer, reserve_operation, send_operation
from vivr.orders.amend_order import undo_amendment
from vivr.orders.move_order import lock_order
from vivr.payments import store
from vivr.payments.model import Payment, PaymentState
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest


def end_intent(payment: Payment) -> str:
    """What the operation that ends a payment's PaymentIntent intends."""
    return f"end:{payment.id}"


async def is_being_ended(tx: Tx, payment: Payment) -> bool:
    """Whether a capture or a cancellation is under way, or nobody knows yet what became of it."""
    last = await last_attempt(tx, payment.scope, end_intent(payment))
    return last is not None and not last.is_settled


async def reserve_end(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    payment: Payment,
    kind: OperationKind,
    request: StripeRequest,
) -> Operation:
    """Store the exact request.

    Raises:
        Conflict: ``operation_in_progress`` or ``operation_already_done``.
    """
    return await reserve_operation(
        tx,
        clock,
        seals,
        caller,
        operation_id=new_operation_id(clock.now()),
        kind=kind,
        intent=end_intent(payment),
        scope=payment.scope,
        request=request,
        order_id=payment.order_id,
        payment_id=payment.id,
    )


async def send_end(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> Answer:
    """Send a reserved end and record what became of it."""
    crash_point("end.after_reserve")
    answer = await send_operation(stripe, seals, operation)
    crash_point("end.after_call")
    await record_end(database, clock, caller, operation, answer)
    crash_point("end.after_record")
    return answer


async def record_end(database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer) -> None:
    """Write what became of an end; Stripe is asked about the payment soon, and a failed capture amends nothing."""
    assert operation.order_id is not None
    assert operation.payment_id is not None
    async with database.transaction("record_end") as tx:
        order = await lock_order(tx, operation.order_id)
        payment = await store.lock_payment(tx, operation.payment_id)
        assert order is not None
        assert payment is not None
        now = clock.now()
        if not await record_answer(tx, clock, caller, operation, answer):
            return
        await store.poll_soon(tx, payment.id, now)
        if operation.kind != OperationKind.CAPTURE_INTENT or not isinstance(answer, Failed):
            return
        if payment.state == PaymentState.AUTHORIZED:
            await undo_amendment(tx, caller, now, order)
        await record_act(
            tx,
            caller,
            now,
            "payment.capture_failed",
            on=("payment", payment.id),
            order_id=order.id,
            outcome="failed",
            error_code=answer.code,
        )


_ENDED: Final = frozenset({"succeeded", "canceled"})


async def _find_end(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    """What a PaymentIntent shows of its end; one that is still open shows none."""
    assert operation.payment_id is not None
    async with database.transaction("find_payment") as tx:
        payment = await store.find_payment(tx, operation.payment_id)
    assert payment is not None
    assert payment.intent_id is not None
    intent = await stripe.read_intent(payment.intent_id)
    wanted = "succeeded" if operation.kind == OperationKind.CAPTURE_INTENT else "canceled"
    if intent.status == wanted:
        return Done({"id": intent.id})
    if intent.status in _ENDED:
        return Failed("refused", "payment_intent_unexpected_state", f"The PaymentIntent is {intent.status}.")
    return None


_ENDING: Final = Ending(_find_end, record_end)

ENDINGS: Final[Endings] = {OperationKind.CAPTURE_INTENT: _ENDING, OperationKind.CANCEL_INTENT: _ENDING}
"""How captures and cancellations are ended."""
