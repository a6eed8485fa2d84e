"""The shape of a PaymentIntent, made by the API and by Checkout alike."""

from stripe_sandbox.call import part
from stripe_sandbox.ids import STEM_LENGTH, scramble
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.metadata import merge_metadata


def new_intent(work: Work, wish: Doc) -> Doc:
    """Stores a PaymentIntent in requires_payment_method; `wish` holds clean parameters, with amount and currency."""
    number = work.next_number()
    stem = scramble(work.account.seed, number, "stem", length=STEM_LENGTH)
    intent_id = work.mint("pi", stem)
    types = wish.get("payment_method_types")
    automatic = wish.get("automatic_payment_methods")
    if types is None:
        types = ["card", "link"]
    return work.insert(
        {
            "id": intent_id,
            "object": "payment_intent",
            "allowed_payment_method_types": wish.get("allowed_payment_method_types"),
            "amount": wish["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": automatic,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": wish.get("capture_method", "automatic_async"),
            "client_secret": f"{intent_id}_secret_" + scramble(work.account.seed, number, "secret", length=25),
            "confirmation_method": wish.get("confirmation_method", "automatic"),
            "created": work.now,
            "currency": wish["currency"],
            "customer": wish.get("customer"),
            "customer_account": None,
            "description": wish.get("description"),
            "excluded_payment_method_types": wish.get("excluded_payment_method_types"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "managed_payments": {"enabled": False},
            "metadata": merge_metadata({}, wish.get("metadata")),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None if automatic is None else configuration(work),
            "payment_method_options": _options(types, wish.get("payment_method_options") or {}),
            "payment_method_types": types,
            "payment_record": None,
            "processing": None,
            "receipt_email": wish.get("receipt_email"),
            "review": None,
            "setup_future_usage": wish.get("setup_future_usage"),
            "shared_payment_granted_token": None,
            "shipping": wish.get("shipping"),
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": wish.get("statement_descriptor_suffix"),
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": wish.get("transfer_group"),
        }
    )


def configuration(work: Work) -> Doc:
    """The account's one payment method configuration."""
    return {"id": "pmc_1" + scramble(work.account.seed, "pmc", length=23), "parent": None}


def _options(types: list[str], wish: Doc) -> Doc:
    options: Doc = {}
    card = part(wish, "card")
    if "card" in types:
        options["card"] = {
            **{name: card[name] for name in ("capture_method", "setup_future_usage") if card.get(name)},
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": card.get("request_three_d_secure", "automatic"),
        }
    if "link" in types:
        options["link"] = {"persistent_token": None}
    if "sepa_debit" in types:
        options["sepa_debit"] = {}
    return options
