"""Who may decide on held money, how often it takes two, and which order accepted money settles. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vivr.errors import Conflict, Forbidden, InvalidInput, VivrError
from vivr.money import Money
from vivr.money_exceptions.model import MoneyException
from vivr.orders.model import Order, OrderState
from vivr.refunds.model import APPROVERS, STAFF, RefundTerms

NOTE_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class ResolutionTerms:
    """What the merchant has decided about money that does not fit.

    Attributes:
        refunds: what holds for refunds: the shop's id, and the limit above which two have to agree.
        rule_after: how long late and doubled money waits for staff before it is given back; None: it waits on.
        contact_retention: how long a new order's contact is kept.
    """

    refunds: RefundTerms
    rule_after: timedelta | None
    contact_retention: timedelta


def check_role(role: str) -> Forbidden | None:
    """Whether somebody of this role may decide on held money; the rule acts for the merchant, who set it."""
    return None if role in STAFF or role == "system" else Forbidden()


def judge_word(held: MoneyException, actor: str, role: str, approval_above: Money | None) -> VivrError | bool:
    """Whether a word on money without a payment of ours makes it go (True), or is the first of two (False)."""
    is_small = approval_above is None or (
        held.currency == approval_above.currency and held.amount_minor <= approval_above.amount_minor
    )
    if is_small or not held.captured:
        return True
    if held.backed_by is None:
        return False
    if held.backed_by == actor:
        return Conflict("refund_needs_another", exception=held.id)
    return True if role in APPROVERS else Forbidden("refund_needs_approver")


def check_acceptance(held: MoneyException, order: Order) -> Conflict | None:
    """Whether held money can settle this order, or one placed anew from its lines."""
    if order.state == OrderState.PROCESSING:
        return Conflict("payment_in_progress", order=order.id)
    if order.state not in {OrderState.PENDING, OrderState.CANCELLED}:
        return Conflict("accept_order_settled", order=order.id)
    if held.currency != order.currency:
        return Conflict("accept_wrong_currency", exception=held.id)
    return Conflict("accept_wrong_amount", exception=held.id) if held.amount_minor != order.payable_minor else None


def check_note(note: str) -> InvalidInput | None:
    """Whether a reason says something."""
    length = len(note.strip())
    if length == 0:
        return InvalidInput({"note": "required"})
    return InvalidInput({"note": "too_long"}) if length > NOTE_LENGTH_MAX else None
