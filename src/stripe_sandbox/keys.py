"""Secret keys: any `sk_test_` key opens an account of its own; live keys are refused."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping

from stripe_sandbox.resources.webhook_endpoints import new_endpoint
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import open_work
from stripe_sandbox.wire.errors import unauthorized

LENGTH_LEAST = 12


def secret_key(headers: Mapping[str, str], query_key: str | None = None) -> str:
    """The test key of a call; raises StripeError (401) for none, a live one, or one that is no secret key."""
    key = _key_in_header(headers.get("authorization", "")) or query_key or ""
    if not key:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth "
            "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise unauthorized(
            "This sandbox refuses live keys. Nothing was done with it; use a key that begins with sk_test_."
        )
    if not key.startswith("sk_test_") or len(key) < LENGTH_LEAST:
        raise unauthorized(f"Invalid API Key provided: {key[:8]}***. Use any key that begins with sk_test_.")
    return key


def _key_in_header(value: str) -> str:
    """The key after `Bearer`, or the user name after `Basic`."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(rest, validate=True).decode().partition(":")[0]
    except (Base64Error, UnicodeDecodeError):
        return ""


def enter_account(store: Store, key: str, webhooks: tuple[tuple[str, str], ...]) -> Account:
    """The account of a key; each (URL, secret) of the command line is made sure of at the first use."""
    account, is_new = store.ensure_account(key)
    if is_new and webhooks:
        with open_work(store, account) as work:
            for url, secret in webhooks:
                new_endpoint(work, {"url": url, "enabled_events": ["*"]}, secret)
    return account
