"""The shape of a dispute and of its evidence."""

from stripe_sandbox.dispute_cases import DisputeCase
from stripe_sandbox.state.work import Doc, Work

DAY_S = 24 * 3600
DAYS_TO_ANSWER = 8
EVIDENCE_FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
EVIDENCE_TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)


def due_by(now: int) -> int:
    """The last second of the eighth day from now, in UTC."""
    return (now // DAY_S + DAYS_TO_ANSWER + 1) * DAY_S - 1


def new_dispute(work: Work, charge: Doc, case: DisputeCase, amount: int) -> Doc:
    """Stores a dispute that needs an answer."""
    billing: Doc = charge["billing_details"]
    evidence: Doc = dict.fromkeys((*EVIDENCE_TEXTS, *EVIDENCE_FILES))
    # Stripe fills in what it knows of the buyer.
    evidence.update(customer_email_address=billing["email"], customer_name=billing["name"], enhanced_evidence={})
    dispute: Doc = {
        "id": work.mint("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transaction": None,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [case.enhanced] if case.enhanced else [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": due_by(work.now),
            "enhanced_eligibility": _enhanced_eligibility(case),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": case.inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": case.reason,
        "status": "warning_needs_response" if case.inquiry else "needs_response",
    }
    details: Doc = charge["payment_method_details"]
    if details["type"] == "card":
        card = {
            "brand": details["card"]["brand"],
            "case_type": "inquiry" if case.inquiry else "compliance" if case.reason == "noncompliant" else "chargeback",
            "network": details["card"]["network"],
            "network_reason_code": case.network_reason_code,
        }
        dispute["payment_method_details"] = {"card": card, "type": "card"}
    return work.insert(dispute)


def _enhanced_eligibility(case: DisputeCase) -> Doc:
    if case.enhanced == "visa_compelling_evidence_3":
        return {
            case.enhanced: {"required_actions": ["missing_prior_undisputed_transactions"], "status": "not_qualified"}
        }
    if case.enhanced == "visa_compliance":
        return {case.enhanced: {"status": "requires_fee_acknowledgement"}}
    return {}
