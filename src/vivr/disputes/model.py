"""Disputes: what Stripe's word means for a payment's sums, what is booked, and when staff is reminded. Pure.

A dispute's state is Stripe's own word. An inquiry (``warning_…``) moves nothing; a chargeback takes its amount at once,
and gives it back when it is won. Amounts are in the charge's currency (Stripe API reference, disputes).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from vivr.errors import Conflict, InvalidInput, VivrError
from vivr.ids import DisputeId, OrderId, PaymentId
from vivr.money import Money, round_half_up
from vivr.operations.model import StripeScope
from vivr.stripe_gateway.objects import BalanceTransaction, StripeDispute

NEEDS_RESPONSE: Final = frozenset({"needs_response", "warning_needs_response", "appeal_needs_response"})
"""States in which the shop's answer is awaited."""

ENDED: Final = frozenset({"won", "lost", "warning_closed", "prevented"})
"""States in which nothing is awaited of anybody."""

WRITABLE: Final = (
    "product_description",
    "service_date",
    "shipping_date",
    "shipping_carrier",
    "shipping_tracking_number",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "uncategorized_text",
)
"""The parts of the evidence that staff writes; the others are taken from the order's records as they are."""

LETTERS_MAX: Final = 15_000
"""So many one part may have: all together stay below Stripe's 150,000 (Stripe docs, dispute evidence)."""

_MOVES_NOTHING: Final = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented", "won"}
)
"""States that hold no money, unless Stripe shows that it was withdrawn and is not back."""

_THOUSAND: Final = 1000
_ALL_OF_A_THOUSAND: Final = 995

ALERT_DAYS: Final = (7, 2, 1)
"""How many days before the deadline staff is reminded, once each."""


class Slot(StrEnum):
    """Stripe's places for a file of evidence."""

    RECEIPT = "receipt"
    CUSTOMER_COMMUNICATION = "customer_communication"
    SHIPPING_DOCUMENTATION = "shipping_documentation"
    SERVICE_DOCUMENTATION = "service_documentation"
    REFUND_POLICY = "refund_policy"
    CANCELLATION_POLICY = "cancellation_policy"
    CUSTOMER_SIGNATURE = "customer_signature"
    DUPLICATE_CHARGE_DOCUMENTATION = "duplicate_charge_documentation"
    UNCATEGORIZED_FILE = "uncategorized_file"


class FileKind(StrEnum):
    """What Stripe takes as a file of evidence."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"

    @property
    def media_type(self) -> str:
        """Its name on the web."""
        return "application/pdf" if self is FileKind.PDF else f"image/{self}"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as it is stored.

    Attributes:
        payment_id: the payment whose charge it disputes; None: one that is no payment of this shop.
        state: Stripe's own word.
        is_withdrawn: whether Stripe took the money.
        is_reinstated: whether Stripe gave it back, or a part of it.
        kept_minor: what the bank keeps although it gave back the rest.
        due_at: until when evidence is taken.
        loss_owed_minor: what of the loss was owed to the customer anyway when it was booked; None: none is booked.
        loss_minor: what of the booked loss stands still.
        submissions: how often evidence was sent to the bank.
        ticket: of the read that is applied.
    """

    id: DisputeId
    account: str
    livemode: bool
    stripe_id: str
    payment_id: PaymentId | None
    order_id: OrderId | None
    charge_id: str
    intent_id: str
    state: str
    reason: str
    amount_minor: int
    currency: str
    is_withdrawn: bool
    is_reinstated: bool
    kept_minor: int
    due_at: datetime | None
    loss_owed_minor: int | None
    loss_minor: int | None
    submissions: int
    ticket: int
    alert_at: datetime | None
    opened_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What is disputed."""
        return Money(self.amount_minor, self.currency)

    @property
    def scope(self) -> StripeScope:
        """Account and mode."""
        return StripeScope(self.account, self.livemode)

    @property
    def is_open(self) -> bool:
        """Whether something is awaited of somebody."""
        return self.state not in ENDED


@dataclass(frozen=True, slots=True)
class Word:
    """What Stripe says of a dispute, as far as anything follows from it."""

    state: str
    reason: str
    amount: Money
    is_withdrawn: bool
    is_reinstated: bool
    kept_minor: int
    due_at: datetime | None
    submissions: int


def word_of(found: StripeDispute) -> Word:
    """Read Stripe's object; its balance transactions show money that went (negative) and came back (positive)."""
    movements = [movement.amount for movement in found.balance_transactions]
    due_by = found.evidence_details.due_by
    return Word(
        state=found.status,
        reason=found.reason,
        amount=Money(found.amount, found.currency.upper()),
        is_withdrawn=found.status == "lost" or any(amount < 0 for amount in movements),
        is_reinstated=any(amount > 0 for amount in movements),
        kept_minor=_kept(found),
        due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        submissions=found.evidence_details.submission_count,
    )


def _kept(found: StripeDispute) -> int:
    """What is not back of a sum that came back, in the charge's currency.

    Stripe tells it in the currency of the balance. Where that is another one, what went and what came were exchanged at
    the rates of two days: each is taken at its own, and what is within half a percent of all is all.
    """
    moved = found.balance_transactions
    if not any(one.amount > 0 for one in moved):
        return 0
    if all(one.currency == found.currency for one in moved):
        back = sum(one.amount for one in moved if one.amount > 0)
        return max(found.amount - back, 0)
    if not all(one.exchange_rate for one in moved):
        return 0
    taken, of_taken = _at_its_rate(one for one in moved if one.amount < 0)
    back, of_back = _at_its_rate(one for one in moved if one.amount > 0)
    share, of_share = back * of_taken, -taken * of_back
    if share * _THOUSAND >= of_share * _ALL_OF_A_THOUSAND:
        return 0
    return found.amount - round_half_up(found.amount * share, of_share)


def _at_its_rate(moved: Iterable[BalanceTransaction]) -> tuple[int, int]:
    """The sum of movements in the currency that they were exchanged from: an exact fraction."""
    total, parts = 0, 1
    for one in moved:
        rate, of_rate = one.exchange_rate.as_integer_ratio() if one.exchange_rate else (1, 1)
        total, parts = total * rate + one.amount * of_rate * parts, parts * rate
    return total, parts


def is_known(dispute: Dispute, word: Word) -> bool:
    """Whether the word says nothing new."""
    return word == Word(
        dispute.state,
        dispute.reason,
        dispute.amount,
        dispute.is_withdrawn,
        dispute.is_reinstated,
        dispute.kept_minor,
        dispute.due_at,
        dispute.submissions,
    )


def read_evidence(given: Mapping[str, str]) -> dict[str, str] | InvalidInput:
    """What staff wrote, without the empty parts, and which of the shop's documents it leaves out."""
    written = {name: given.get(name, "").strip() for name in WRITABLE}
    wrong = {name: "too_long" for name, text in written.items() if len(text) > LETTERS_MAX}
    left_out = {leave_out_field(slot): "1" for slot in Slot if given.get(leave_out_field(slot))}
    return InvalidInput(wrong) if wrong else {name: text for name, text in written.items() if text} | left_out


def leave_out_field(slot: Slot) -> str:
    """What says that staff sends no document of the shop's own here."""
    return f"leave_out_{slot}"


def leaves_out(written: Mapping[str, str], slot: Slot) -> bool:
    """Whether staff sends no document of the shop's own here."""
    return leave_out_field(slot) in written


def texts_in(written: Mapping[str, str]) -> dict[str, str]:
    """The texts of what staff wrote."""
    return {name: text for name, text in written.items() if name in WRITABLE}


def check_answerable(dispute: Dispute) -> VivrError | None:
    """Whether evidence may still be given for a dispute, or the dispute accepted."""
    if dispute.submissions:
        return Conflict("evidence_already_submitted", dispute=dispute.id)
    return None if dispute.state in NEEDS_RESPONSE else Conflict("dispute_not_open", dispute=dispute.id)


def sums_of(dispute: Dispute) -> tuple[int, int]:
    """What a dispute adds to its payment's disputed sum (held while it is open) and lost sum."""
    if dispute.is_reinstated or dispute.state == "lost":
        return 0, lost_of(dispute)
    holds = dispute.is_withdrawn or dispute.state not in _MOVES_NOTHING
    return (dispute.amount_minor if holds else 0), 0


def lost_of(dispute: Dispute) -> int:
    """What of a dispute is lost."""
    if dispute.is_reinstated:
        return dispute.kept_minor
    return dispute.amount_minor if dispute.state == "lost" else 0


def total_sums(disputes: Iterable[Dispute]) -> tuple[int, int]:
    """The disputed and lost sums of a payment with these disputes."""
    sums = [sums_of(dispute) for dispute in disputes]
    return sum(held for held, _ in sums), sum(lost for _, lost in sums)


def next_alert(state: str, due_at: datetime | None, now: datetime) -> datetime | None:
    """When staff is reminded next; None: nothing is awaited, or no reminder is left."""
    if state not in NEEDS_RESPONSE or due_at is None:
        return None
    times = [due_at - timedelta(days=days) for days in ALERT_DAYS]
    return min((at for at in times if at > now), default=None)


def days_left(due_at: datetime, now: datetime) -> int:
    """Whole days until the deadline, rounded up; 0: it passed."""
    return max(-((now - due_at) // timedelta(days=1)), 0)
