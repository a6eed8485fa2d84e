"""Parameters of PaymentIntents, charges and refunds."""

from stripe_sandbox.params.basic import (
    ALLOWED_TYPES,
    BOOLEAN,
    CAPTURE_METHODS,
    CREATED,
    EMAIL,
    ENDIVE_SINCE,
    METADATA,
    METHOD_TYPE,
    METHODS_IN_PAYMENT_OPTIONS,
    METHODS_IN_SETUP_OPTIONS,
    METHODS_OF_DAHLIA,
    SHIPPING,
    TEXT,
    THREE_D_SECURE,
    URL,
    choice,
    integer,
    listing,
    not_built,
    route,
)
from stripe_sandbox.params.checkout import CARD_EXTRAS, DESCRIPTOR
from stripe_sandbox.resources.dispute_shape import EVIDENCE_FILES, EVIDENCE_TEXTS
from stripe_sandbox.versions import payment_method_types_gone
from stripe_sandbox.wire.multipart import Upload
from stripe_sandbox.wire.schema import Array, Boolean, Choice, Integer, Param, PartlyBuilt, Shape, Text

_CARD_OPTIONS = Shape(
    {
        "request_three_d_secure": choice(*THREE_D_SECURE),
        "capture_method": choice("manual"),
        "setup_future_usage": choice("none", "off_session", "on_session"),
        **not_built("cvc_token", "installments", "mandate_options", "network", "require_cvc_recollection"),
        **not_built("statement_descriptor_suffix_kana", "statement_descriptor_suffix_kanji", "three_d_secure"),
        **not_built(*CARD_EXTRAS),
    }
)
_OPTIONS = Param(
    Shape(
        {
            "card": Param(_CARD_OPTIONS),
            **not_built("card_present", "link", "sepa_debit", *METHODS_IN_PAYMENT_OPTIONS),
        }
    )
)
_SETUP_OPTIONS = Param(
    Shape(
        {
            "card": Param(
                Shape(
                    {
                        "request_three_d_secure": choice(*THREE_D_SECURE),
                        **not_built("mandate_options", "network", "three_d_secure"),
                    }
                )
            ),
            **not_built("link", "sepa_debit", *METHODS_IN_SETUP_OPTIONS),
        }
    )
)
_TYPES = Param(Array(METHOD_TYPE), gone_since=ENDIVE_SINCE, gone=payment_method_types_gone)
_METHOD_DATA = Param(
    Shape(
        {
            "type": Param(Choice(("card",)), required=True),
            "card": Param(Shape({"token": Param(Text(), required=True)}), required=True),
            **not_built("allow_redisplay", "billing_details", "metadata", "radar_options", "link", "sepa_debit"),
            **not_built(*(name for name in METHODS_OF_DAHLIA if name != "custom")),
        }
    )
)
_DETAILS = {
    "customer": TEXT,
    "description": Param(Text(longest=1000)),
    "metadata": METADATA,
    "receipt_email": EMAIL,
    "setup_future_usage": choice("off_session", "on_session"),
    "shipping": Param(SHIPPING),
    "statement_descriptor": TEXT,
    "statement_descriptor_suffix": Param(Text(longest=22, pattern=DESCRIPTOR)),
    "transfer_group": TEXT,
}
_ONLINE = Shape({"ip_address": Param(Text(), required=True), "user_agent": Param(Text(), required=True)})
_ACCEPTANCE = Shape(
    {
        "type": Param(Choice(("offline", "online")), required=True),
        "accepted_at": integer(0),
        "offline": Param(Shape({})),
        "online": Param(_ONLINE),
    }
)
_MANDATE = Param(Shape({"customer_acceptance": Param(_ACCEPTANCE, required=True)}, blank=True))
_PAYING = {
    "mandate_data": _MANDATE,
    "payment_method": TEXT,
    "payment_method_data": _METHOD_DATA,
    "payment_method_options": _OPTIONS,
    "payment_method_types": _TYPES,
    "off_session": BOOLEAN,
    "return_url": URL,
    **not_built("confirmation_token", "mandate", "radar_options", "use_stripe_sdk", "error_on_requires_action"),
}
_CONNECT = not_built("application_fee_amount", "transfer_data", "amount_details", "hooks", "payment_details")

CREATE_INTENT = route(
    {
        "amount": Param(Integer(1), required=True),
        "currency": Param(Text(), required=True),
        "automatic_payment_methods": Param(
            Shape({"enabled": Param(Boolean(), required=True), "allow_redirects": choice("always", "never")})
        ),
        "capture_method": choice(*CAPTURE_METHODS),
        "confirm": BOOLEAN,
        "confirmation_method": choice("automatic", "manual"),
        "excluded_payment_method_types": Param(Array(Text())),
        **_DETAILS,
        **_PAYING,
        **_CONNECT,
        **ALLOWED_TYPES,
        **not_built("customer_account", "on_behalf_of", "payment_method_configuration"),
    }
)
UPDATE_INTENT = route(
    {
        **_DETAILS,
        "amount": integer(1),
        "payment_method_options": _OPTIONS,
        **_CONNECT,
        **not_built("capture_method", "currency", "payment_method", "payment_method_data", "payment_method_types"),
        **not_built("customer_account", "excluded_payment_method_types", "payment_method_configuration"),
    }
)
CONFIRM_INTENT = route(
    {
        **_PAYING,
        "receipt_email": EMAIL,
        "capture_method": choice(*CAPTURE_METHODS),
        **not_built("amount_details", "amount_to_confirm", "client_secret", "excluded_payment_method_types", "hooks"),
        **not_built("payment_details", "setup_future_usage", "shipping"),
    }
)
_SETUP = {
    "customer": TEXT,
    "description": Param(Text(longest=1000)),
    "metadata": METADATA,
    "payment_method": TEXT,
    "payment_method_data": _METHOD_DATA,
    **not_built("attach_to_self", "customer_account", "flow_directions", "payment_method_configuration"),
}
CREATE_SETUP = route(
    {
        **_SETUP,
        "automatic_payment_methods": Param(
            Shape({"enabled": Param(Boolean(), required=True), "allow_redirects": choice("always", "never")})
        ),
        "confirm": BOOLEAN,
        "excluded_payment_method_types": Param(Array(Text())),
        "payment_method_options": _SETUP_OPTIONS,
        "payment_method_types": _TYPES,
        "return_url": URL,
        "usage": choice("off_session", "on_session"),
        **not_built("confirmation_token", "mandate_data", "on_behalf_of", "single_use", "use_stripe_sdk"),
    }
)
UPDATE_SETUP = route(
    {**_SETUP, **not_built("excluded_payment_method_types", "payment_method_options", "payment_method_types")}
)
CONFIRM_SETUP = route(
    {
        "payment_method": TEXT,
        "payment_method_data": _METHOD_DATA,
        "return_url": URL,
        **not_built("client_secret", "confirmation_token", "mandate_data", "payment_method_options", "use_stripe_sdk"),
    }
)
CANCEL_SETUP = route({"cancellation_reason": choice("abandoned", "duplicate", "requested_by_customer")})
LIST_SETUPS = listing(
    {"customer": TEXT, "payment_method": TEXT, "created": CREATED, **not_built("attach_to_self", "customer_account")}
)
CANCEL_INTENT = route({"cancellation_reason": choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")})
CAPTURE_INTENT = route(
    {
        "amount_to_capture": integer(1),
        "metadata": METADATA,
        "statement_descriptor_suffix": Param(Text(longest=22, pattern=DESCRIPTOR)),
        **not_built(
            "application_fee_amount", "final_capture", "statement_descriptor", "transfer_data", "amount_details"
        ),
        **not_built("hooks", "payment_details"),
    }
)
LIST_INTENTS = listing({"customer": TEXT, "created": CREATED, **not_built("customer_account")})
RETRIEVE_BY_BUYER = route(not_built("client_secret"))
UPDATE_CHARGE = route(
    {
        "description": TEXT,
        "fraud_details": Param(Shape({"user_report": Param(Choice(("fraudulent", "safe", "")))})),
        "metadata": METADATA,
        "receipt_email": EMAIL,
        "shipping": Param(SHIPPING),
        "transfer_group": TEXT,
        **not_built("customer"),
    }
)
LIST_CHARGES = listing({"customer": TEXT, "payment_intent": TEXT, "created": CREATED, **not_built("transfer_group")})

REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
CREATE_REFUND = route(
    {
        "charge": TEXT,
        "payment_intent": TEXT,
        "amount": integer(1),
        "reason": choice(*REFUND_REASONS),
        "metadata": METADATA,
        **not_built(
            "currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"
        ),
    }
)
LIST_CHARGE_REFUNDS = listing()
UPDATE_REFUND = route({"metadata": METADATA})
LIST_REFUNDS = listing({"charge": TEXT, "payment_intent": TEXT, "created": CREATED})
LIST_BALANCE = listing({"source": TEXT, "type": TEXT, "currency": TEXT, "created": CREATED, "payout": TEXT})

LIST_BY_PAYMENT = listing({"charge": TEXT, "payment_intent": TEXT, "created": CREATED})
LIST_BY_TIME = listing({"created": CREATED})
_EVIDENCE = Shape(
    {
        **{name: Param(Text(longest=150_000)) for name in EVIDENCE_TEXTS},
        **dict.fromkeys(EVIDENCE_FILES, TEXT),
        **not_built("enhanced_evidence"),
    }
)
UPDATE_DISPUTE = route({"evidence": Param(_EVIDENCE), "metadata": METADATA, "submit": BOOLEAN})
_PURPOSES = (
    "account_requirement",
    "additional_verification",
    "business_icon",
    "business_logo",
    "customer_signature",
    "dispute_evidence",
    "identity_document",
    "issuing_regulatory_reporting",
    "pci_document",
    "tax_document_user_upload",
    "terminal_reader_splashscreen",
)
CREATE_FILE = route(
    {
        "file": Param(Upload(), required=True),
        "purpose": Param(Choice(_PURPOSES), required=True),
        **not_built("file_link_data"),
    }
)
LIST_FILES = listing({"purpose": choice(*_PURPOSES), "created": CREATED})
CREATE_PAYOUT = route(
    {
        "amount": Param(Integer(1), required=True),
        "currency": Param(Text(), required=True),
        "description": TEXT,
        "metadata": METADATA,
        "method": Param(PartlyBuilt(("standard",), ("instant",))),
        "statement_descriptor": Param(Text(longest=22)),
        **not_built("destination", "payout_method", "source_type"),
    }
)
LIST_PAYOUTS = listing({"status": TEXT, "created": CREATED, **not_built("arrival_date", "destination")})
