"""Confirming a PaymentIntent: 3-D Secure, authorisation, decline, and the charge and events of each.

    requires_payment_method -> requires_action (challenge) -> succeeded | requires_capture | requires_payment_method
                                                           -> requires_confirmation (confirmation_method manual)
    requires_payment_method -> processing (bank debit)     -> succeeded | requires_payment_method

Sequences as recorded from Stripe (docs/sandbox.md). Each function changes and saves the PaymentIntent in place.
"""

from dataclasses import dataclass

from stripe_sandbox.call import part
from stripe_sandbox.cards import Card, card_by_fingerprint
from stripe_sandbox.declines import (
    AUTHENTICATION_FAILED,
    AUTHENTICATION_FAILED_CODE,
    AUTHENTICATION_REQUIRED,
    GENERIC,
    Decline,
)
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import FILL_DELAY_S, book_charge
from stripe_sandbox.flows.bank import start_debit
from stripe_sandbox.flows.disputes import trouble_charge
from stripe_sandbox.flows.reviews import open_review
from stripe_sandbox.resources.charges import card_details, new_charge, outcome
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import DOCS_URL

AUTHORIZATION_S = 7 * 24 * 3600
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@dataclass(frozen=True)
class Confirming:
    """How a confirmation came: where the buyer returns to, whether he is there, and the host of the challenge page."""

    base_url: str
    return_url: str | None = None
    off_session: bool = False


def confirm_intent(work: Work, intent: Doc, method: Doc, how: Confirming) -> Doc | None:
    """Tries to take the payment; gives the error of a decline, None otherwise (read `intent["status"]`)."""
    proven = intent.pop("_proven_by", None) == method["id"]
    intent["payment_method"] = method["id"]
    intent["last_payment_error"] = None
    intent["next_action"] = None
    if method["type"] == "sepa_debit":
        start_debit(work, intent, method)
        return None
    card = card_by_fingerprint(method["card"]["fingerprint"])
    if proven:
        return _charge_card(work, intent, method, card, authentication=_challenged())
    requested = _card_options(intent).get("request_three_d_secure") in ("any", "challenge")
    unproven = card.three_d_secure == "required_until_set_up" and not method.get("_set_up")
    if how.off_session and (card.three_d_secure == "required" or unproven):
        return _charge_card(work, intent, method, card, refusal=AUTHENTICATION_REQUIRED)
    if card.three_d_secure == "error" or (card.three_d_secure == "on_request_error" and requested):
        return _charge_card(work, intent, method, card, refusal=GENERIC)
    if needs_challenge(card, requested=requested, off_session=how.off_session):
        _ask_for_challenge(work, intent, how)
        return None
    authentication = None
    if card.three_d_secure == "frictionless":
        authentication = _three_d_secure("frictionless", "authenticated", "05")
    elif requested and card.three_d_secure != "unsupported":
        authentication = _three_d_secure(None, "attempt_acknowledged", "06")
    return _charge_card(work, intent, method, card, authentication=authentication)


def finish_challenge(work: Work, intent: Doc, *, passed: bool) -> Doc | None:
    """The buyer passed or failed the challenge; gives the error of a failure or decline.

    With confirmation_method manual the shop confirms once more, and then the buyer is not asked again.
    """
    method = work.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if passed:
        card = card_by_fingerprint(method["card"]["fingerprint"])
        if later_use(intent) == "off_session":
            method["_set_up"] = True
            work.save(method)
        if intent["confirmation_method"] == "manual":
            intent.update(status="requires_confirmation", _proven_by=method["id"])
            work.save(intent)
            return None
        return _charge_card(work, intent, method, card, authentication=_challenged())
    error: Doc = {
        "code": AUTHENTICATION_FAILED_CODE,
        "doc_url": DOCS_URL + AUTHENTICATION_FAILED_CODE.replace("_", "-"),
        "message": AUTHENTICATION_FAILED[0],
        "payment_method": public(method),
        "payment_method_type": method["type"],
        "type": "invalid_request_error",
    }
    fail_intent(work, intent, error)
    return error


def fail_intent(work: Work, intent: Doc, error: Doc) -> None:
    """Sends a PaymentIntent back for another payment method, with the reason on it."""
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        last_payment_error=error,
        processing=None,
        next_action=None,
    )
    work.save(intent)
    emit(work, "payment_intent.payment_failed", intent)


def decline_error(decline: Decline, charge: Doc, method: Doc) -> Doc:
    """The error object of a declined charge, as `last_payment_error` and in a 402."""
    error: Doc = {
        "advice_code": decline.advice_code,
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": DOCS_URL + decline.code.replace("_", "-"),
        "message": decline.message,
        "network_decline_code": decline.network_decline_code,
        "payment_method": public(method),
        "payment_method_type": method["type"],
        "type": "card_error",
    }
    return {name: value for name, value in error.items() if value not in (None, "")}


def needs_challenge(card: Card, *, requested: bool, off_session: bool) -> bool:
    """Says whether the buyer must prove himself now."""
    if off_session:
        return False
    if card.three_d_secure in ("required", "required_on_session", "required_until_set_up"):
        return True
    return card.three_d_secure == "on_request" and requested


def _three_d_secure(flow: str | None, result: str, indicator: str) -> Doc:
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": indicator,
        "exemption_indicator": None,
        "result": result,
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }


def _challenged() -> Doc:
    return _three_d_secure("challenge", "authenticated", "05")


def next_action(intent: Doc, how: Confirming) -> Doc:
    """Where the challenge is, for a PaymentIntent or a SetupIntent."""
    url = f"{how.base_url}/c/authenticate/{intent['id']}"
    if how.return_url is not None:
        return {"redirect_to_url": {"return_url": how.return_url, "url": url}, "type": "redirect_to_url"}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"stripe_js": url, "type": "three_d_secure_redirect"},
    }


def _ask_for_challenge(work: Work, intent: Doc, how: Confirming) -> None:
    intent["next_action"] = next_action(intent, how)
    intent["_return_url"] = how.return_url
    intent["status"] = "requires_action"
    work.save(intent)
    emit(work, "payment_intent.requires_action", intent)


def _charge_card(
    work: Work,
    intent: Doc,
    method: Doc,
    card: Card,
    *,
    refusal: Decline | None = None,
    authentication: Doc | None = None,
) -> Doc | None:
    """Makes the charge; a refusal given by the caller comes before the card's own."""
    decline = refusal or card.decline
    approved = decline is None
    parts: Doc = {
        "outcome": outcome(decline, card.risk_level),
        "payment_method_details": card_details(intent, method, card, approved=approved, three_d_secure=authentication),
    }
    if decline is not None:
        parts |= {
            "captured": False,
            "failure_code": decline.code,
            "failure_message": decline.message,
            "status": "failed",
        }
        charge = new_charge(work, intent, method, prefix="ch", parts=parts)
        intent["latest_charge"] = charge["id"]
        emit(work, "charge.failed", charge)
        error = decline_error(decline, charge, method)
        fail_intent(work, intent, error)
        return error
    manual = "manual" in (intent["capture_method"], _card_options(intent).get("capture_method"))
    parts |= {
        "captured": not manual,
        "paid": True,
        "status": "succeeded",
        "amount_captured": 0 if manual else intent["amount"],
    }
    parts["receipt_url"] = f"https://pay.stripe.com/receipts/{intent['id']}"
    if manual:
        parts["payment_method_details"]["card"]["capture_before"] = work.now + AUTHORIZATION_S
    _keep_for_later(work, intent, method)
    charge = new_charge(work, intent, method, prefix="ch", parts=parts)
    intent["latest_charge"] = charge["id"]
    if manual:
        _hold_funds(work, intent, charge)
    else:
        _take_funds(work, intent, charge, card)
    if card.risk_level == "elevated":
        open_review(work, intent, charge)
    return None


def _card_options(intent: Doc) -> Doc:
    return part(part(intent, "payment_method_options"), "card")


def later_use(intent: Doc) -> str | None:
    """What the card is to be kept for, if anything."""
    usage: str | None = _card_options(intent).get("setup_future_usage", intent["setup_future_usage"])
    return None if usage == "none" else usage


def _keep_for_later(work: Work, intent: Doc, method: Doc) -> None:
    """A card that is to be used again belongs to the customer from its first approval on."""
    if later_use(intent) is not None and intent["customer"] is not None and method["customer"] is None:
        method["customer"] = intent["customer"]
        work.save(method)
        emit(work, "payment_method.attached", method)


def _hold_funds(work: Work, intent: Doc, charge: Doc) -> None:
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    work.save(intent)
    work.set_timer(AUTHORIZATION_S, "lapse_authorization", intent["id"])
    emit(work, "charge.succeeded", charge)
    emit(work, "payment_intent.amount_capturable_updated", intent)


def _take_funds(work: Work, intent: Doc, charge: Doc, card: Card) -> None:
    if intent["capture_method"] == "automatic":
        book_charge(work, charge)
    else:
        work.set_timer(FILL_DELAY_S, "fill_balance", charge["id"])
    intent.update(status="succeeded", amount_received=intent["amount"])
    work.save(intent)
    emit(work, "charge.succeeded", charge)
    trouble_charge(work, charge, card)
    emit(work, "payment_intent.succeeded", intent)
