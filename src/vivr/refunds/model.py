"""Refunds: their states, what may be given back of a payment and its lines, and who decides it. Pure.

An amount is shared out over what is left of the lines by largest remainder; units take their share of what is left of
their line. Tax follows the line's cumulated refunds, so that whatever the parts were, the last one takes the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from vivr.errors import Conflict, Forbidden, InvalidInput, Refusal, VivrError
from vivr.ids import OrderId, PaymentId, ProductId, RefundId
from vivr.money import Money, allocate, round_half_up
from vivr.operations.model import StripeScope
from vivr.orders.model import OrderLine, OrderState
from vivr.payments.model import Payment, PaymentState


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "REQUESTED"
    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


_R = RefundState

TRANSITIONS: Final[frozenset[tuple[RefundState, RefundState]]] = frozenset(
    {
        (_R.REQUESTED, _R.SUBMITTED),
        (_R.REQUESTED, _R.CANCELED),
        (_R.SUBMITTED, _R.PENDING),
        (_R.SUBMITTED, _R.SUCCEEDED),
        (_R.SUBMITTED, _R.FAILED),
        (_R.SUBMITTED, _R.CANCELED),
        (_R.PENDING, _R.SUCCEEDED),
        (_R.PENDING, _R.FAILED),
        (_R.PENDING, _R.CANCELED),
        (_R.SUCCEEDED, _R.FAILED),
        (_R.SUCCEEDED, _R.CANCELED),
    }
)
"""Every allowed move: never back, so that an old word of Stripe's changes nothing."""

ENDED: Final = frozenset({_R.FAILED, _R.CANCELED})
"""States of a refund whose money stayed or came back."""

WAITING: Final = frozenset({_R.SUBMITTED, _R.PENDING})
"""States of a refund whose sum is reserved."""

POLL_FIRST: Final = timedelta(minutes=1)
POLL_LONGEST: Final = timedelta(hours=6)

STAFF: Final = frozenset({"support", "finance", "owner"})
"""The roles that may refund, and decide what customers ask for."""

APPROVERS: Final = frozenset({"finance", "owner"})
"""The roles whose word counts as the second one above the shop's limit."""

REQUESTS_MAX: Final = 5
"""How many wishes of its customer may wait for staff at one order."""

_STATE_OF_STATUS: Final = {
    "pending": _R.PENDING,
    "requires_action": _R.PENDING,
    "succeeded": _R.SUCCEEDED,
    "failed": _R.FAILED,
    "canceled": _R.CANCELED,
}


class Reason(StrEnum):
    """Why money goes back; Stripe knows all but ``other``, which is not sent."""

    REQUESTED_BY_CUSTOMER = "requested_by_customer"
    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """What the merchant has decided about refunds.

    Attributes:
        customer_executes: whether a customer's own refund of all of an order that was not shipped is made at once.
        approval_above: above this sum of one payment two of staff have to agree; None: never.
    """

    shop_id: str
    customer_executes: bool
    approval_above: Money | None


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it is stored.

    Attributes:
        stripe_id: Stripe's refund, once it was seen there.
        origin: ``staff``, ``customer``, ``system`` (a rule), or ``stripe`` (made there behind the shop's back).
        wish: what was asked for, as it is stored.
        backed_by: the first of staff who stands behind it.
        decided_by: who accepted or declined it.
    """

    id: RefundId
    order_id: OrderId
    payment_id: PaymentId
    account: str
    livemode: bool
    stripe_id: str | None
    state: RefundState
    origin: str
    amount_minor: int
    currency: str
    reason: Reason
    wish: Mapping[str, object]
    requested_by: str
    backed_by: str | None
    decided_by: str | None
    failure_code: str | None
    requested_at: datetime
    updated_at: datetime
    poll_at: datetime | None
    polls: int
    request_id: str

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def scope(self) -> StripeScope:
        """Account and mode."""
        return StripeScope(self.account, self.livemode)


@dataclass(frozen=True, slots=True)
class WishedUnits:
    """Units of a product that go back, and whether they return to the shelf."""

    product_id: ProductId
    quantity: int
    restock: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be given back: an amount, or items and shipping, or (nothing named) all that is left."""

    amount_minor: int | None = None
    items: tuple[WishedUnits, ...] = ()
    shipping: bool = False

    def by_customer(self) -> "Wish":
        """The same without a word on the shelf: whether goods came back is for staff to say."""
        return replace(self, items=tuple(replace(item, restock=False) for item in self.items))

    def to_json(self) -> dict[str, object]:
        """As it is stored."""
        return msgspec.to_builtins(self)

    @staticmethod
    def from_json(stored: Mapping[str, object]) -> "Wish":
        """The wish that was stored."""
        return msgspec.convert(stored, Wish)


@dataclass(frozen=True, slots=True)
class LineRest:
    """An order line and how much of it is refunded or reserved for a refund."""

    line: OrderLine
    refunded_minor: int = 0
    refunded_tax_minor: int = 0
    refunded_quantity: int = 0
    restocked_quantity: int = 0

    @property
    def rest_minor(self) -> int:
        """What may still be given back of it."""
        return self.line.amount_minor - self.refunded_minor

    @property
    def rest_quantity(self) -> int:
        """Units that may still be given back."""
        return self.line.quantity - self.refunded_quantity


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What a refund gives back of one line; ``quantity`` 0 is a part of its amount."""

    position: int
    quantity: int
    restock_quantity: int
    amount_minor: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What goes back, and of which lines; without lines the payment settles no order."""

    amount: Money
    lines: tuple[RefundLine, ...]


def state_of_status(status: str | None) -> RefundState:
    """Stripe's status as a state; one that nobody knows waits."""
    return _STATE_OF_STATUS.get(status or "", _R.PENDING)


def sums_of(state: RefundState, amount_minor: int) -> tuple[int, int]:
    """What a refund in a state adds to its payment's refunded and refund-pending sums."""
    if state == _R.SUCCEEDED:
        return amount_minor, 0
    return 0, amount_minor if state in WAITING else 0


def check_refundable(payment: Payment) -> VivrError | None:
    """Whether anything of a payment can be given back now."""
    if payment.state != PaymentState.CAPTURED or payment.captured_minor == 0:
        return Conflict("payment_not_captured", payment=payment.id)
    if payment.disputed_minor > 0:
        # The bank holds the money already: giving it back too would lose it twice.
        return Conflict("payment_disputed", payment=payment.id)
    return None


def may_be_refunded(payment: Payment) -> bool:
    """Whether anything of a payment is left to give back, and nothing hinders it."""
    return check_refundable(payment) is None and payment.free_minor > 0


def plan_refund(wish: Wish, rests: Sequence[LineRest], free: Money) -> RefundPlan | VivrError:
    """Decide what a wish gives back.

    Args:
        wish: what is asked for.
        rests: the lines of the order that the payment settles; none for a payment that settles no order.
        free: what of the payment is neither refunded nor reserved.
    """
    if wish.amount_minor is not None and (wish.items or wish.shipping):
        return InvalidInput({"amount": "amount_or_items"})
    if free.is_zero:
        return Conflict("refund_nothing_left")
    if wish.items or wish.shipping:
        return _plan_items(wish, rests, free)
    amount = free if wish.amount_minor is None else Money(wish.amount_minor, free.currency)
    if amount.amount_minor <= 0:
        return InvalidInput({"amount": "out_of_range"})
    if amount > free:
        return Refusal("refund_over_remaining", remaining=free)
    return RefundPlan(amount, share_out(amount, rests))


def share_out(amount: Money, rests: Sequence[LineRest]) -> tuple[RefundLine, ...]:
    """Share an amount out over what is left of the lines, by largest remainder."""
    weights = [rest.rest_minor for rest in rests]
    if not any(weights):
        return ()
    shares = allocate(amount, weights)
    return tuple(
        _line(rest, quantity=0, restock=0, amount_minor=share.amount_minor)
        for rest, share in zip(rests, shares, strict=True)
        if not share.is_zero
    )


def _plan_items(wish: Wish, rests: Sequence[LineRest], free: Money) -> RefundPlan | VivrError:
    fields: dict[str, str] = {}
    by_product = {rest.line.product_id: rest for rest in rests if rest.line.kind == "product"}
    lines: list[RefundLine] = []
    for place, item in enumerate(wish.items):
        rest = by_product.pop(item.product_id, None)
        if rest is None:
            fields[f"items.{place}.productId"] = "product_not_in_order"
        elif not 1 <= item.quantity <= rest.rest_quantity:
            fields[f"items.{place}.quantity"] = "quantity_over_rest"
        else:
            lines.append(_units(rest, item))
    if wish.shipping:
        shipping = next((rest for rest in rests if rest.line.kind == "shipping"), None)
        if shipping is None or shipping.rest_minor == 0:
            fields["shipping"] = "nothing_left"
        else:
            lines.append(_line(shipping, quantity=0, restock=0, amount_minor=shipping.rest_minor))
    if fields:
        return InvalidInput(fields)
    amount = Money(sum(line.amount_minor for line in lines), free.currency)
    if amount.is_zero:
        return Conflict("refund_nothing_left")
    return RefundPlan(amount, tuple(lines))


def _units(rest: LineRest, item: WishedUnits) -> RefundLine:
    """Units take their share of what is left of the line; the last ones take all of it."""
    amount_minor = round_half_up(rest.rest_minor * item.quantity, rest.rest_quantity)
    # What stands on the shelf again already does not come back a second time.
    restock = min(item.quantity, rest.line.quantity - rest.restocked_quantity) if item.restock else 0
    return _line(rest, quantity=item.quantity, restock=restock, amount_minor=amount_minor)


def _line(rest: LineRest, *, quantity: int, restock: int, amount_minor: int) -> RefundLine:
    """The part of a line with its tax: what the line's refunds have to carry by now, less what they carry already."""
    line = rest.line
    after = rest.refunded_minor + amount_minor
    wanted = round_half_up(line.tax_minor * after, line.amount_minor) if line.amount_minor else 0
    tax_left = line.tax_minor - rest.refunded_tax_minor
    net_left = rest.rest_minor - tax_left
    tax_minor = min(max(wanted - rest.refunded_tax_minor, amount_minor - net_left, 0), amount_minor, tax_left)
    return RefundLine(line.position, quantity, restock, amount_minor, amount_minor - tax_minor, tax_minor)


def needs_two(amount: Money, payment: Payment, terms: RefundTerms) -> bool:
    """Whether two of staff have to agree; what went back before counts, so that parts pass no limit."""
    limit = terms.approval_above
    if limit is None:
        return False
    gone_minor = payment.refunded_minor + payment.refund_pending_minor
    # The limit is in the shop's present currency: what an older order was paid in can't be compared with it.
    return amount.currency != limit.currency or gone_minor + amount.amount_minor > limit.amount_minor


def may_execute(
    refund_origin: str, role: str, order_state: OrderState, amount: Money, payment: Payment, terms: RefundTerms
) -> bool:
    """Whether a new refund is made at once; otherwise it waits for staff, or for a second one of staff."""
    is_large = needs_two(amount, payment, terms)
    if refund_origin == "customer":
        # A part would leave the order paid, and whoever took it would have the goods sent all the same.
        is_whole = amount.amount_minor == payment.free_minor
        return terms.customer_executes and order_state == OrderState.PAID and is_whole and not is_large
    return not is_large or role == "system"


def check_request(origin: str, known: Sequence[Refund]) -> VivrError | None:
    """Whether another refund may be asked for beside those of the order that are known."""
    waiting = sum(one.origin == "customer" and one.state == _R.REQUESTED for one in known)
    is_too_much = origin == "customer" and waiting >= REQUESTS_MAX
    return Conflict("too_many_refund_requests") if is_too_much else None


def judge_acceptance(refund: Refund, payment: Payment, actor: str, role: str, terms: RefundTerms) -> VivrError | bool:
    """Whether staff's word makes a requested refund go (True), is the first of two words (False), or is refused."""
    if role not in STAFF:
        return Forbidden()
    if refund.state != _R.REQUESTED:
        return Conflict("refund_already_decided", refund=refund.id)
    if not needs_two(refund.amount, payment, terms):
        return True
    if refund.backed_by is None:
        return False
    if refund.backed_by == actor:
        return Conflict("refund_needs_another", refund=refund.id)
    return True if role in APPROVERS else Forbidden("refund_needs_approver")


def poll_delay(polls: int) -> timedelta:
    """When to ask again about a refund that waits: after a minute, then twice as long each time, up to six hours."""
    return min(POLL_FIRST * 2 ** min(polls, 20), POLL_LONGEST)
