"""Record what became of asking for a PaymentIntent without a hosted page, before a front end sees its secret."""

from datetime import timedelta

import msgspec
import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.ids import PaymentId
from vivr.operations.model import Operation
from vivr.operations.run_operation import record_answer
from vivr.orders.move_order import lock_order
from vivr.payments.begin_payment import attach_intent, end_refused
from vivr.payments.model import OPEN
from vivr.payments.read_payments import find_payment
from vivr.stripe_gateway.answers import Answer, Done, Failed
from vivr.stripe_gateway.objects import PaymentIntent

_log = structlog.stdlib.get_logger("vivr.checkout")


def intent_intent(payment_id: PaymentId) -> str:
    """What asking for a payment's PaymentIntent is called among operations."""
    return f"intent:{payment_id}"


async def record_intent(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> PaymentIntent | None:
    """Write outcome, PaymentIntent and audit together; it, if its payment still waits for it.

    A payment for which nothing was made ends.
    """
    assert operation.order_id is not None
    assert operation.payment_id is not None
    payment_id = operation.payment_id
    async with database.transaction("record_intent") as tx:
        await lock_order(tx, operation.order_id)
        payment = await find_payment(tx, payment_id)
        assert payment is not None
        now = clock.now()
        is_ours = await record_answer(tx, clock, caller, operation, answer)
        if isinstance(answer, Failed) and is_ours:
            await end_refused(tx, now, operation.scope, payment, answer.code)
        if not isinstance(answer, Done):
            _log.warning("intent.not_created", order=operation.order_id, operation=operation.id)
            return None
        intent = msgspec.convert(answer.document, PaymentIntent)
        poll_at = payment.poll_at or now + timedelta(seconds=20)
        attached = await attach_intent(tx, now, payment_id, intent.id, poll_at=poll_at)
        await record_act(
            tx,
            caller,
            now,
            "intent.created",
            on=("payment", payment_id),
            order_id=operation.order_id,
            money=payment.amount,
        )
    is_open = attached is not None and attached.state in OPEN
    return intent if is_open else None
