"""Stripe's objects, reduced to what the shop reads. Unknown fields are ignored, missing ones are errors."""

from decimal import Decimal
from typing import Annotated

import msgspec

StripeId = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Account(msgspec.Struct, frozen=True):
    """The account that a key belongs to."""

    id: StripeId


class WebhookEndpoint(msgspec.Struct, frozen=True):
    """Where Stripe delivers events."""

    id: StripeId
    url: str
    status: str
    enabled_events: list[str]
    api_version: str | None = None
    metadata: dict[str, str] = {}


class StripeCustomer(msgspec.Struct, frozen=True):
    """A customer; a deleted one answers with ``deleted: true`` and status 200 (Stripe API reference)."""

    id: StripeId
    deleted: bool = False
    metadata: dict[str, str] = {}


class CardDetails(msgspec.Struct, frozen=True):
    """The harmless part of a card.

    Attributes:
        fingerprint: Stripe's word for the number, the same for the same one within an account.
        capture_before: the Unix time at which an authorisation lapses.
    """

    brand: str | None = None
    last4: str | None = None
    fingerprint: str | None = None
    capture_before: int | None = None


class SepaDetails(msgspec.Struct, frozen=True):
    """The harmless part of a SEPA account."""

    last4: str | None = None


class MethodDetails(msgspec.Struct, frozen=True):
    """How a charge was paid."""

    type: str
    card: CardDetails | None = None
    sepa_debit: SepaDetails | None = None


class ChargeOutcome(msgspec.Struct, frozen=True):
    """Why a charge ended as it did; of a decline ``reason`` is the bank's word."""

    reason: str | None = None


class Charge(msgspec.Struct, frozen=True):
    """One try to move money."""

    id: StripeId
    amount: int
    amount_captured: int
    currency: str
    status: str
    created: int = 0
    failure_code: str | None = None
    outcome: ChargeOutcome | None = None
    payment_intent: str | None = None
    payment_method_details: MethodDetails | None = None


class StripeRefund(msgspec.Struct, frozen=True):
    """Money on its way back; one that ``succeeded`` may still be ``failed`` weeks later (Stripe docs, refunds)."""

    id: StripeId
    amount: int
    currency: str
    status: str | None
    charge: str | None = None
    payment_intent: str | None = None
    reason: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class BalanceSource(msgspec.Struct, frozen=True):
    """What made a balance transaction: a charge, refund, dispute or payout; the first three name a PaymentIntent."""

    id: StripeId
    payment_intent: str | None = None


class BalanceTransaction(msgspec.Struct, frozen=True):
    """One movement of Stripe's balance, in the currency it is settled in; ``net`` is the amount less the fee.

    ``exchange_rate`` stands there only if the money came in another currency (Stripe API reference, balance).
    """

    id: StripeId
    type: str
    reporting_category: str
    amount: int
    fee: int
    net: int
    currency: str
    created: int
    exchange_rate: Decimal | None = None
    source: BalanceSource | str | None = None


class EvidenceDetails(msgspec.Struct, frozen=True):
    """Until when evidence is taken (Unix time), and how often some was sent to the bank."""

    due_by: int | None
    submission_count: int


class StripeDispute(msgspec.Struct, frozen=True):
    """A disputed charge; ``amount`` is in the charge's currency."""

    id: StripeId
    amount: int
    currency: str
    status: str
    reason: str
    charge: str
    created: int
    evidence_details: EvidenceDetails
    payment_intent: str | None = None
    balance_transactions: list[BalanceTransaction] = []
    metadata: dict[str, str] = {}


class UploadedFile(msgspec.Struct, frozen=True):
    """A file that was uploaded; its name is the one that it was uploaded under."""

    id: StripeId
    filename: str | None = None


class TriedMethod(msgspec.Struct, frozen=True):
    """The payment method of a try."""

    id: StripeId


class FraudWarning(msgspec.Struct, frozen=True):
    """The issuer suspects fraud; ``actionable`` until the charge is disputed or wholly refunded."""

    id: StripeId
    actionable: bool
    fraud_type: str
    payment_intent: str | None = None


class Review(msgspec.Struct, frozen=True):
    """Radar lets a person look at a payment; ``closed_reason`` is ``approved`` where all is well."""

    id: StripeId
    open: bool
    reason: str
    closed_reason: str | None = None
    payment_intent: str | None = None


class PaymentError(msgspec.Struct, frozen=True):
    """Why the last try failed; ``charge`` is its charge, if the bank was asked at all."""

    type: str
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None
    charge: str | None = None
    payment_method: TriedMethod | None = None


class PaymentIntent(msgspec.Struct, frozen=True):
    """Stripe's word on a payment; ``status`` is the only judge."""

    id: StripeId
    status: str
    amount: int
    amount_received: int
    currency: str
    livemode: bool
    customer: str | None = None
    metadata: dict[str, str] = {}
    latest_charge: Charge | str | None = None
    last_payment_error: PaymentError | None = None
    cancellation_reason: str | None = None
    client_secret: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A Checkout Session with its PaymentIntent, if it has one by now."""

    id: StripeId
    status: str | None
    payment_status: str
    amount_total: int | None
    currency: str | None
    livemode: bool
    expires_at: int
    customer: str | None = None
    url: str | None = None
    metadata: dict[str, str] | None = None
    payment_intent: PaymentIntent | str | None = None


class Payout(msgspec.Struct, frozen=True):
    """Money on its way to the bank; one that was ``paid`` may still be ``failed`` (Stripe docs, payouts)."""

    id: StripeId
    amount: int
    currency: str
    status: str
    automatic: bool
    arrival_date: int
    created: int
    reconciliation_status: str
    failure_code: str | None = None
