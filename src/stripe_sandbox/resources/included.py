"""What an object shows only when `expand[]` asks for it, and is not an object that one of its fields names."""

from stripe_sandbox.flows.totals import breakdown, shown_discounts, shown_taxes
from stripe_sandbox.resources.checkout_sessions import included_line_items
from stripe_sandbox.resources.invoices import included_payments
from stripe_sandbox.resources.refunds import included_refunds
from stripe_sandbox.state.work import Doc, Work


def included(work: Work, owner: Doc, name: str) -> object:
    """The list or object, None where there is nothing to show; `name` is its path within the owner."""
    shown: object
    match owner["object"], name:
        case "charge", _:
            shown = included_refunds(work, owner["id"])
        case "coupon", _:
            products: list[str] = work.get("coupon", owner["id"])["_products"]
            shown = {"products": products} if products else None
        case "invoice", "payments":
            shown = included_payments(work, owner)
        case "item", _:
            shown = _of_line(work, work.get("item", owner["id"]), name)
        case "checkout.session", "line_items":
            shown = included_line_items(work, work.get("checkout.session", owner["id"]))
        case "checkout.session", "total_details.breakdown":
            shown = breakdown(work, work.get("checkout.session", owner["id"]))
        case _:
            # The taxes of delivery, which is not taxed without automatic tax.
            shown = []
    return shown


def _of_line(work: Work, line: Doc, name: str) -> list[Doc]:
    if name == "taxes":
        return shown_taxes(work, line["_taxes"])
    return shown_discounts(work, work.get("checkout.session", line["_session"]), line["amount_discount"])
