"""Parameters of the routes that read invoices and their payments."""

from stripe_sandbox.params.basic import CREATED, TEXT, choice, listing, not_built
from stripe_sandbox.wire.schema import Choice, Param, Shape

LIST_INVOICES = listing(
    {
        "collection_method": choice("charge_automatically", "send_invoice"),
        "created": CREATED,
        "customer": TEXT,
        "status": choice("draft", "open", "paid", "uncollectible", "void"),
        **not_built("customer_account", "due_date", "subscription"),
    }
)
LIST_INVOICE_LINES = listing()
_PAYMENT = Shape(
    {
        "payment_intent": TEXT,
        "type": Param(Choice(("payment_intent", "payment_record")), required=True),
        **not_built("payment_record"),
    }
)
LIST_INVOICE_PAYMENTS = listing(
    {
        "created": CREATED,
        "invoice": TEXT,
        "payment": Param(_PAYMENT),
        "status": choice("canceled", "open", "paid"),
    }
)
