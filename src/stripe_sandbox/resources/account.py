"""The account itself."""

from stripe_sandbox.call import Call
from stripe_sandbox.state.work import Doc

NAME = "Sandbox"
COUNTRY = "FR"


def retrieve_account(call: Call) -> Doc:
    """GET /v1/account."""
    return {
        "id": call.work.account.id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": NAME,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": COUNTRY,
        "created": call.work.account.created,
        "default_currency": "eur",
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": NAME, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }
