"""The end of a Checkout Session that its buyer confirmed: who he is, what his customer learns, and the event."""

from stripe_sandbox.call import part
from stripe_sandbox.events import emit
from stripe_sandbox.flows.discounts import redeem
from stripe_sandbox.flows.invoicing import invoice_session
from stripe_sandbox.resources.payment_methods import blank_address
from stripe_sandbox.state.work import Doc, Work


def complete_session(work: Work, session: Doc, payment_status: str, billing: Doc) -> None:
    """Completes an open session; `billing` says who paid."""
    work.clear_timers("expire_session", session["id"])
    customer = work.find("customer", session["customer"] or "")
    session.update(
        status="complete",
        payment_status=payment_status,
        url=None,
        customer_details={
            "address": {**blank_address(), **billing["address"]},
            "business_name": None,
            "email": billing["email"] or (customer or {}).get("email"),
            "individual_name": None,
            "name": billing["name"],
            "phone": billing["phone"],
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    work.save(session)
    if customer is not None:
        _update_customer(work, session, customer, billing)
    redeem(work, session)
    invoice_session(work, session)
    event = emit(work, "checkout.session.completed", session)
    session["_completed_event"] = event["id"]
    work.save(session)


def _update_customer(work: Work, session: Doc, customer: Doc, billing: Doc) -> None:
    """What `customer_update` lets the page write."""
    wish: Doc = session["_customer_update"]
    shipping = shipping_of(session)
    changes: Doc = {}
    if wish.get("name") == "auto" and billing["name"]:
        changes["name"] = billing["name"]
    if wish.get("address") == "auto":
        changes["address"] = {**blank_address(), **billing["address"]}
    if wish.get("shipping") == "auto" and shipping is not None:
        changes["shipping"] = {name: shipping[name] for name in ("address", "name", "phone")}
    previous: Doc = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    if previous:
        customer.update(changes)
        work.save(customer)
        emit(work, "customer.updated", customer, previous)


def shipping_of(session: Doc) -> Doc | None:
    """Where the goods go, as a payment names it, once the buyer has said so."""
    collected = part(part(session, "collected_information"), "shipping_details")
    if not collected:
        return None
    return {**collected, "carrier": None, "phone": None, "tracking_number": None}
