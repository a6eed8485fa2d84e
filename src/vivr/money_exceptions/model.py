"""Money exceptions: their kinds, what may be done about each, and what that would do. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vivr.errors import Conflict
from vivr.ids import ExceptionId, OrderId, PaymentId, RefundId
from vivr.money import Money
from vivr.operations.model import StripeScope


class Kind(StrEnum):
    """Why money does not fit."""

    WRONG_MODE = "wrong_mode"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CUSTOMER = "wrong_customer"
    STRAY = "stray"
    TWICE = "twice"
    LATE = "late"
    OVERSOLD = "oversold"
    UNKNOWN_ORDER = "unknown_order"
    DOUBLE_LOSS = "double_loss"
    LEDGER_MISMATCH = "ledger_mismatch"


class ExceptionState(StrEnum):
    """Where an exception stands; resolving: it is decided, and Stripe or a second person has still to answer."""

    OPEN = "open"
    RESOLVING = "resolving"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How an exception ended."""

    REFUNDED = "refunded"
    LOST = "lost"
    RELEASED = "released"
    ACCEPTED = "accepted"
    ACKNOWLEDGED = "acknowledged"


class Action(StrEnum):
    """What a person can do about an exception."""

    GIVE_BACK = "give_back"
    ACCEPT = "accept"
    ACKNOWLEDGE = "acknowledge"


_K = Kind

NOTHING_HELD: Final = frozenset({_K.DOUBLE_LOSS, _K.LEDGER_MISMATCH})
"""Kinds that hold no money: nothing can be moved, but somebody has to know."""

RULED: Final = frozenset({_K.LATE, _K.TWICE, _K.OVERSOLD})
"""Kinds that the rule gives back by itself after its delay: the customer paid by mistake, and nobody may keep it."""

_NOT_ACCEPTABLE: Final = {
    _K.WRONG_MODE: "accept_wrong_mode",
    _K.WRONG_AMOUNT: "accept_wrong_amount",
    _K.WRONG_CURRENCY: "accept_wrong_currency",
    _K.TWICE: "accept_twice",
    _K.UNKNOWN_ORDER: "accept_unknown_order",
}


@dataclass(frozen=True, slots=True)
class MoneyException:
    """Money that did not fit, as it is stored.

    Attributes:
        object_id: the PaymentIntent; for kinds that hold nothing, what they are about.
        amount_minor: what came, or is authorised.
        captured: whether it was taken; otherwise it is only authorised.
        returned_minor: how much of it went back, or is going back, by refunds and by lost disputes.
        rounds: how often it waited anew: somebody decided to give it back, or it had ended of itself.
        refund_id: the refund of the last round, where the money came by a payment of ours.
        backed_by: the first of two persons that it takes above the shop's limit.
        decided_by: who decided what is being done.
        note: why it was acknowledged.
    """

    id: ExceptionId
    account: str
    livemode: bool
    object_id: str
    charge_id: str | None
    kind: Kind
    payment_id: PaymentId | None
    order_id: OrderId | None
    amount_minor: int
    currency: str
    captured: bool
    returned_minor: int
    expected_minor: int | None
    expected_currency: str | None
    explanation: str
    state: ExceptionState
    rounds: int
    refund_id: RefundId | None
    backed_by: str | None
    decided_by: str | None
    accepted_order_id: OrderId | None
    note: str | None
    rule_at: datetime | None
    rule_tries: int
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None

    @property
    def scope(self) -> StripeScope:
        """Account and mode."""
        return StripeScope(self.account, self.livemode)

    @property
    def brought(self) -> Money:
        """What came, or is authorised."""
        return Money(self.amount_minor, self.currency)

    @property
    def held(self) -> Money:
        """What of it is still held for somebody."""
        is_over = self.kind in NOTHING_HELD or self.state == ExceptionState.RESOLVED
        return Money(0 if is_over else max(self.amount_minor - self.returned_minor, 0), self.currency)


@dataclass(frozen=True, slots=True)
class HeldSum:
    """What is held in one currency, and of how many exceptions."""

    currency: str
    held_minor: int
    exceptions: int

    @property
    def held(self) -> Money:
        """The sum."""
        return Money(self.held_minor, self.currency)


def refuse(exception: MoneyException, action: Action) -> Conflict | None:
    """Why an action can't be taken now, the most basic reason first; None: it can."""
    if exception.state == ExceptionState.RESOLVED:
        return Conflict("exception_resolved", exception=exception.id)
    if exception.state == ExceptionState.RESOLVING:
        return Conflict("exception_being_resolved", exception=exception.id)
    match action:
        case Action.GIVE_BACK:
            code = "exception_nothing_held" if exception.kind in NOTHING_HELD else None
        case Action.ACCEPT:
            code = _refuse_acceptance(exception)
        case Action.ACKNOWLEDGE:
            code = None if exception.kind in NOTHING_HELD else "exception_money_held"
    return Conflict(code, exception=exception.id) if code else None


def _refuse_acceptance(exception: MoneyException) -> str | None:
    if exception.kind in NOTHING_HELD:
        return "exception_nothing_held"
    if exception.kind in _NOT_ACCEPTABLE:
        return _NOT_ACCEPTABLE[exception.kind]
    if not exception.captured:
        return "accept_not_captured"
    return "accept_partly_returned" if exception.returned_minor else None
