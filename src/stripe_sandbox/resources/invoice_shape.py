"""The shape of an invoice that Checkout makes of a session, and of its lines."""

from collections.abc import Iterable

from stripe_sandbox.call import part
from stripe_sandbox.ids import scramble
from stripe_sandbox.resources.account import COUNTRY, NAME
from stripe_sandbox.resources.session_lines import lines_of
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.lists import LIMIT_DEFAULT, as_list


def new_invoice(work: Work, session: Doc, customer: Doc) -> Doc:
    """Stores a draft of all that the session sold; `_lines` hold what stands on it."""
    invoice_id = work.mint("in")
    sold = lines_of(work, session)
    lines = [_line(work, line, invoice_id, session["_discount"]) for line in sold]
    taxes = _summed(line["taxes"] for line in lines)
    totals: Doc = session["total_details"]
    discounts: list[str] = [session["_discount"]] if session["_discount"] else []
    invoice = _constants() | {
        "id": invoice_id,
        "object": "invoice",
        "amount_due": session["amount_total"],
        "amount_remaining": session["amount_total"],
        "amount_shipping": totals["amount_shipping"],
        "created": work.now,
        "currency": session["currency"],
        "customer": customer["id"],
        "discounts": discounts,
        "effective_at": None,
        "lines": as_list(
            lines[:LIMIT_DEFAULT], f"/v1/invoices/{invoice_id}/lines", has_more=len(lines) > LIMIT_DEFAULT
        ),
        "period_end": work.now,
        "period_start": work.now,
        "shipping_cost": session["shipping_cost"],
        "subtotal": session["amount_subtotal"],
        "subtotal_excluding_tax": session["amount_subtotal"] - _inclusive(taxes),
        "total": session["amount_total"],
        "total_discount_amounts": [{"amount": totals["amount_discount"], "discount": name} for name in discounts],
        "total_excluding_tax": session["amount_total"] - totals["amount_tax"],
        "total_taxes": taxes,
        **_buyer(session, customer),
        **_wished(session["invoice_creation"]["invoice_data"]),
        "_lines": lines,
        "_payment": None,
    }
    return work.insert(invoice)


def _line(work: Work, line: Doc, invoice_id: str, discount: str | None) -> Doc:
    price: Doc = line["price"]
    item_id = work.mint("ii")
    return {
        "id": work.mint("il"),
        "object": "line_item",
        "amount": line["amount_subtotal"],
        "currency": line["currency"],
        "description": line["description"],
        "discount_amounts": [{"amount": line["amount_discount"], "discount": discount}] if discount else [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": line["metadata"],
        "parent": {
            "invoice_item_details": {
                "invoice_item": item_id,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"end": work.now, "start": work.now},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": line["quantity"],
        "quantity_decimal": str(line["quantity"]),
        "subscription": None,
        "subtotal": line["amount_subtotal"],
        "taxes": [_tax(work, tax) for tax in line["_taxes"]],
    }


def _tax(work: Work, tax: Doc) -> Doc:
    inclusive: bool = work.get("tax_rate", tax["rate"])["inclusive"]
    return {
        "amount": tax["amount"],
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax["rate"]},
        "taxability_reason": "not_available",
        "taxable_amount": tax["taxable_amount"],
        "type": "tax_rate_details",
    }


def _summed(taxes_of_lines: Iterable[list[Doc]]) -> list[Doc]:
    """The taxes of all lines, by rate."""
    by_rate: dict[str, Doc] = {}
    for taxes in taxes_of_lines:
        for tax in taxes:
            rate: str = tax["tax_rate_details"]["tax_rate"]
            so_far = by_rate.setdefault(rate, {**tax, "amount": 0, "taxable_amount": 0})
            so_far["amount"] += tax["amount"]
            so_far["taxable_amount"] += tax["taxable_amount"]
    return list(by_rate.values())


def _inclusive(taxes: list[Doc]) -> int:
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")


def _buyer(session: Doc, customer: Doc) -> Doc:
    """Who is invoiced, as he was when he paid."""
    details: Doc = session["customer_details"]
    shipped = part(part(session, "collected_information"), "shipping_details")
    return {
        "customer_address": details["address"],
        "customer_email": details["email"],
        "customer_name": details["name"],
        "customer_phone": details["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": details["tax_exempt"],
        "customer_tax_ids": [],
        "shipping_details": {**shipped, "phone": None} if shipped else None,
    }


def _wished(data: Doc) -> Doc:
    """What `invoice_creation[invoice_data]` asked for."""
    rendering: Doc | None = data["rendering_options"]
    display = None if rendering is None else rendering.get("amount_tax_display")
    shown = {"amount_tax_display": display, "pdf": None, "template": None, "template_version": None}
    return {
        "custom_fields": data["custom_fields"],
        "description": data["description"],
        "footer": data["footer"],
        "issuer": {"type": "self"},
        "metadata": data["metadata"],
        "rendering": None if rendering is None else shown,
    }


def addresses(work: Work, invoice: Doc) -> Doc:
    """Where a finalised invoice is shown; like receipts, these lead to Stripe, which does not know it."""
    account = work.account.id
    token = "test_" + scramble(work.account.seed, invoice["id"], "hosted", length=40)
    return {
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{account}/{token}?s=ap",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{account}/{token}/pdf?s=ap",
    }


def _constants() -> Doc:
    """What is the same on every draft."""
    nothing = (
        "account_tax_ids application automatically_finalizes_at customer_account default_payment_method default_source "
        "due_date ending_balance from_invoice hosted_invoice_url invoice_pdf last_finalization_error latest_revision "
        "next_payment_attempt number on_behalf_of parent receipt_number statement_descriptor test_clock "
        "webhooks_delivered_at"
    )
    return {
        **dict.fromkeys(nothing.split()),
        "account_country": COUNTRY,
        "account_name": NAME,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "default_tax_rates": [],
        "livemode": False,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "total_pretax_credit_amounts": [],
    }
