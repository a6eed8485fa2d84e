"""What an object shows only when `expand[]` asks for it, and is not an object that one of its fields names."""

from stripe_sandbox.flows.totals import breakdown, shown_discounts, shown_taxes
from stripe_sandbox.resources.checkout_sessions import included_line_items
from stripe_sandbox.resources.refunds import included_refunds
from stripe_sandbox.state.work import Doc, Work


def included(work: Work, owner: Doc, name: str) -> object:
    """The list or object; `name` is its path within the owner."""
    if owner["object"] == "charge":
        return included_refunds(work, owner["id"])
    if owner["object"] == "item":
        line = work.get("item", owner["id"])
        if name == "taxes":
            return shown_taxes(work, line["_taxes"])
        return shown_discounts(work.get("checkout.session", line["_session"]), line["amount_discount"])
    session = work.get("checkout.session", owner["id"])
    match name:
        case "line_items":
            return included_line_items(work, session)
        case "total_details.breakdown":
            return breakdown(work, session)
        case _:
            # Delivery is not taxed without automatic tax.
            return []
