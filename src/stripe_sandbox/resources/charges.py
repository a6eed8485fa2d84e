"""Charges: one per attempt to take a payment's money. Made by the flows, read by the API."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.cards import Card
from stripe_sandbox.declines import Decline
from stripe_sandbox.events import emit
from stripe_sandbox.ids import scramble, stem_of
from stripe_sandbox.resources.payment_methods import card_of
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata

SELLER_OK = "Payment complete."


def new_charge(work: Work, intent: Doc, method: Doc, *, prefix: str, parts: Doc) -> Doc:
    """Stores a charge of a PaymentIntent; `parts` says how the attempt went."""
    suffix = intent["statement_descriptor_suffix"]
    charge: Doc = {
        "id": work.mint(prefix, stem_of(intent["id"])),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": f"STRIPE* {suffix}" if suffix else "Stripe",
        "captured": True,
        "created": work.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "destination": None,
        "dispute": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "order": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": None,
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": suffix,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    return work.insert({**charge, **parts})


def outcome(decline: Decline | None, risk_level: str = "normal") -> Doc:
    """What bank and risk check said about an attempt."""
    score = {"normal": 25, "elevated": 70, "highest": 95}[risk_level]
    if decline is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": "elevated_risk_level" if risk_level == "elevated" else None,
            "risk_level": risk_level,
            "risk_score": score,
            "seller_message": SELLER_OK,
            "type": "manual_review" if risk_level == "elevated" else "authorized",
        }
    return {
        "advice_code": decline.advice_code,
        "network_advice_code": None,
        "network_decline_code": decline.network_decline_code or None,
        "network_status": decline.network_status,
        "reason": decline.reason,
        "risk_level": risk_level,
        "risk_score": score,
        "seller_message": decline.seller_message,
        "type": decline.type,
    }


def card_details(intent: Doc, method: Doc, card: Card, *, approved: bool, three_d_secure: Doc | None) -> Doc:
    """`payment_method_details` of a card charge."""
    shown = card_of(method)
    checks: dict[str, Any] = {**shown["checks"]}
    if checks["cvc_check"] == "unchecked":
        checks["cvc_check"] = "fail" if card.failing_check == "cvc" else "pass"
    details: Doc = {
        "amount_authorized": intent["amount"] if approved else None,
        "authorization_code": scramble("auth", intent["id"], method["id"], length=6).upper(),
        "brand": card.brand,
        "checks": checks,
        "country": card.country,
        "electronic_commerce_indicator": three_d_secure["electronic_commerce_indicator"] if three_d_secure else "07",
        "exp_month": shown["exp_month"],
        "exp_year": shown["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": str(int(scramble("ntid", intent["id"], method["id"], length=9).encode().hex(), 16))[
            :15
        ],
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": three_d_secure,
        "transaction_link_id": None,
        "wallet": None,
    }
    return {"card": details, "type": "card"}


def bank_details(method: Doc, mandate: str | None) -> Doc:
    """`payment_method_details` of a SEPA debit; a debit of the payment page names no mandate."""
    shown: Doc = method["sepa_debit"]
    details = {name: shown[name] for name in ("bank_code", "branch_code", "country", "fingerprint", "last4")}
    return {"sepa_debit": {**details, "mandate": mandate}, "type": "sepa_debit"}


def retrieve_charge(call: Call) -> Doc:
    """GET /v1/charges/{id}."""
    found = call.work.find("charge", call.path["id"])
    if found is None:
        raise missing_object("charge", call.path["id"], param="id")
    return public(found)


def list_charges(call: Call) -> Doc:
    """GET /v1/charges, by customer, payment_intent and created."""
    conditions = Conditions()
    conditions.equal("customer", call.params.get("customer"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "charge", "/v1/charges", call.params, noun="charge", conditions=conditions)


def update_charge(call: Call) -> Doc:
    """POST /v1/charges/{id}: what is noted about it, nothing of its money."""
    charge = call.work.find("charge", call.path["id"])
    if charge is None:
        raise missing_object("charge", call.path["id"], param="id")
    names = ("description", "receipt_email", "shipping", "transfer_group")
    changes: Doc = {name: call.params[name] for name in names if name in call.params}
    report: str | None = part(call.params, "fraud_details").get("user_report")
    if report is not None:
        changes["fraud_details"] = {"user_report": report} if report else {}
    changes["metadata"] = merge_metadata(charge["metadata"], call.params.get("metadata"))
    previous: Doc = {name: charge[name] for name, value in changes.items() if charge[name] != value}
    charge.update(changes)
    call.work.save(charge)
    if previous:
        emit(call.work, "charge.updated", charge, previous)
    return public(charge)
