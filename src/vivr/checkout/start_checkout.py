"""Open the one way to pay an order: its open session if it has one, else a new one, in three named steps.

Reserve: the order is locked, the payment and the operation with the exact request are stored. Call: Stripe makes the
session. Record: what came back is compared and attached. What stops in between is finished by ``recover_operations``.
"""

from dataclasses import dataclass
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.checkout.ensure_customer import ensure_customer
from vivr.checkout.model import CheckoutLink, CheckoutTerms, check_startable, session_end, session_parameters
from vivr.checkout.record_session import RecordedSession, record_session, session_intent
from vivr.checkout.recover_checkout import recover_session
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict, NotFound, Unavailable
from vivr.ids import OrderId, new_operation_id
from vivr.operations.model import Operation, OperationKind, StripeScope
from vivr.operations.run_operation import reserve_operation, send_operation
from vivr.orders.model import Order
from vivr.orders.move_order import extend_deadline, lines_of, lock_order
from vivr.payments.begin_payment import begin_payment, open_payment_of
from vivr.payments.model import Payment
from vivr.payments.read_payments import holds_money
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import create_session

_log: Final = structlog.stdlib.get_logger("vivr.checkout")
_TURNS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A new session is stored and has to be sent."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class _Ended:
    """The open payment's session is past its end, or it has none: it has to be seen closed first."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """Nobody knows yet whether the open payment's session was made."""

    payment: Payment


async def start_checkout(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: CheckoutTerms,
    order_id: OrderId,
) -> CheckoutLink:
    """Where the customer pays; calling it again gives the same open session.

    Raises:
        NotFound: there is no such order.
        Conflict: ``order_already_paid``, ``order_cancelled``, ``payment_in_progress``, ``order_too_old``,
            ``too_many_sessions``.
        Refusal: ``payment_refused``: Stripe refused the request.
        Unavailable: Stripe or the database could not be reached; a repeat finishes the same work.
    """
    for _ in range(_TURNS_MAX):
        customer_id = await ensure_customer(database, stripe, clock, seals, caller, scope, terms, order_id)
        step = await _reserve(database, clock, seals, caller, scope, terms, order_id, customer_id)
        match step:
            case CheckoutLink():
                return step
            case _Ended(payment):
                await close_payment(database, stripe, clock, seals, caller, payment.id)
            case _Unsettled(payment):
                await recover_session(database, stripe, clock, seals, caller, payment)
            case _Reserved(operation):
                recorded = await _send_and_record(database, stripe, clock, seals, caller, operation)
                if not recorded.may_begin_again:
                    return recorded.link()
    raise Unavailable("checkout_busy", retry_after_s=5)


async def _reserve(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: CheckoutTerms,
    order_id: OrderId,
    customer_id: str,
) -> CheckoutLink | _Ended | _Unsettled | _Reserved:
    crash_point("checkout.before_reserve")
    async with database.transaction("reserve_session") as tx:
        order = await lock_order(tx, order_id)
        if order is None:
            raise NotFound("order_not_found")
        now = clock.now()
        payment = await open_payment_of(tx, order_id)
        if payment is not None:
            return _use_open(payment, order, is_over=payment.is_over(now))
        refusal = check_startable(order, terms, now)
        if refusal is not None:
            raise refusal
        if await holds_money(tx, order_id):
            # What came did not fit and is held; nobody is asked to pay twice before staff has looked at it.
            raise Conflict("payment_in_progress", order=order_id)
        ends_at = session_end(order, terms, now)
        payment = await begin_payment(tx, now, order, scope, customer_id, ends_at, poll_at=now + terms.poll_first)
        operation_id = new_operation_id(now)
        parameters = session_parameters(
            order,
            await lines_of(tx, order_id),
            terms,
            payment_id=payment.id,
            operation_id=operation_id,
            customer_id=customer_id,
            ends_at=ends_at,
        )
        operation = await reserve_operation(
            tx,
            clock,
            seals,
            caller,
            operation_id=operation_id,
            kind=OperationKind.CREATE_SESSION,
            intent=session_intent(payment.id),
            scope=scope,
            request=create_session(parameters),
            order_id=order_id,
            payment_id=payment.id,
        )
        if await extend_deadline(tx, order_id, ends_at + terms.session_grace) is None:
            raise Conflict("order_cancelled", order=order_id)
    crash_point("checkout.after_reserve")
    _log.info("checkout.started", order=order_id, payment=payment.id, operation=operation.id)
    return _Reserved(operation)


def _use_open(payment: Payment, order: Order, *, is_over: bool) -> CheckoutLink | _Ended | _Unsettled:
    if not payment.is_attached:
        return _Unsettled(payment)
    if is_over or payment.session_id is None:
        return _Ended(payment)
    if payment.session_url is None:
        raise Conflict("payment_in_progress", order=order.id)
    return CheckoutLink(payment.session_id, payment.session_url, order.id)


async def _send_and_record(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> RecordedSession:
    answer = await send_operation(stripe, seals, operation)
    crash_point("checkout.after_call")
    recorded = await record_session(database, clock, caller, operation, answer)
    if recorded.must_close is not None:
        await close_payment(database, stripe, clock, seals, caller, recorded.must_close)
    crash_point("checkout.after_record")
    return recorded
