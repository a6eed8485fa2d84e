"""Capture the authorised money of an order: all of it, or what remains when units that can't be sent are struck.

Reserve: the order is locked, amended where units are struck, and the exact request is stored. Call: Stripe captures.
Record: the operation's outcome; then the finalizer settles the payment from Stripe's own word, as for every payment.
"""

from dataclasses import dataclass
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Forbidden, NotFound, Refusal, VivrError
from vivr.ids import OrderId
from vivr.operations.model import Operation, OperationKind
from vivr.orders.amend_order import amend_order
from vivr.orders.hold_order import holds_of
from vivr.orders.model import Strike
from vivr.orders.move_order import lock_order
from vivr.payments import store
from vivr.payments.apply_snapshot import Settlement
from vivr.payments.end_authorization import reserve_end, send_end
from vivr.payments.model import CAPTURERS, PaymentState, check_capturable
from vivr.payments.settle_payment import settle_payment
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import capture_intent

_log: Final = structlog.stdlib.get_logger("vivr.payments")


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What is to be captured: all that an order asks for, or what remains of it without what is struck."""

    order_id: OrderId
    strike: Strike | None = None


async def capture_payment(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, request: CaptureRequest
) -> Settlement:
    """Capture an order's authorised money; order and payment as they stand then.

    They stand as before where nobody knows yet what became of it: the worker finds out.

    Raises:
        Forbidden: this role may not capture.
        NotFound: there is no such order.
        InvalidInput: what is struck is not in the order.
        Conflict: ``payment_not_authorized``, ``order_already_paid``, ``order_on_hold``, ``operation_in_progress``.
        Refusal: what remains can't be charged; or ``capture_refused`` by Stripe, and the order stands as before.
        StripeMisconfigured: our key may not do this.
        Unavailable: Stripe or the database could not be reached.
    """
    if caller.role not in CAPTURERS:
        raise Forbidden
    crash_point("capture.before_reserve")
    operation = await _reserve(database, clock, seals, caller, request)
    _log.info("capture.submitted", order=request.order_id, operation=operation.id)
    answer = await send_end(database, stripe, clock, seals, caller, operation)
    assert operation.payment_id is not None
    # Whatever the call answered, what Stripe shows now is what counts.
    settlement = await settle_payment(database, stripe, clock, caller, operation.payment_id)
    crash_point("capture.after_settle")
    if isinstance(answer, Failed) and settlement.payment.state != PaymentState.CAPTURED:
        if answer.kind == "misconfigured":
            raise StripeMisconfigured(answer.message)
        raise Refusal("capture_refused", order=request.order_id, reason=answer.code)
    return settlement


async def _reserve(
    database: Database, clock: Clock, seals: Seals, caller: Caller, request: CaptureRequest
) -> Operation:
    async with database.transaction("reserve_capture") as tx:
        order = await lock_order(tx, request.order_id)
        if order is None:
            raise NotFound("order_not_found")
        payment = await store.open_payment_of(tx, order.id)
        refusal = check_capturable(order, payment, is_held=bool(await holds_of(tx, order.id)))
        if refusal is not None:
            raise refusal
        assert payment is not None
        assert payment.intent_id is not None
        amended = order
        if request.strike is not None:
            outcome = await amend_order(tx, caller, clock.now(), order, request.strike)
            if isinstance(outcome, VivrError):
                raise outcome
            amended = outcome
        stripe_request = capture_intent(payment.intent_id, amended.payable_minor)
        return await reserve_end(tx, clock, seals, caller, payment, OperationKind.CAPTURE_INTENT, stripe_request)
