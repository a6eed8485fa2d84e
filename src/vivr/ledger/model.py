"""What a movement of money means in double entry: pure postings, debit positive, credit negative.

A capture is posted in the charge's currency when it is seen, against ``fx_clearing``; its balance transaction follows
in the settlement currency when it exists, and meets it there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vivr.money import Money


class LedgerAccount(StrEnum):
    """The accounts of the shop's ledger; ``MEANINGS`` says what each holds."""

    STRIPE_BALANCE = "stripe_balance"
    FX_CLEARING = "fx_clearing"
    PAYOUTS_IN_TRANSIT = "payouts_in_transit"
    BANK = "bank"
    SALES = "sales"
    SHIPPING_SALES = "shipping_sales"
    VAT_PAYABLE = "vat_payable"
    HELD = "held_for_customers"
    STRIPE_FEES = "stripe_fees"
    FEES_KEPT = "fees_kept_on_refunds"
    DISPUTED_FUNDS = "disputed_funds"
    DISPUTE_LOSSES = "dispute_losses"
    DISPUTE_FEES = "dispute_fees"


MEANINGS: Final[Mapping[LedgerAccount, str]] = {
    LedgerAccount.STRIPE_BALANCE: "What lies at Stripe, in the currency it is settled in.",
    LedgerAccount.FX_CLEARING: "Money seen before its balance transaction came, and what exchanging brought or cost.",
    LedgerAccount.PAYOUTS_IN_TRANSIT: "Money that left Stripe's balance and has not arrived at the bank.",
    LedgerAccount.BANK: "Money that Stripe paid out.",
    LedgerAccount.SALES: "Goods sold, without VAT.",
    LedgerAccount.SHIPPING_SALES: "Shipping sold, without VAT.",
    LedgerAccount.VAT_PAYABLE: "VAT that is owed for what was sold.",
    LedgerAccount.HELD: "Captured money that does not fit an order, owed to whoever paid it.",
    LedgerAccount.STRIPE_FEES: "What Stripe took for its work.",
    LedgerAccount.FEES_KEPT: "The part of those fees that Stripe kept although the money went back.",
    LedgerAccount.DISPUTED_FUNDS: "Money that a bank took back and that is still argued about.",
    LedgerAccount.DISPUTE_LOSSES: "Money of sales that was lost to disputes.",
    LedgerAccount.DISPUTE_FEES: "What Stripe took for disputes; a won one does not bring it back.",
}
"""What each account holds; debit is positive."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry; debit is positive, credit negative."""

    account: LedgerAccount
    money: Money


@dataclass(frozen=True, slots=True)
class SoldLine:
    """What one order line adds to the books."""

    is_shipping: bool
    net: Money
    tax: Money


def sale_postings(captured: Money, lines: Iterable[SoldLine]) -> list[Posting]:
    """A captured payment that settles an order: sales and VAT against the clearing account."""
    zero = Money(0, captured.currency)
    sales, shipping, vat = zero, zero, zero
    for line in lines:
        vat += line.tax
        if line.is_shipping:
            shipping += line.net
        else:
            sales += line.net
    postings = [
        Posting(LedgerAccount.FX_CLEARING, captured),
        Posting(LedgerAccount.SALES, -sales),
        Posting(LedgerAccount.SHIPPING_SALES, -shipping),
        Posting(LedgerAccount.VAT_PAYABLE, -vat),
    ]
    return _without_zeros(postings)


def held_postings(captured: Money) -> list[Posting]:
    """A captured payment that does not fit: the money is owed to somebody until the exception is resolved."""
    return _without_zeros([Posting(LedgerAccount.FX_CLEARING, captured), Posting(LedgerAccount.HELD, -captured)])


def acceptance_postings(held: Money, lines: Sequence[SoldLine]) -> list[Posting]:
    """Held money that settles an order by staff's decision: what was owed becomes sales and VAT."""
    return [
        Posting(LedgerAccount.HELD if posting.account == LedgerAccount.FX_CLEARING else posting.account, posting.money)
        for posting in sale_postings(held, lines)
    ]


def refund_postings(refunded: Money, lines: Sequence[SoldLine]) -> list[Posting]:
    """Money given back: what its lines brought leaves sales and VAT, or what was held; the mirror of the capture."""
    brought = sale_postings(refunded, lines) if lines else held_postings(refunded)
    return [Posting(posting.account, -posting.money) for posting in brought]


def refund_failure_postings(refunded: Money, lines: Sequence[SoldLine]) -> list[Posting]:
    """A refund that failed or was canceled: its money is back, as the capture had brought it."""
    return sale_postings(refunded, lines) if lines else held_postings(refunded)


def dispute_postings(disputed: Money) -> list[Posting]:
    """A bank took a disputed sum: it is the shop's until the dispute is decided."""
    return [Posting(LedgerAccount.DISPUTED_FUNDS, disputed), Posting(LedgerAccount.FX_CLEARING, -disputed)]


def dispute_reversal_postings(disputed: Money) -> list[Posting]:
    """The bank gave it back."""
    return [Posting(posting.account, -posting.money) for posting in dispute_postings(disputed)]


def dispute_loss_postings(lost: Money, owed: Money) -> list[Posting]:
    """A dispute was lost; what of it was owed to the customer anyway (money held as an exception) is no loss."""
    return _without_zeros(
        [
            Posting(LedgerAccount.DISPUTE_LOSSES, lost - owed),
            Posting(LedgerAccount.HELD, owed),
            Posting(LedgerAccount.DISPUTED_FUNDS, -lost),
        ]
    )


def dispute_loss_reversal_postings(lost: Money, owed: Money) -> list[Posting]:
    """A lost dispute turned: the loss is none."""
    return [Posting(posting.account, -posting.money) for posting in dispute_loss_postings(lost, owed)]


def balance_postings(
    amount: Money, fee: Money, *, against: LedgerAccount, fees: LedgerAccount, kept: Money
) -> list[Posting]:
    """A balance transaction, in the currency it is settled in.

    Args:
        amount: what moved, before fees; negative when it left.
        fee: what Stripe took of it.
        against: where it came from or went to: ``fx_clearing`` for what was posted in the charge's currency before.
        fees: the account of the fee.
        kept: the part of earlier fees that Stripe keeps although this gives the money back; negative when it failed.
    """
    return _without_zeros(
        [
            Posting(LedgerAccount.STRIPE_BALANCE, amount - fee),
            Posting(fees, fee),
            Posting(against, -amount),
            Posting(LedgerAccount.STRIPE_FEES, -kept),
            Posting(LedgerAccount.FEES_KEPT, kept),
        ]
    )


def payout_postings(amount: Money) -> list[Posting]:
    """A payout that arrived at the bank; one that came back is the mirror."""
    return _without_zeros([Posting(LedgerAccount.BANK, amount), Posting(LedgerAccount.PAYOUTS_IN_TRANSIT, -amount)])


def is_balanced(postings: Sequence[Posting]) -> bool:
    """Whether the postings sum to zero in every currency."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.money.currency] = sums.get(posting.money.currency, 0) + posting.money.amount_minor
    return all(total == 0 for total in sums.values())


def _without_zeros(postings: Iterable[Posting]) -> list[Posting]:
    return [posting for posting in postings if not posting.money.is_zero]
