"""The kinds of dispute that test cards and the bank's controls open, and the evidence texts that decide them.

Source: Stripe docs, testing (2026-08-07).
"""

from dataclasses import dataclass

NETWORK_CODES = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6",
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
}
REASONS = (
    *NETWORK_CODES,
    "bank_cannot_process",
    "check_returned",
    "customer_initiated",
    "debit_not_authorized",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "unrecognized",
)
WINNING = "winning_evidence"
LOSING = "losing_evidence"
ESCALATING = "escalate_inquiry_evidence"


@dataclass(frozen=True)
class DisputeCase:
    """Why a payment is disputed; an inquiry moves no money, and `parts` share the amount with other disputes."""

    reason: str
    network_reason_code: str | None
    inquiry: bool = False
    parts: int = 1
    enhanced: str | None = None


FRAUDULENT = DisputeCase("fraudulent", "10.4")
NOT_RECEIVED = DisputeCase("product_not_received", "13.1")
INQUIRY = DisputeCase("fraudulent", "10", inquiry=True)
COMPELLING = DisputeCase("fraudulent", "10.4", enhanced="visa_compelling_evidence_3")
COMPLIANCE = DisputeCase("noncompliant", None, enhanced="visa_compliance")
HALVES = (DisputeCase("fraudulent", "10.4", parts=2), DisputeCase("product_not_received", "13.1", parts=2))
DEBIT = DisputeCase("debit_not_authorized", None)
