"""The invoice that Checkout makes of a paid session."""

from typing import Any

from sandbox.catalogue_shapes import INVOICE, INVOICE_LINE, INVOICE_PAYMENT
from sandbox.harness import Shop
from sandbox.paid import later, raw, send, told
from sandbox.shapes import differences

SESSIONS = "checkout/sessions"
MADE = [
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
    "checkout.session.completed",
]


def invoiced(shop: Shop, **more: Any) -> dict[str, Any]:
    """A paid session with an invoice; gives the session."""
    data = {"metadata": {"order": "12"}, "footer": "Merci", "custom_fields": [{"name": "PO", "value": "7"}]}
    session = shop.session(invoice_creation={"enabled": True, "invoice_data": data}, **more)
    assert shop.pay(session).status_code == 303
    return raw(shop, f"{SESSIONS}/{session.id}")


def test_a_paid_session_has_a_paid_invoice(shop: Shop) -> None:
    session = invoiced(shop)
    invoice = raw(shop, f"invoices/{session['invoice']}?expand[]=payments")
    assert differences({name: value for name, value in invoice.items() if name != "payments"}, INVOICE) == []
    assert (invoice["status"], invoice["amount_paid"], invoice["amount_remaining"]) == ("paid", 2599, 0)
    assert (invoice["metadata"], invoice["footer"]) == ({"order": "12"}, "Merci")
    assert invoice["custom_fields"] == [{"name": "PO", "value": "7"}]
    customer = raw(shop, f"customers/{session['customer']}")
    assert (customer["email"], customer["next_invoice_sequence"]) == ("buyer@example.com", 2)
    assert (invoice["number"], invoice["customer_email"]) == (f"{customer['invoice_prefix']}-0001", customer["email"])
    assert invoice["hosted_invoice_url"].startswith(f"https://invoice.stripe.com/i/{raw(shop, 'account')['id']}/test_")
    assert invoice["invoice_pdf"].endswith("/pdf?s=ap")
    (payment,) = invoice["payments"]["data"]
    assert differences(payment, INVOICE_PAYMENT) == []
    assert payment["payment"] == {"payment_intent": session["payment_intent"], "type": "payment_intent"}


def test_an_invoice_is_told_of_before_its_session(shop: Shop) -> None:
    invoiced(shop)
    assert shop.events() == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        *MADE,
    ]
    states = [told(shop, name)[0]["object"]["status"] for name in MADE[:3]]
    assert states == ["draft", "open", "paid"]
    assert told(shop, "checkout.session.completed")[0]["object"]["invoice"] is not None


def test_an_invoice_says_what_was_sold(shop: Shop) -> None:
    tax = {"display_name": "TVA", "percentage": "20"}
    inside = send(shop, "tax_rates", **tax, inclusive="true")["id"]
    on_top = send(shop, "tax_rates", **tax, inclusive="false")["id"]
    send(shop, "coupons", id="HALF", percent_off="50")
    price = {"currency": "eur", "unit_amount": 1200, "product_data": {"name": "Bol"}}
    lines = [
        {"price_data": price, "quantity": 2, "tax_rates": [inside]},
        {"price_data": price, "quantity": 1, "tax_rates": [on_top]},
    ]
    post = {"display_name": "Post", "fixed_amount": {"amount": 490, "currency": "eur"}, "type": "fixed_amount"}
    options = [{"shipping_rate_data": post}]
    session = invoiced(shop, line_items=lines, discounts=[{"coupon": "HALF"}], shipping_options=options)
    paths = "expand[]=discounts&expand[]=shipping_cost.shipping_rate&expand[]=total_taxes.tax_rate_details.tax_rate"
    invoice = raw(shop, f"invoices/{session['invoice']}?{paths}")
    assert (invoice["subtotal"], invoice["total"], invoice["amount_shipping"]) == (3600, 2410, 490)
    assert (invoice["subtotal_excluding_tax"], invoice["total_excluding_tax"]) == (3400, 2090)
    assert invoice["total_discount_amounts"][0]["amount"] == 1800
    assert invoice["discounts"][0]["source"]["coupon"] == "HALF"
    assert invoice["shipping_cost"]["shipping_rate"]["display_name"] == "Post"
    taxes = [(tax["amount"], tax["tax_behavior"], tax["taxable_amount"]) for tax in invoice["total_taxes"]]
    assert taxes == [(200, "inclusive", 1000), (120, "exclusive", 600)]
    assert invoice["total_taxes"][0]["tax_rate_details"]["tax_rate"]["display_name"] == "TVA"
    first = invoice["lines"]["data"][0]
    assert differences(first, INVOICE_LINE) == []
    assert (first["amount"], first["quantity"], first["pricing"]["unit_amount_decimal"]) == (2400, 2, "1200")
    assert first["discount_amounts"][0]["amount"] == 1200


def test_lines_and_payments_are_listed(shop: Shop) -> None:
    price = {"currency": "eur", "unit_amount": 100, "product_data": {"name": "Bol"}}
    session = invoiced(shop, line_items=[{"price_data": price, "quantity": 1}] * 12)
    name = session["invoice"]
    shown = raw(shop, f"invoices/{name}")["lines"]
    assert (len(shown["data"]), shown["has_more"], shown["url"]) == (10, True, f"/v1/invoices/{name}/lines")
    rest = raw(shop, f"invoices/{name}/lines?starting_after={shown['data'][-1]['id']}")
    assert (len(rest["data"]), rest["has_more"]) == (2, False)
    whole = raw(shop, f"invoices/{name}/lines?limit=1&expand[]=data.pricing.price_details.price")
    assert whole["data"][0]["pricing"]["price_details"]["price"]["unit_amount"] == 100
    (payment,) = raw(shop, f"invoice_payments?invoice={name}&expand[]=data.payment.payment_intent")["data"]
    assert payment["payment"]["payment_intent"]["status"] == "succeeded"
    by_intent = f"payment[type]=payment_intent&payment[payment_intent]={session['payment_intent']}"
    assert [row["id"] for row in raw(shop, f"invoice_payments?{by_intent}")["data"]] == [payment["id"]]
    assert raw(shop, f"invoice_payments/{payment['id']}")["invoice"] == name


def test_invoices_are_numbered_per_customer_and_listed(shop: Shop) -> None:
    anna = send(shop, "customers", email="anna@example.com")["id"]
    names = [invoiced(shop, customer=anna, customer_email="")["invoice"] for _ in range(2)]
    invoiced(shop)
    listed = raw(shop, f"invoices?customer={anna}&status=paid")["data"]
    assert [row["id"] for row in listed] == names[::-1]
    assert [row["number"][-4:] for row in listed] == ["0002", "0001"]
    assert raw(shop, "invoices?status=open")["data"] == []


def test_a_debit_is_invoiced_when_the_money_has_come(shop: Shop) -> None:
    session = shop.session(invoice_creation={"enabled": True})
    shop.pay(session, method="sepa_debit", iban="DE89370400440532013000")
    assert raw(shop, f"{SESSIONS}/{session.id}")["invoice"] is None
    later(shop, 61)
    paid = raw(shop, f"{SESSIONS}/{session.id}?expand[]=invoice")
    assert (paid["payment_status"], paid["invoice"]["status"]) == ("paid", "paid")
    assert shop.events()[-6:-1] == MADE[:-1]


def test_without_the_wish_there_is_no_invoice(shop: Shop) -> None:
    session = shop.session(invoice_creation={"enabled": False})
    shop.pay(session)
    assert raw(shop, f"{SESSIONS}/{session.id}")["invoice"] is None
    assert raw(shop, "invoices")["data"] == []
