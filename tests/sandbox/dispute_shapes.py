"""The key sets of disputes, early fraud warnings, reviews and files, as in Stripe's test mode."""

from sandbox.checkout_shapes import BALANCE_TRANSACTION
from sandbox.shapes import Table

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)

DISPUTE: Table = {
    "id": "str",
    "object": "str",
    "amount": "int",
    "balance_transaction": "str|null",
    "balance_transactions": "list",
    "charge": "str",
    "created": "int",
    "currency": "str",
    "enhanced_eligibility_types": "list",
    "evidence": {**dict.fromkeys(_EVIDENCE.split(), "str|null"), "enhanced_evidence": "dict"},
    "evidence_details": {
        "due_by": "int",
        "enhanced_eligibility": "dict",
        "has_evidence": "bool",
        "past_due": "bool",
        "submission_count": "int",
    },
    "is_charge_refundable": "bool",
    "livemode": "bool",
    "metadata": "dict",
    "payment_intent": "str",
    "payment_method_details": {
        "card": {
            "brand": "str",
            "case_type": "str",
            "network": "str",
            "network_reason_code": "str|null",
        },
        "type": "str",
    },
    "reason": "str",
    "status": "str",
}

DISPUTE_MOVEMENT: Table = {**BALANCE_TRANSACTION, "description": "str"}

WARNING: Table = {
    "id": "str",
    "object": "str",
    "actionable": "bool",
    "charge": "str",
    "created": "int",
    "fraud_type": "str",
    "livemode": "bool",
    "payment_intent": "str",
}

REVIEW: Table = {
    "id": "str",
    "object": "str",
    "billing_zip": "str|null",
    "charge": "str",
    "closed_reason": "str|null",
    "created": "int",
    "ip_address": "any",
    "ip_address_location": "any",
    "livemode": "bool",
    "open": "bool",
    "opened_reason": "str",
    "payment_intent": "str",
    "reason": "str",
    "session": "any",
}

FILE: Table = {
    "id": "str",
    "object": "str",
    "created": "int",
    "expires_at": "any",
    "filename": "str",
    "links": "dict",
    "purpose": "str",
    "size": "int",
    "title": "any",
    "type": "str",
    "url": "str",
}
