"""The invoice that Checkout makes of a paid session, where `invoice_creation` asked for one.

draft -> open -> paid, all at once, when the money has come
"""

from stripe_sandbox.call import part
from stripe_sandbox.events import emit
from stripe_sandbox.resources.invoice_shape import addresses, new_invoice
from stripe_sandbox.state.work import Doc, Work


def invoice_session(work: Work, session: Doc) -> None:
    """Makes the invoice of a session that is paid, and names it there; the caller tells of the session."""
    intent = work.find("payment_intent", session["_intent"] or "")
    if not part(session, "invoice_creation").get("enabled") or intent is None or intent["status"] != "succeeded":
        return
    customer = work.get("customer", session["customer"])
    invoice = new_invoice(work, session, customer)
    _tell(work, "invoice.created", invoice)
    _finalize(work, invoice, customer)
    _pay(work, invoice, intent)
    session["invoice"] = invoice["id"]
    work.save(session)


def _finalize(work: Work, invoice: Doc, customer: Doc) -> None:
    number: int = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    work.save(customer)
    invoice.update(
        addresses(work, invoice),
        effective_at=work.now,
        number=f"{customer['invoice_prefix']}-{number:04d}",
        status="open",
    )
    invoice["status_transitions"]["finalized_at"] = work.now
    _tell(work, "invoice.finalized", invoice)


def _pay(work: Work, invoice: Doc, intent: Doc) -> None:
    payment = work.insert(
        {
            "id": work.mint("inpay"),
            "object": "invoice_payment",
            "amount_paid": invoice["total"],
            "amount_requested": invoice["total"],
            "created": work.now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": work.now},
        }
    )
    invoice.update(
        amount_paid=invoice["total"],
        amount_remaining=0,
        attempt_count=1,
        attempted=True,
        status="paid",
        _payment=payment["id"],
    )
    invoice["status_transitions"]["paid_at"] = work.now
    _tell(work, "invoice.paid", invoice)
    _tell(work, "invoice.payment_succeeded", invoice)
    emit(work, "invoice_payment.paid", payment)


def _tell(work: Work, name: str, invoice: Doc) -> None:
    work.save(invoice)
    emit(work, name, invoice)
