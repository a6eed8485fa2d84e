"""Open the one way to pay an order without a hosted page: its open PaymentIntent, else a new one, in three named steps.

It is for front ends of the merchant's own, which confirm it in the browser with the client secret. Under the rule of
one open payment it and a Checkout Session exclude each other: whichever is asked for first sees the other one closed.
"""

from dataclasses import dataclass
from typing import Final

from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.checkout.ensure_customer import ensure_customer
from vivr.checkout.model import CheckoutTerms, IntentLink, check_startable, intent_parameters, session_end
from vivr.checkout.record_intent import MISSING, intent_intent, record_intent
from vivr.checkout.recover_checkout import recover_session
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict, NotFound, Refusal, Unavailable
from vivr.ids import OrderId, new_operation_id
from vivr.money import Money
from vivr.operations.model import Operation, OperationKind, StripeScope
from vivr.operations.run_operation import reserve_operation, send_operation
from vivr.orders.move_order import extend_deadline, lock_order
from vivr.payments.begin_payment import begin_payment, open_payment_of
from vivr.payments.model import Payment, PaymentState
from vivr.payments.read_payments import holds_money
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import PaymentIntent
from vivr.stripe_gateway.requests import create_intent

_TURNS_MAX: Final = 4
_ON_ITS_WAY: Final = frozenset({PaymentState.PROCESSING, PaymentState.AUTHORIZED})


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A new PaymentIntent is stored and has to be sent."""

    operation: Operation


async def start_intent(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: CheckoutTerms,
    order_id: OrderId,
) -> IntentLink:
    """What a front end confirms; calling it again gives the same open PaymentIntent.

    Raises:
        NotFound: there is no such order.
        Conflict: ``order_already_paid``, ``order_cancelled``, ``payment_in_progress``, ``order_too_old``,
            ``too_many_sessions``.
        Refusal: ``payment_refused``: Stripe refused the request.
        StripeMisconfigured: our key may not do this.
        Unavailable: Stripe or the database could not be reached; a repeat finishes the same work.
    """
    for _ in range(_TURNS_MAX):
        customer_id = await ensure_customer(database, stripe, clock, seals, caller, scope, terms, order_id)
        step = await _reserve(database, clock, seals, caller, scope, terms, order_id, customer_id)
        if isinstance(step, _Reserved):
            intent = await _send(database, stripe, clock, seals, caller, step.operation)
            if intent is not None:
                return _link(order_id, intent)
        elif not step.is_attached:
            await recover_session(database, stripe, clock, seals, caller, step)
        elif step.kind == "intent" and step.intent_id is not None and not step.is_over(clock.now()):
            return _link(order_id, await stripe.read_intent(step.intent_id))
        else:
            await close_payment(database, stripe, clock, seals, caller, step.id)
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
) -> Payment | _Reserved:
    """The order's open payment, or a new one with its operation."""
    crash_point("intent.before_reserve")
    async with database.transaction("reserve_intent") as tx:
        order = await lock_order(tx, order_id)
        if order is None:
            raise NotFound("order_not_found")
        now = clock.now()
        payment = await open_payment_of(tx, order_id)
        if payment is not None and payment.state in _ON_ITS_WAY:
            raise Conflict("payment_in_progress", order=order_id)
        if payment is not None:
            return payment
        refusal = check_startable(order, terms, now)
        if refusal is not None:
            raise refusal
        if await holds_money(tx, order_id):
            raise Conflict("payment_in_progress", order=order_id)
        ends_at = session_end(order, terms, now)
        poll_at = now + terms.poll_first
        payment = await begin_payment(tx, now, order, scope, customer_id, ends_at, poll_at=poll_at, kind="intent")
        operation_id = new_operation_id(now)
        wish = intent_parameters(
            order, terms, payment_id=payment.id, operation_id=operation_id, customer_id=customer_id
        )
        operation = await reserve_operation(
            tx,
            clock,
            seals,
            caller,
            operation_id=operation_id,
            kind=OperationKind.CREATE_INTENT,
            intent=intent_intent(payment.id),
            scope=scope,
            request=create_intent(wish),
            order_id=order_id,
            payment_id=payment.id,
        )
        if await extend_deadline(tx, order_id, ends_at + terms.session_grace) is None:
            raise Conflict("order_cancelled", order=order_id)
    crash_point("intent.after_reserve")
    return _Reserved(operation)


async def _send(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> PaymentIntent | None:
    """Send and record; None: begin again, for the payment was closed meanwhile or its customer was deleted."""
    answer = await send_operation(stripe, seals, operation)
    crash_point("intent.after_call")
    intent = await record_intent(database, clock, caller, operation, answer)
    crash_point("intent.after_record")
    if isinstance(answer, Failed) and answer.kind == "misconfigured" and answer.code != MISSING:
        raise StripeMisconfigured(answer.message)
    if isinstance(answer, Failed) and answer.code != MISSING:
        raise Refusal("payment_refused", order=operation.order_id)
    return intent


def _link(order_id: OrderId, intent: PaymentIntent) -> IntentLink:
    if intent.client_secret is None:
        raise Unavailable("stripe_unavailable", retry_after_s=5)
    return IntentLink(intent.id, intent.client_secret, order_id, Money(intent.amount, intent.currency.upper()))
