"""Which payment methods belong to a customer: attached once, detached for good."""

from stripe_sandbox.cards import card_by_fingerprint
from stripe_sandbox.events import emit
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.errors import DOCS_URL, declined, refused

SPENT = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use "
    "a PaymentMethod multiple times, you must attach it to a Customer first."
)


def attach(work: Work, method: Doc, customer: Doc) -> Doc:
    """Gives a payment method to a customer; a card that declines is refused with 402."""
    if method.get("_spent"):
        raise refused(SPENT, code="payment_method_unexpected_state")
    if method["customer"] not in (None, customer["id"]):
        raise refused("The payment method you provided has already been attached to a customer.")
    _refuse_declining(method)
    if method["customer"] is None:
        method["customer"] = customer["id"]
        work.save(method)
        emit(work, "payment_method.attached", method)
    return method


def detach(work: Work, method: Doc) -> None:
    """Takes a payment method from its customer; it cannot be used again."""
    before: str = method["customer"]
    method.update(customer=None, _spent=True)
    work.save(method)
    emit(work, "payment_method.detached", method, {"customer": before})


def _refuse_declining(method: Doc) -> None:
    card = card_by_fingerprint(method["card"]["fingerprint"]) if method["type"] == "card" else None
    if card is None or card.attachable or card.decline is None:
        return
    decline = card.decline
    error: Doc = {
        "code": decline.code,
        "doc_url": DOCS_URL + decline.code.replace("_", "-"),
        "message": decline.message,
        "type": "card_error",
    }
    raise declined({**error, "decline_code": decline.decline_code} if decline.decline_code else error)
