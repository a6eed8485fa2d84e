"""Keys: any `sk_test_` key opens an account of its own, `rk_test_` ones are made in one; live keys are refused."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping

from stripe_sandbox.ids import account_id
from stripe_sandbox.permissions import PREFIX as RESTRICTED
from stripe_sandbox.resources.webhook_endpoints import new_endpoint
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Work, open_work
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
    if not key.startswith(("sk_test_", RESTRICTED)) or len(key) < LENGTH_LEAST:
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


class Gate:
    """Lets a key into its account, and sees to it that the endpoints of the command line are there."""

    def __init__(self, store: Store, webhooks: tuple[tuple[str, str], ...], accounts_max: int) -> None:
        self.store = store
        self._accounts_max = accounts_max
        self._webhooks = webhooks
        self._entered: set[str] = set()

    def enter(self, key: str) -> Account:
        """The account of a key, opened at the first use of a secret one.

        Raises StripeError (401) for a restricted key that was not made here, and when there are too many accounts.
        """
        restricted = key.startswith(RESTRICTED)
        account = self.store.account_of(key) if restricted else self.store.find_account(account_id(key))
        if account is None and restricted:
            raise unauthorized(f"Invalid API Key provided: {key[:8]}***.")
        if account is None:
            if self.store.count_accounts() >= self._accounts_max:
                raise unauthorized(f"This sandbox holds {self._accounts_max} accounts and opens no more.")
            account = self.store.ensure_account(key)
        if self._webhooks and account.id not in self._entered:
            with open_work(self.store, account) as work:
                for url, secret in self._webhooks:
                    _ensure_endpoint(work, url, secret)
        self._entered.add(account.id)
        return account

    def leave(self, account: Account) -> None:
        """Forgets that an account was here, so that its endpoints are made again when it comes back."""
        self._entered.discard(account.id)


def _ensure_endpoint(work: Work, url: str, secret: str) -> None:
    """Makes the endpoint, or gives the one at this address the secret."""
    for endpoint in work.select("webhook_endpoint"):
        if endpoint["url"] == url:
            endpoint["_secrets"] = [{"secret": secret, "until": None}]
            work.save(endpoint)
            return
    new_endpoint(work, {"url": url, "enabled_events": ["*"]}, secret)
