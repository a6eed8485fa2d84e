"""What a movement of Stripe's balance is in our books, and how a payout moves on. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from vivr.ledger.model import LedgerAccount
from vivr.money import Money, round_half_up

PATIENCE: Final = timedelta(hours=1)
"""How long a movement may be known on one side alone: after that it is looked for, and then alerted."""

KINDS: Final = ("capture", "refund", "refund_failure", "dispute", "dispute_reversal")
"""The entries in a charge's currency that a balance transaction follows."""

_COUNTERPARTS: Final = {
    ("charge", "charge"): "capture",
    ("payment", "charge"): "capture",
    ("refund", "refund"): "refund",
    ("payment_refund", "refund"): "refund",
    ("refund_failure", "refund_failure"): "refund_failure",
    ("adjustment", "dispute"): "dispute",
    ("adjustment", "dispute_reversal"): "dispute_reversal",
}
"""Type and reporting category of a balance transaction -> the kind of entry it follows (Stripe docs, balance types)."""

_OF_THE_ACCOUNT: Final = {
    "payout": LedgerAccount.PAYOUTS_IN_TRANSIT,
    "payout_failure": LedgerAccount.PAYOUTS_IN_TRANSIT,
    "payout_cancel": LedgerAccount.PAYOUTS_IN_TRANSIT,
    "stripe_fee": LedgerAccount.STRIPE_FEES,
    "stripe_fx_fee": LedgerAccount.STRIPE_FEES,
    "tax_fee": LedgerAccount.STRIPE_FEES,
}
"""Movements of the whole account -> where the money went."""


class MovementState(StrEnum):
    """Where a movement of the balance stands in our books."""

    WAITING = "waiting"
    POSTED = "posted"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Movement:
    """One balance transaction as it is stored.

    Attributes:
        counterpart: the kind of entry it follows; None: it moves the whole account's money.
        reason: why it is foreign, or why it waits.
    """

    account: str
    livemode: bool
    id: str
    type: str
    reporting_category: str
    source_id: str | None
    intent_id: str | None
    counterpart: str | None
    currency: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    exchange_rate: Decimal | None
    payout_id: str | None
    state: MovementState
    reason: str | None
    created_at: datetime
    seen_at: datetime
    ask_at: datetime

    @property
    def amount(self) -> Money:
        """What moved, before fees."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What Stripe took of it."""
        return Money(self.fee_minor, self.currency)

    @property
    def against(self) -> LedgerAccount:
        """Where the money came from or went to."""
        return LedgerAccount.FX_CLEARING if self.counterpart else _OF_THE_ACCOUNT[self.type]

    @property
    def fees(self) -> LedgerAccount:
        """The account of its fee."""
        is_dispute = self.counterpart in {"dispute", "dispute_reversal"}
        return LedgerAccount.DISPUTE_FEES if is_dispute else LedgerAccount.STRIPE_FEES


def counterpart_of(kind: str, reporting_category: str) -> str | None:
    """The kind of entry that a balance transaction follows; None: none of ours."""
    return _COUNTERPARTS.get((kind, reporting_category))


def foreign_reason(kind: str, reporting_category: str, intent_id: str | None) -> str | None:
    """Why a balance transaction can't be this shop's; None: it is the account's, or may be the shop's."""
    if kind in _OF_THE_ACCOUNT:
        return None
    if counterpart_of(kind, reporting_category) is None:
        return f"No movement of this shop makes a balance transaction of type {kind} ({reporting_category})."
    if intent_id is None:
        return "It belongs to no PaymentIntent, and so to none of this shop's."
    return None


def fee_kept(fee_minor: int, charge_minor: int, back_minor: int) -> int:
    """The part of a charge's fee that Stripe keeps although that much went back, in minor units; all of it at the end.

    Args:
        fee_minor: the fee of the charge.
        charge_minor: what the charge brought, before the fee; 0 while its balance transaction has not come.
        back_minor: what has gone back of it. With another exchange rate that may be more than came.
    """
    if charge_minor <= 0:
        return 0
    return round_half_up(fee_minor * min(max(back_minor, 0), charge_minor), charge_minor)


class PayoutState(StrEnum):
    """Where a payout stands, in Stripe's words."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


PAYOUT_BEFORE: Final[dict[PayoutState, tuple[PayoutState, ...]]] = {
    PayoutState.PENDING: (),
    PayoutState.IN_TRANSIT: (PayoutState.PENDING,),
    PayoutState.PAID: (PayoutState.PENDING, PayoutState.IN_TRANSIT),
    PayoutState.FAILED: (PayoutState.PENDING, PayoutState.IN_TRANSIT, PayoutState.PAID),
    PayoutState.CANCELED: (PayoutState.PENDING, PayoutState.IN_TRANSIT),
}
"""State -> those from which it is reached: an old word changes nothing."""


@dataclass(frozen=True, slots=True)
class StoredPayout:
    """A payout as it is stored."""

    account: str
    livemode: bool
    id: str
    amount_minor: int
    currency: str
    automatic: bool
    state: PayoutState
    failure_code: str | None
    arrival_at: datetime
    created_at: datetime
    updated_at: datetime
    reconciled_at: datetime | None
