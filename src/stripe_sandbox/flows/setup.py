"""Setting up a payment method for later, without money.

    requires_payment_method -> requires_action (challenge) -> succeeded | requires_payment_method
    requires_payment_method -> succeeded | requires_payment_method (declined)

A method that is set up belongs to the SetupIntent's customer.
"""

from stripe_sandbox.cards import card_by_fingerprint
from stripe_sandbox.declines import (
    AUTHENTICATION_FAILED,
    SETUP_AUTHENTICATION_FAILED_CODE,
    Decline,
)
from stripe_sandbox.events import emit
from stripe_sandbox.flows.confirmation import Confirming, needs_challenge, next_action
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import DOCS_URL


def confirm_setup(work: Work, setup: Doc, method: Doc, how: Confirming) -> Doc | None:
    """Tries to set up the method; gives the error of a decline, None otherwise (read `setup["status"]`)."""
    setup.update(payment_method=method["id"], last_setup_error=None, next_action=None)
    if method["type"] == "card":
        card = card_by_fingerprint(method["card"]["fingerprint"])
        requested = setup["payment_method_options"].get("card", {}).get("request_three_d_secure") in (
            "any",
            "challenge",
        )
        if card.decline is not None and not card.attachable:
            return _fail(work, setup, _declined(card.decline, method))
        if needs_challenge(card, requested=requested, off_session=False):
            setup.update(status="requires_action", next_action=next_action(setup, how), _return_url=how.return_url)
            work.save(setup)
            emit(work, "setup_intent.requires_action", setup)
            return None
    _succeed(work, setup, method)
    return None


def finish_setup_challenge(work: Work, setup: Doc, *, passed: bool) -> Doc | None:
    """The buyer passed or failed the challenge; gives the error of a failure."""
    method = work.get("payment_method", setup["payment_method"])
    if passed:
        method["_set_up"] = True
        work.save(method)
        _succeed(work, setup, method)
        return None
    error: Doc = {
        "code": SETUP_AUTHENTICATION_FAILED_CODE,
        "doc_url": DOCS_URL + SETUP_AUTHENTICATION_FAILED_CODE.replace("_", "-"),
        "message": AUTHENTICATION_FAILED[0],
        "payment_method": public(method),
        "payment_method_type": method["type"],
        "type": "invalid_request_error",
    }
    return _fail(work, setup, error)


def cancel_setup(work: Work, setup: Doc, reason: str | None) -> None:
    """Ends a SetupIntent that did not succeed."""
    setup.update(status="canceled", cancellation_reason=reason, next_action=None)
    work.save(setup)
    emit(work, "setup_intent.canceled", setup)


def _succeed(work: Work, setup: Doc, method: Doc) -> None:
    setup.update(status="succeeded", next_action=None)
    work.save(setup)
    if setup["customer"] is not None and method["customer"] is None:
        method["customer"] = setup["customer"]
        work.save(method)
        emit(work, "payment_method.attached", method)
    emit(work, "setup_intent.succeeded", setup)


def _fail(work: Work, setup: Doc, error: Doc) -> Doc:
    setup.update(status="requires_payment_method", payment_method=None, last_setup_error=error, next_action=None)
    work.save(setup)
    emit(work, "setup_intent.setup_failed", setup)
    return error


def _declined(decline: Decline, method: Doc) -> Doc:
    error: Doc = {
        "advice_code": decline.advice_code,
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
