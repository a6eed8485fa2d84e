"""Payments: their states, and the judgement of what Stripe says against what the order expects. Pure.

The PaymentIntent's status is the only judge. Amount, currency, customer, shop and mode are compared once it is
``succeeded`` or ``requires_capture``; what does not fit is a money exception, never a settled order.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from vivr.errors import Conflict, VivrError
from vivr.ids import OrderId, PaymentId
from vivr.money import Money
from vivr.operations.model import StripeScope
from vivr.orders.model import SETTLED, Order, OrderState
from vivr.stripe_gateway.objects import Charge, PaymentIntent, Session


class PaymentState(StrEnum):
    """Where a payment stands."""

    REQUIRES_PAYMENT = "REQUIRES_PAYMENT"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


_P = PaymentState

OPEN: Final = frozenset({_P.REQUIRES_PAYMENT, _P.REQUIRES_ACTION, _P.PROCESSING, _P.AUTHORIZED})
"""States in which money may still come; at most one payment of an order is in one of them."""

HOLDS_MONEY: Final = frozenset({"succeeded", "requires_capture"})
"""The statuses of a PaymentIntent that holds money, captured or authorised."""

SECOND_CHANCE: Final = timedelta(hours=24)
"""How long an order waits for its customer when the money that was on its way did not come.

A day, for a debit fails days later, when nobody sits in front of the page: it is a mail that calls the customer back.
"""

AUTHORIZATION_LIFE: Final = timedelta(days=7)
"""How long money stays authorised where Stripe does not say."""

CAPTURERS: Final = frozenset({"support", "finance", "owner", "system"})
"""The roles that may capture authorised money, or release it."""

LAPSED: Final = frozenset({"automatic", "expired"})
"""Stripe's reasons of a cancellation that nobody asked for: the authorisation ended by itself."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as it is stored; amounts in minor units of ``currency``.

    Attributes:
        capture_before: until when authorised money can be captured; then Stripe releases it.
        lapse_warned_at: when staff was warned that it ends.
        lapse_acted_at: when the shop's policy last acted on it.
        tell_failure_at: when its customer is told that it failed, unless it succeeds before.
    """

    id: PaymentId
    order_id: OrderId
    account: str
    livemode: bool
    kind: str
    state: PaymentState
    settles: bool
    amount_minor: int
    currency: str
    customer_id: str | None
    session_id: str | None
    session_url: str | None
    session_expires_at: datetime | None
    intent_id: str | None
    charge_id: str | None
    captured_minor: int
    refunded_minor: int
    refund_pending_minor: int
    disputed_minor: int
    lost_minor: int
    method_type: str | None
    method_brand: str | None
    method_last4: str | None
    failure_code: str | None
    failure_message: str | None
    ticket_taken: int
    ticket_applied: int
    poll_at: datetime | None
    polls: int
    created_at: datetime
    updated_at: datetime
    capture_before: datetime | None = None
    lapse_warned_at: datetime | None = None
    lapse_acted_at: datetime | None = None
    tell_failure_at: datetime | None = None

    @property
    def amount(self) -> Money:
        """What it asks for."""
        return Money(self.amount_minor, self.currency)

    @property
    def scope(self) -> StripeScope:
        """Account and mode."""
        return StripeScope(self.account, self.livemode)

    @property
    def gone_minor(self) -> int:
        """What went back: refunded, or lost to a dispute."""
        return self.refunded_minor + self.lost_minor

    @property
    def free_minor(self) -> int:
        """What is neither gone nor reserved for a refund; more than all may be gone, and then nothing is left."""
        return max(self.captured_minor - self.gone_minor - self.refund_pending_minor, 0)

    def is_over(self, now: datetime) -> bool:
        """Whether nobody is sent to pay by it any more."""
        return self.session_expires_at is not None and self.session_expires_at <= now

    @property
    def is_attached(self) -> bool:
        """Whether what Stripe made for it is known."""
        return self.session_id is not None or self.intent_id is not None

    @property
    def holds_money(self) -> bool:
        """Whether money came by it that was not given back."""
        return self.state == PaymentState.CAPTURED and self.gone_minor < self.captured_minor


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Stripe's present word on a payment, read with a ticket.

    Attributes:
        ticket: taken before the read; a later reader's word wins.
        session: the Checkout Session, if the payment has one that was read.
        intent: the PaymentIntent, if there is one by now.
    """

    ticket: int
    session: Session | None
    intent: PaymentIntent | None

    @property
    def charge(self) -> Charge | None:
        """The latest charge."""
        charge = self.intent.latest_charge if self.intent else None
        return charge if isinstance(charge, Charge) else None

    @property
    def was_released(self) -> bool:
        """Whether authorised money was given up: the PaymentIntent is canceled although a charge had succeeded."""
        is_canceled = self.intent is not None and self.intent.status == "canceled"
        return is_canceled and self.charge is not None and self.charge.status == "succeeded"

    @property
    def capture_before(self) -> datetime | None:
        """Until when the authorised money can be captured; None: nothing is authorised.

        Stripe says it of cards; of others it is a week, the shortest that card networks give (Stripe docs, placing a
        hold on a payment method).
        """
        charge = self.charge
        if self.intent is None or self.intent.status != "requires_capture" or charge is None:
            return None
        card = charge.payment_method_details.card if charge.payment_method_details else None
        if card is not None and card.capture_before is not None:
            return datetime.fromtimestamp(card.capture_before, UTC)
        return datetime.fromtimestamp(charge.created, UTC) + AUTHORIZATION_LIFE


class Misfit(StrEnum):
    """Why money does not fit, in order of precedence."""

    WRONG_MODE = "wrong_mode"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CUSTOMER = "wrong_customer"
    STRAY = "stray"
    TWICE = "twice"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a snapshot means for a payment and its order.

    Attributes:
        state: where the payment stands now.
        misfit: why captured money does not fit; None where it settles the order or nothing was captured.
        order_to: where the order moves, if it moves.
        reason: why, for history and logs.
    """

    state: PaymentState
    misfit: Misfit | None
    order_to: OrderState | None
    reason: str


_STATE_OF_STATUS: Final = {
    "requires_payment_method": _P.REQUIRES_PAYMENT,
    "requires_confirmation": _P.REQUIRES_PAYMENT,
    "requires_action": _P.REQUIRES_ACTION,
    "processing": _P.PROCESSING,
    "requires_capture": _P.AUTHORIZED,
    "canceled": _P.CANCELLED,
    "succeeded": _P.CAPTURED,
}


def judge(payment: Payment, order: Order, snapshot: Snapshot) -> Judgement:
    """Decide what Stripe's word means.

    A captured or cancelled payment never goes back, whatever an old word says.
    """
    state = _state_of(payment, snapshot)
    if payment.state == _P.CAPTURED:
        return Judgement(_P.CAPTURED, None, None, "already_captured")
    if state in {_P.CAPTURED, _P.AUTHORIZED}:
        assert snapshot.intent is not None
        return _judge_money(payment, order, snapshot.intent, state)
    if payment.state in {_P.CANCELLED, _P.FAILED}:
        return Judgement(payment.state, None, None, "already_ended")
    if state == _P.PROCESSING:
        to = OrderState.PROCESSING if order.state == OrderState.PENDING else None
        return Judgement(state, None, to, "payment_processing")
    if snapshot.was_released and order.state == OrderState.PROCESSING:
        is_lapsed = snapshot.intent is not None and snapshot.intent.cancellation_reason in LAPSED
        return Judgement(state, None, OrderState.CANCELLED, f"authorization_{'lapsed' if is_lapsed else 'released'}")
    # No money is on its way: an order that waited for it goes back to waiting for the customer.
    to = OrderState.PENDING if order.state == OrderState.PROCESSING else None
    return Judgement(state, None, to, f"payment_{state.lower()}")


def _state_of(payment: Payment, snapshot: Snapshot) -> PaymentState:
    session, intent = snapshot.session, snapshot.intent
    state = _STATE_OF_STATUS.get(intent.status, _P.REQUIRES_PAYMENT) if intent else _P.REQUIRES_PAYMENT
    waits_for_customer = state in {_P.REQUIRES_PAYMENT, _P.REQUIRES_ACTION}
    if waits_for_customer and session is not None:
        if session.status == "expired":
            return _P.CANCELLED
        if session.status == "complete" and intent is not None and payment.state == _P.PROCESSING:
            # An async method failed after the session was completed: it can't be paid again there.
            return _P.FAILED
        if session.status == "complete" and intent is not None and intent.last_payment_error is not None:
            return _P.FAILED
    return state


def _judge_money(payment: Payment, order: Order, intent: PaymentIntent, state: PaymentState) -> Judgement:
    misfit = _misfit_of(payment, order, intent, state)
    if misfit is not None:
        return Judgement(state, misfit, None, misfit)
    if state == _P.AUTHORIZED:
        to = OrderState.PROCESSING if order.state == OrderState.PENDING else None
        return Judgement(state, None, to, "payment_authorized")
    is_part = order.payable_minor < payment.amount_minor
    return Judgement(state, None, OrderState.PAID, "payment_captured_in_part" if is_part else "payment_captured")


def _misfit_of(payment: Payment, order: Order, intent: PaymentIntent, state: PaymentState) -> Misfit | None:
    """Compare with what this payment sent and what the order expects.

    What is authorised is what the payment asked for; an order that is amended since expects less of it to be captured.
    """
    is_captured = state == _P.CAPTURED
    brought = intent.amount_received if is_captured else intent.amount
    expected = order.payable_minor if is_captured else payment.amount_minor
    checks = (
        (Misfit.WRONG_MODE, intent.livemode != payment.livemode),
        (Misfit.WRONG_CURRENCY, intent.currency.upper() != order.currency),
        (Misfit.WRONG_AMOUNT, brought != expected),
        (Misfit.WRONG_CUSTOMER, payment.customer_id is None or intent.customer != payment.customer_id),
        # Payment ids are this shop's own, so naming another one, or none, also means another shop.
        (Misfit.STRAY, intent.metadata.get("payment") != payment.id),
        (Misfit.TWICE, order.state in SETTLED),
        (Misfit.LATE, order.state == OrderState.CANCELLED),
    )
    return next((misfit for misfit, is_wrong in checks if is_wrong), None)


def order_move(order_state: OrderState, progress: OrderState | None, payment: Payment) -> OrderState | None:
    """Where the order goes when its settling payment's sums changed; None: it stays.

    Args:
        order_state: where it stands.
        progress: how far it had come (PAID, SHIPPED or DELIVERED), whatever its money did since.
        payment: with its sums as they are now.
    """
    if not payment.settles or payment.captured_minor == 0 or order_state not in SETTLED:
        return None
    if payment.disputed_minor > 0:
        to = OrderState.DISPUTED
    elif payment.gone_minor >= payment.captured_minor:
        to = OrderState.REFUNDED
    else:
        to = progress
    return None if to == order_state else to


def waits_for_capture(order: Order, payment: Payment) -> bool:
    """Whether a payment's authorised money fits its order and waits for staff.

    Authorised money of an order that does not wait for it does not fit, and is held as an exception.
    """
    return payment.state == PaymentState.AUTHORIZED and order.state == OrderState.PROCESSING


def check_capturable(order: Order, payment: Payment | None, *, is_held: bool) -> VivrError | None:
    """Whether an order's authorised money may be captured now, in order of precedence."""
    if order.state in SETTLED:
        return Conflict("order_already_paid", order=order.id)
    if payment is None or not waits_for_capture(order, payment):
        return Conflict("payment_not_authorized", order=order.id)
    if is_held:
        return Conflict("order_on_hold", order=order.id)
    return None


def poll_delay(polls: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """When to ask Stripe again on its own: ``first``, then twice as long each time, up to ``longest``."""
    return min(first * 2 ** min(polls, 20), longest)
