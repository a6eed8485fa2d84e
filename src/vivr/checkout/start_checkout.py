"""Open the one way to pay an order: its open session if it has one, else a new one, in three named steps.

Reserve: the order is locked, the payment and the operation with the exact request are stored. Call: Stripe makes the
session. Record: what came back is compared and attached. What stops in between is finished by ``recover_operations``.
"""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.checkout.ensure_customer import ensure_customer
from vivr.checkout.model import CheckoutLink, CheckoutTerms, session_parameters
from vivr.checkout.record_session import RecordedSession, record_session, session_intent
from vivr.checkout.recover_checkout import recover_session
from vivr.checkout.reserve_payment import NewPayment, WayToPay, reserve_payment
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict, Unavailable
from vivr.ids import OrderId
from vivr.operations.model import Operation, OperationKind, StripeScope
from vivr.operations.run_operation import send_operation
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest, create_session

_log: Final = structlog.stdlib.get_logger("vivr.checkout")
_TURNS_MAX: Final = 4


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
            ``too_many_sessions``, ``too_many_declines`` (with ``retry_after_s``).
        Refusal: ``payment_refused``: Stripe refused the request.
        Unavailable: Stripe or the database could not be reached; a repeat finishes the same work.
    """
    for _ in range(_TURNS_MAX):
        customer_id = await ensure_customer(database, stripe, clock, seals, caller, scope, terms, order_id)
        crash_point("checkout.before_reserve")
        step = await reserve_payment(database, clock, seals, caller, scope, terms, order_id, customer_id, _SESSION)
        if isinstance(step, Operation):
            crash_point("checkout.after_reserve")
            _log.info("checkout.started", order=order_id, payment=step.payment_id, operation=step.id)
            recorded = await _send_and_record(database, stripe, clock, seals, caller, step)
            if not recorded.may_begin_again:
                return recorded.link()
        elif not step.is_attached:
            await recover_session(database, stripe, clock, seals, caller, step)
        elif step.is_over(clock.now()) or step.session_id is None:
            # It has to be seen closed before another one is opened.
            await close_payment(database, stripe, clock, seals, caller, step.id)
        elif step.session_url is None:
            raise Conflict("payment_in_progress", order=order_id)
        else:
            return CheckoutLink(step.session_id, step.session_url, order_id)
    raise Unavailable("checkout_busy", retry_after_s=5)


def _request_of(terms: CheckoutTerms, new: NewPayment) -> StripeRequest:
    parameters = session_parameters(
        new.order,
        new.lines,
        terms,
        payment_id=new.payment_id,
        operation_id=new.operation_id,
        customer_id=new.customer_id,
        ends_at=new.ends_at,
    )
    return create_session(parameters)


_SESSION: Final = WayToPay("session", OperationKind.CREATE_SESSION, session_intent, _request_of)


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
