"""Compose what the shop knows of a disputed order: who bought what, when, from where, and what happened since."""

from vivr.audit.read_audit import rows_of_order
from vivr.customers.contact import Address, find_contact
from vivr.customers.request_origins import find_origin
from vivr.database import Tx
from vivr.disputes.model import Dispute
from vivr.email.read_messages import messages_of_order
from vivr.money import Money, major_text
from vivr.orders.read_orders import find_order, history_of, lines_of
from vivr.payments.read_payments import payments_of
from vivr.refunds.read_refunds import refunds_of_order
from vivr.sealing import Seals


async def compose_evidence(tx: Tx, seals: Seals, dispute: Dispute) -> dict[str, str]:
    """Stripe's names of the parts, each with what the order's own records say; nothing of what is not known."""
    order = await find_order(tx, dispute.order_id) if dispute.order_id else None
    if order is None:
        return {}
    evidence = {
        "product_description": "\n".join(
            f"{line.quantity} × {line.title}: {major_text(Money(line.amount_minor, order.currency))} {order.currency}"
            for line in await lines_of(tx, order.id)
        ),
        "uncategorized_text": "\n".join([f"Order {order.shown_number}", *await _happened(tx, order.id)]),
    }
    contact = await find_contact(tx, seals, order.id)
    if contact is not None:
        shown = _lines_of(contact.address)
        evidence |= {
            "customer_name": contact.address.name,
            "customer_email_address": contact.email,
            "billing_address": shown,
            "shipping_address": shown,
        }
    origin_id = next(
        (row.origin_id for row in await rows_of_order(tx, order.id) if row.action == "order.placed" and row.origin_id),
        None,
    )
    origin = await find_origin(tx, seals, origin_id) if origin_id else None
    if origin is not None:
        evidence["customer_purchase_ip"] = origin.address
    return evidence


async def _happened(tx: Tx, order_id: str) -> list[str]:
    """The order's states, payments, refunds and mails, oldest first, one line each."""
    found = [(row.at, f"order {row.to_state.lower()} ({row.reason})") for row in await history_of(tx, order_id)]
    for payment in await payments_of(tx, order_id):
        paid = f"{major_text(Money(payment.captured_minor, payment.currency))} {payment.currency}"
        card = f", {payment.method_brand or payment.method_type} ending in {payment.method_last4}"
        if payment.captured_minor:
            found.append((payment.created_at, f"payment of {paid} begun{card if payment.method_last4 else ''}"))
    for refund in await refunds_of_order(tx, order_id):
        back = f"{major_text(refund.amount)} {refund.currency}"
        found.append((refund.requested_at, f"refund of {back}: {refund.state.lower()}"))
    found += [
        (message.sent_at, f"e-mail sent to the customer: {message.kind}")
        for message in await messages_of_order(tx, order_id)
        if message.sent_at is not None and not message.kind.endswith("_staff")
    ]
    return [f"{at:%Y-%m-%d %H:%M} UTC  {text}" for at, text in sorted(found)]


def _lines_of(address: Address) -> str:
    city = f"{address.postal_code} {address.city}"
    parts = [address.name, address.line1, address.line2, city, address.state, address.country]
    return "\n".join(part for part in parts if part)
