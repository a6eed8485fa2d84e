"""Restricted keys: what each may read or write, resource by resource; writing includes reading.

Source: Stripe docs, restricted API keys. The names of most permissions (`rak_charge_read`) are Stripe's own, as its
error messages tell them; Stripe publishes no list, so the others are made of the resource's name in the same way.
"""

import json

from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.errors import not_permitted

KIND = "restricted_key"
PREFIX = "rk_test_"
LEVELS = ("none", "read", "write")
_RESOURCES = {
    "/v1/account": "accounts_kyc_basic",
    "/v1/balance": "balance",
    "/v1/balance_transactions": "balance_transaction_source",
    "/v1/charges": "charge",
    "/v1/checkout/sessions": "checkout_session",
    "/v1/coupons": "coupon",
    "/v1/customers": "customer",
    "/v1/disputes": "dispute",
    "/v1/events": "event",
    "/v1/files": "file",
    "/v1/invoice_payments": "invoice",
    "/v1/invoices": "invoice",
    "/v1/mandates": "mandate",
    "/v1/payment_intents": "payment_intent",
    "/v1/payment_methods": "payment_method",
    "/v1/payouts": "payout",
    "/v1/prices": "plan",
    "/v1/products": "product",
    "/v1/promotion_codes": "promotion_code",
    "/v1/radar/early_fraud_warnings": "radar",
    # One line in Stripe's dashboard: charges and refunds.
    "/v1/refunds": "charge",
    "/v1/reviews": "review",
    "/v1/setup_intents": "setup_intent",
    "/v1/shipping_rates": "shipping_rate",
    "/v1/tax_rates": "tax_rate",
    "/v1/webhook_endpoints": "webhook",
}
RESOURCES = tuple(sorted(set(_RESOURCES.values())))


def new_key(work: Work, permissions: dict[str, str]) -> Doc:
    """A key that may do these things and nothing else."""
    return work.insert({"id": work.mint("rk_test"), "object": KIND, "permissions": permissions})


def check_permission(store: Store, account: Account, key: str, method: str, pattern: str) -> None:
    """Raises StripeError (403) where a restricted key may not make a call."""
    if not key.startswith(PREFIX):
        return
    row = store.connection.execute(
        "SELECT json_extract(body, '$.permissions') AS permissions FROM object WHERE id = ? AND account = ?",
        (key, account.id),
    ).fetchone()
    granted: dict[str, str] = {} if row is None else json.loads(row["permissions"])
    resource = _resource_of(pattern)
    needed = "read" if method == "GET" else "write"
    if LEVELS.index(granted.get(resource, "none")) < LEVELS.index(needed):
        raise not_permitted(key, account.id, f"rak_{resource}_{needed}")


def _resource_of(pattern: str) -> str:
    """The longest address in the table that a route begins with; what stands in none is a resource of its own."""
    found = [path for path in _RESOURCES if pattern == path or pattern.startswith(f"{path}/")]
    return _RESOURCES[max(found, key=len)] if found else pattern.removeprefix("/v1/").partition("/")[0]
