"""Open the one way to pay an order without a hosted page: its open PaymentIntent, else a new one, in three named steps.

It is for front ends of the merchant's own, which confirm it in the browser with the client secret. Under the rule of
one open payment it and a Checkout Session exclude each other: whichever is asked for first sees the other one closed.
"""

from typing import Final

from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.checkout.ensure_customer import ensure_customer
from vivr.checkout.model import CheckoutTerms, IntentLink, intent_parameters
from vivr.checkout.record_intent import intent_intent, record_intent
from vivr.checkout.recover_checkout import recover_session
from vivr.checkout.reserve_payment import NewPayment, WayToPay, reserve_payment
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Conflict, Refusal, Unavailable
from vivr.ids import OrderId
from vivr.money import Money
from vivr.operations.model import Operation, OperationKind, StripeScope
from vivr.operations.run_operation import send_operation
from vivr.payments.begin_payment import CUSTOMER_MISSING
from vivr.payments.model import PaymentState
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import PaymentIntent
from vivr.stripe_gateway.requests import StripeRequest, create_intent

_TURNS_MAX: Final = 4
_ON_ITS_WAY: Final = frozenset({PaymentState.PROCESSING, PaymentState.AUTHORIZED})


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
            ``too_many_sessions``, ``too_many_declines`` (with ``retry_after_s``).
        Refusal: ``payment_refused``: Stripe refused the request.
        StripeMisconfigured: our key may not do this.
        Unavailable: Stripe or the database could not be reached; a repeat finishes the same work.
    """
    for _ in range(_TURNS_MAX):
        customer_id = await ensure_customer(database, stripe, clock, seals, caller, scope, terms, order_id)
        crash_point("intent.before_reserve")
        step = await reserve_payment(database, clock, seals, caller, scope, terms, order_id, customer_id, _INTENT)
        if isinstance(step, Operation):
            crash_point("intent.after_reserve")
            intent = await _send(database, stripe, clock, seals, caller, step)
            if intent is not None:
                return _link(order_id, intent)
        elif step.state in _ON_ITS_WAY:
            raise Conflict("payment_in_progress", order=order_id)
        elif not step.is_attached:
            await recover_session(database, stripe, clock, seals, caller, step)
        elif step.kind == "intent" and step.intent_id is not None and not step.is_over(clock.now()):
            return _link(order_id, await stripe.read_intent(step.intent_id))
        else:
            await close_payment(database, stripe, clock, seals, caller, step.id)
    raise Unavailable("checkout_busy", retry_after_s=5)


def _request_of(terms: CheckoutTerms, new: NewPayment) -> StripeRequest:
    wish = intent_parameters(
        new.order, terms, payment_id=new.payment_id, operation_id=new.operation_id, customer_id=new.customer_id
    )
    return create_intent(wish)


_INTENT: Final = WayToPay("intent", OperationKind.CREATE_INTENT, intent_intent, _request_of)


async def _send(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation
) -> PaymentIntent | None:
    """Send and record; None: begin again, for the payment was closed meanwhile or its customer was deleted."""
    answer = await send_operation(stripe, seals, operation)
    crash_point("intent.after_call")
    intent = await record_intent(database, clock, caller, operation, answer)
    crash_point("intent.after_record")
    if isinstance(answer, Failed) and answer.kind == "misconfigured" and answer.code != CUSTOMER_MISSING:
        raise StripeMisconfigured(answer.message)
    if isinstance(answer, Failed) and answer.code != CUSTOMER_MISSING:
        raise Refusal("payment_refused", order=operation.order_id)
    return intent


def _link(order_id: OrderId, intent: PaymentIntent) -> IntentLink:
    if intent.client_secret is None:
        raise Unavailable("stripe_unavailable", retry_after_s=5)
    return IntentLink(intent.id, intent.client_secret, order_id, Money(intent.amount, intent.currency.upper()))
