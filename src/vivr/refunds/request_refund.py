"""Ask for a refund: by staff or by rule it is made, by a customer it is made or waits for staff, as the settings say.

The same use case refunds a payment that settles no order (late money, paid twice): it has no lines and moves no order.
"""

from dataclasses import dataclass, replace
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database, Tx
from vivr.errors import Conflict, Forbidden, NotFound, Refusal, VivrError
from vivr.ids import OrderId, PaymentId, RefundId
from vivr.operations.model import Operation
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.model import Payment
from vivr.payments.payment_sums import lock_payment
from vivr.payments.read_payments import payments_of
from vivr.refunds import store
from vivr.refunds.model import (
    STAFF,
    Reason,
    Refund,
    RefundPlan,
    RefundState,
    RefundTerms,
    Wish,
    check_request,
    may_execute,
)
from vivr.refunds.submit_refund import plan_for, reserve_refund, send_refund
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.refunds")


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What is asked for.

    Attributes:
        refund_id: chosen before, so that a repeat is the same refund.
        payment_id: a payment of the order; None: the one that settles it.
    """

    refund_id: RefundId
    order_id: OrderId
    wish: Wish
    reason: Reason
    payment_id: PaymentId | None = None


async def request_refund(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: RefundTerms,
    request: RefundRequest,
) -> Refund:
    """Ask for a refund; the refund as it stands then: requested, on its way, or done.

    Whoever calls as guest or customer was let in to the order before. The same id again gives the refund as it is.

    Raises:
        NotFound: there is no such order or payment.
        Forbidden: this role may not refund.
        InvalidInput: the wish is malformed, or names what is not left.
        Conflict: ``payment_not_captured``, ``payment_disputed``, ``refund_nothing_left``,
            ``too_many_refund_requests``.
        Refusal: ``refund_over_remaining``, or ``refund_refused`` by Stripe.
        StripeMisconfigured: our key may not do this.
    """
    crash_point("refund.before_reserve")
    async with database.transaction("reserve_refund") as tx:
        refund, operation = await reserve_requested(tx, clock, seals, caller, terms, request)
    _log.info("refund.requested", refund=refund.id, order=refund.order_id, state=refund.state)
    if operation is None:
        return refund
    return await send_refund(database, stripe, clock, seals, caller, operation)


async def reserve_requested(
    tx: Tx, clock: Clock, seals: Seals, caller: Caller, terms: RefundTerms, request: RefundRequest
) -> tuple[Refund, Operation | None]:
    """Store what is asked for, and reserve it at once if it is due: its operation has then to be sent.

    Raises:
        VivrError: what ``request_refund`` refuses before it asks Stripe.
    """
    origin = _origin_of(caller)
    if origin == "customer":
        # Stripe blocks the card of a refund that is called fraudulent: that too is for staff to say.
        request = replace(request, wish=request.wish.by_customer(), reason=Reason.REQUESTED_BY_CUSTOMER)
    order, payment = await _lock(tx, request)
    known = await store.lock_refund(tx, request.refund_id)
    if known is not None:
        return _as_it_is(known, caller), None
    refusal = check_request(origin, await store.refunds_of_order(tx, order.id))
    plan = refusal or await plan_for(tx, payment, request.wish)
    if isinstance(plan, VivrError):
        raise plan
    refund = await _insert(tx, clock, caller, payment, request, plan, origin=origin)
    if not may_execute(origin, caller.role, order.state, plan.amount, payment, terms):
        return refund, None
    return await reserve_refund(tx, clock, seals, caller, terms, payment, refund, plan)


def _origin_of(caller: Caller) -> str:
    match caller.role:
        case "system":
            return "system"
        case "guest" | "customer":
            return "customer"
        case role if role in STAFF:
            return "staff"
        case _:
            raise Forbidden


async def _lock(tx: Tx, request: RefundRequest) -> tuple[Order, Payment]:
    order = await lock_order(tx, request.order_id)
    if order is None:
        raise NotFound("order_not_found")
    payments = await payments_of(tx, order.id)
    wanted = request.payment_id
    found = next((payment for payment in payments if payment.settles if wanted in {None, payment.id}), None)
    found = found or next((payment for payment in payments if payment.id == wanted), None)
    payment = await lock_payment(tx, found.id) if found else None
    if payment is None:
        raise NotFound("payment_not_found") if wanted else Conflict("payment_not_captured", order=order.id)
    return order, payment


def _as_it_is(known: Refund, caller: Caller) -> Refund:
    """A repeat: what stopped in between is the recoverer's, and a refusal stays one."""
    if known.requested_by != caller.actor:
        raise NotFound("refund_not_found")
    if known.state == RefundState.FAILED and known.stripe_id is None:
        raise Refusal("refund_refused", refund=known.id, reason=known.failure_code)
    return known


async def _insert(
    tx: Tx, clock: Clock, caller: Caller, payment: Payment, request: RefundRequest, plan: RefundPlan, *, origin: str
) -> Refund:
    now = clock.now()
    refund = await store.insert_refund(
        tx,
        request.wish,
        id=request.refund_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        account=payment.account,
        livemode=payment.livemode,
        origin=origin,
        amount_minor=plan.amount.amount_minor,
        currency=plan.amount.currency,
        reason=request.reason,
        requested_by=caller.actor,
        backed_by=caller.actor if origin == "staff" else None,
        now=now,
        request_id=caller.request_id,
    )
    await record_act(
        tx, caller, now, "refund.requested", on=("refund", refund.id), order_id=refund.order_id, money=refund.amount
    )
    return refund
