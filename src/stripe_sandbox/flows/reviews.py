"""Reviews: a payment that Radar lets a person look at. Its money is taken meanwhile, unless capture is manual."""

from stripe_sandbox.events import emit
from stripe_sandbox.state.work import Doc, Work


def open_review(work: Work, intent: Doc, charge: Doc) -> Doc:
    """Stores a review of a payment of elevated risk and says so."""
    review = work.insert(
        {
            "id": work.mint("prv"),
            "object": "review",
            "billing_zip": charge["billing_details"]["address"]["postal_code"],
            "charge": charge["id"],
            "closed_reason": None,
            "created": work.now,
            "ip_address": None,
            "ip_address_location": None,
            "livemode": False,
            "open": True,
            "opened_reason": "rule",
            "payment_intent": intent["id"],
            "reason": "rule",
            "session": None,
        }
    )
    charge["review"] = intent["review"] = review["id"]
    work.save(charge)
    work.save(intent)
    emit(work, "review.opened", review)
    return review


def close_review(work: Work, charge: Doc, reason: str) -> None:
    """Closes the open review of a charge, where there is one."""
    review = work.find("review", charge["review"] or "")
    if review is None or not review["open"]:
        return
    review.update(open=False, reason=reason, closed_reason=reason)
    work.save(review)
    emit(work, "review.closed", review)
