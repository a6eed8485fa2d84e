"""Recovery of an expired Checkout Session: its address opens a copy, for thirty days (Stripe docs, abandoned carts)."""

from stripe_sandbox.call import part
from stripe_sandbox.resources.checkout_shape import new_session
from stripe_sandbox.state.work import Doc, Work


def recover_session(work: Work, session: Doc, base_url: str) -> Doc | None:
    """A new open session like the expired one; None where it cannot be recovered.

    Raises StripeError where what it names is gone meanwhile.
    """
    recovery = part(part(session, "after_expiration"), "recovery")
    until: int | None = recovery.get("expires_at")
    if session["status"] != "expired" or until is None or until <= work.now:
        return None
    wish: Doc = {name: value for name, value in session["_wish"].items() if name not in ("expires_at", "expand")}
    if recovery["allow_promotion_codes"]:
        wish.pop("discounts", None)
        wish["allow_promotion_codes"] = True
    customer = work.find("customer", wish.get("customer") or "")
    copy = new_session(work, wish, base_url, None if customer is None or customer.get("deleted") else customer)
    copy["recovered_from"] = session["id"]
    return work.save(copy)
