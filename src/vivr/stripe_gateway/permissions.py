"""What a restricted key must be allowed, each with a call that shows it and makes nothing.

Reading is tried on a list of one. Writing is tried on an object that does not exist, or without what cannot be left
out: a key that may write is told so (404, 400), one that may not is refused before (403). Writing includes reading
(Stripe docs, restricted API keys).
"""

from dataclasses import dataclass
from typing import Final

from vivr.stripe_gateway.requests import Parameters

_NOBODY: Final = "vivr_doctor_probe"


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of the page on which Stripe's dashboard makes a key.

    Attributes:
        resource: what that line is called there.
        writes: whether "write" is needed; else "read".
    """

    resource: str
    writes: bool
    path: str

    @property
    def method(self) -> str:
        """How it is tried."""
        return "post" if self.writes else "get"

    @property
    def parameters(self) -> Parameters:
        """With what."""
        return {} if self.writes or self.path == "/v1/account" else {"limit": 1}


NEEDED: Final = (
    Permission("Accounts", writes=False, path="/v1/account"),
    Permission("Balance transactions", writes=False, path="/v1/balance_transactions"),
    Permission("Charges", writes=False, path="/v1/charges"),
    Permission("Refunds", writes=True, path=f"/v1/refunds/re_{_NOBODY}"),
    Permission("Checkout Sessions", writes=True, path=f"/v1/checkout/sessions/cs_{_NOBODY}/expire"),
    Permission("Customers", writes=True, path=f"/v1/customers/cus_{_NOBODY}"),
    Permission("Disputes", writes=True, path=f"/v1/disputes/du_{_NOBODY}"),
    Permission("Early fraud warnings", writes=False, path="/v1/radar/early_fraud_warnings"),
    Permission("Events", writes=False, path="/v1/events"),
    # Without a file there is nothing to upload.
    Permission("Files", writes=True, path="/v1/files"),
    Permission("PaymentIntents", writes=True, path=f"/v1/payment_intents/pi_{_NOBODY}/cancel"),
    Permission("Payouts", writes=False, path="/v1/payouts"),
    Permission("Reviews", writes=False, path="/v1/reviews"),
    # `vivr webhooks subscribe` changes the endpoint.
    Permission("Webhook endpoints", writes=True, path=f"/v1/webhook_endpoints/we_{_NOBODY}"),
)
"""All that the shop's calls need."""
