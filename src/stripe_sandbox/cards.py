"""Stripe's test cards and what each of them does; a number is recognised and never stored.

Source: Stripe docs, testing (2026-08-07).
"""

from dataclasses import dataclass
from typing import Literal

from stripe_sandbox import declines, dispute_cases
from stripe_sandbox.declines import Decline
from stripe_sandbox.dispute_cases import DisputeCase
from stripe_sandbox.ids import scramble

# How 3-D Secure goes: `on_request` only if the merchant asks for it, `error` when its look-up fails,
# `required_on_session` when the card counts as set up for payments without the buyer, `required_until_set_up` when it
# must have passed a challenge for that.
ThreeDSecure = Literal[
    "unsupported",
    "unenrolled",
    "on_request",
    "on_request_error",
    "frictionless",
    "required",
    "required_on_session",
    "required_until_set_up",
    "error",
]
# How a refund on it goes: at once, `pending` before it succeeds, or succeeded before it is `failing`.
RefundManner = Literal["prompt", "pending", "failing"]


@dataclass(frozen=True)
class Card:
    """One test card: how it looks, and how a charge on it goes."""

    number: str
    stem: str | None
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    three_d_secure: ThreeDSecure = "unenrolled"
    decline: Decline | None = None
    risk_level: str = "normal"
    failing_check: str | None = None
    refund: RefundManner = "prompt"
    disputes: tuple[DisputeCase, ...] = ()
    fraud_warning: bool = False

    @property
    def last4(self) -> str:
        """The four digits that may be shown."""
        return self.number[-4:]

    @property
    def funds_at_once(self) -> bool:
        """Says whether what it pays is available without the usual wait."""
        return self.stem in ("card_bypassPending", "card_bypassPendingInternational")

    @property
    def attachable(self) -> bool:
        """Says whether a customer can keep it: one that always declines cannot be kept, except the one made for it."""
        plain = self.decline is not None and self.decline.type == "issuer_declined"
        return not plain or self.three_d_secure != "unenrolled" or self.stem == "card_chargeCustomerFail"

    @property
    def cvc_length(self) -> int:
        """Digits of the security code."""
        return 4 if self.brand == "amex" else 3

    @property
    def fingerprint(self) -> str:
        """The same for the same number, and not the number."""
        return scramble("fingerprint", self.number, length=16)


CARDS = (
    Card("4242424242424242", "card_visa"),
    Card("4000056655665556", "card_visa_debit", funding="debit"),
    Card("5555555555554444", "card_mastercard", "mastercard"),
    Card("5200828282828210", "card_mastercard_debit", "mastercard", funding="debit"),
    Card("5105105105105100", "card_mastercard_prepaid", "mastercard", funding="prepaid"),
    Card("378282246310005", "card_amex", "amex", three_d_secure="unsupported"),
    Card("6011111111111117", "card_discover", "discover"),
    Card("3056930009020004", "card_diners", "diners"),
    Card("3566002020360505", "card_jcb", "jcb", "JP"),
    Card("6200000000000005", "card_unionpay", "unionpay", "CN"),
    Card("4000002760000016", "card_de", country="DE"),
    Card("4000002500000003", "card_fr", country="FR"),
    Card("4000008260000000", "card_gb", country="GB"),
    Card("4000000400000008", "card_at", country="AT"),
    Card("4000000000000077", "card_bypassPending"),
    Card("4000003720000278", "card_bypassPendingInternational", country="IE"),
    Card("4000000000000002", "card_visa_chargeDeclined", decline=declines.GENERIC),
    Card("4000000000009995", "card_visa_chargeDeclinedInsufficientFunds", decline=declines.INSUFFICIENT_FUNDS),
    Card("4000000000009987", "card_visa_chargeDeclinedLostCard", decline=declines.LOST),
    Card("4000000000009979", "card_visa_chargeDeclinedStolenCard", decline=declines.STOLEN),
    Card("4000000000000069", "card_chargeDeclinedExpiredCard", decline=declines.EXPIRED),
    Card("4000000000000127", "card_chargeDeclinedIncorrectCvc", decline=declines.INCORRECT_CVC, failing_check="cvc"),
    Card("4000000000000119", "card_chargeDeclinedProcessingError", decline=declines.PROCESSING_ERROR),
    Card("4000000000006975", "card_visa_chargeDeclinedVelocityLimitExceeded", decline=declines.VELOCITY),
    Card("4000000000000341", "card_chargeCustomerFail", decline=declines.GENERIC),
    Card("4100000000000019", "card_radarBlock", decline=declines.RADAR_BLOCK, risk_level="highest"),
    Card("4000000000004954", "card_riskLevelHighest", decline=declines.RADAR_BLOCK, risk_level="highest"),
    Card("4000000000009235", "card_riskLevelElevated", risk_level="elevated"),
    Card("4000000000000101", "card_cvcCheckFail", failing_check="cvc"),
    Card("4000000000000036", "card_avsZipFail", failing_check="postal_code"),
    Card("4000000000000028", "card_avsLine1Fail", failing_check="line1"),
    Card("4000000000000010", "card_avsFail", failing_check="avs"),
    Card("4000000000000044", "card_avsUnchecked"),
    Card("4000000000000259", "card_createDispute", disputes=(dispute_cases.FRAUDULENT,)),
    Card("4000000000002685", "card_createDisputeProductNotReceived", disputes=(dispute_cases.NOT_RECEIVED,)),
    Card("4000000000001976", "card_createDisputeInquiry", disputes=(dispute_cases.INQUIRY,)),
    Card("4000000000005423", "card_createIssuerFraudRecord", fraud_warning=True),
    Card("4000000404000079", "card_createMultipleDisputes", disputes=dispute_cases.HALVES),
    Card("4000000404000038", "card_createCe3EligibleDispute", disputes=(dispute_cases.COMPELLING,)),
    Card("4000008400000779", "card_createComplianceDispute", disputes=(dispute_cases.COMPLIANCE,)),
    Card("4000000000007726", "card_pendingRefund", refund="pending"),
    Card("4000000000005126", "card_refundFail", refund="failing"),
    Card("4000002500003155", "card_authenticationRequiredOnSetup", three_d_secure="required_until_set_up"),
    Card("4000002760003184", "card_authenticationRequired", three_d_secure="required"),
    Card("4000003800000446", "card_authenticationRequiredSetupForOffSession", three_d_secure="required_on_session"),
    Card(
        "4000008260003178",
        "card_authenticationRequiredChargeDeclinedInsufficientFunds",
        three_d_secure="required",
        decline=declines.INSUFFICIENT_FUNDS,
    ),
    Card("4000000000003220", "card_threeDSecure2Required", country="IE", three_d_secure="required"),
    Card(
        "4000008400001629",
        "card_threeDSecureRequiredChargeDeclined",
        three_d_secure="required",
        decline=declines.GENERIC,
    ),
    Card(
        "4000008400001280", "card_threeDSecureRequiredProcessingError", three_d_secure="error", decline=declines.GENERIC
    ),
    Card("4000000000003055", "card_threeDSecureOptional", three_d_secure="on_request"),
    Card("4000000000003097", "card_threeDSecureOptionalProcessingError", three_d_secure="on_request_error"),
    Card("4000000032200000", None, three_d_secure="frictionless"),
)

_BY_NUMBER = {card.number: card for card in CARDS}
_BY_STEM = {card.stem: card for card in CARDS if card.stem is not None}
_BY_STEM["card_chargeDeclined"] = _BY_NUMBER["4000000000000002"]
_BY_STEM["card_chargeDeclinedInsufficientFunds"] = _BY_NUMBER["4000000000009995"]


_BY_FINGERPRINT = {card.fingerprint: card for card in CARDS}


def card_by_fingerprint(fingerprint: str) -> Card:
    """The test card of a stored payment method, which holds no number."""
    return _BY_FINGERPRINT[fingerprint]


def card_by_number(number: str) -> Card | None:
    """The test card with this number (digits only)."""
    return _BY_NUMBER.get(number)


def card_by_name(name: str) -> Card | None:
    """The test card behind `pm_card_visa` or `tok_visa`."""
    prefix, _, rest = name.partition("_")
    if prefix == "pm":
        return _BY_STEM.get(rest)
    return _BY_STEM.get("card_" + rest) if prefix == "tok" else None


def passes_luhn(number: str) -> bool:
    """The check digit of a card number (ISO/IEC 7812)."""
    total = 0
    for index, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the digits of a two-digit product are added
    return total % 10 == 0
