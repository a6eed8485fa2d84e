"""Read whether Stripe still has a customer, and forget one that it deleted: its owner gets another at the next need."""

from dataclasses import dataclass

from vivr.database import Database, Tx
from vivr.operations.model import StripeScope
from vivr.payments import account_store
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe


@dataclass(frozen=True, slots=True)
class CustomerRead:
    """A customer, and whether Stripe still has it."""

    scope: StripeScope
    customer_id: str
    is_deleted: bool

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too."""
        return asked == CustomerTarget(self.customer_id)


@dataclass(frozen=True, slots=True)
class CustomerTarget:
    """A customer, by its id."""

    customer_id: str

    @property
    def breadth(self) -> int:
        """Nothing else is read with it."""
        return 0

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> CustomerRead:
        """Ask Stripe for the customer.

        Raises:
            Unavailable: Stripe can't be reached.
        """
        del database, shop_id
        try:
            is_deleted = (await stripe.read_customer(self.customer_id)).deleted
        except StripeObjectMissing:
            is_deleted = True
        return CustomerRead(StripeScope(account, stripe.livemode), self.customer_id, is_deleted)


async def forget_deleted(tx: Tx, read: CustomerRead) -> str:
    """Forget a customer that is deleted; one sentence says what came of it."""
    if not read.is_deleted:
        return "Stripe still has this customer."
    if await account_store.forget_customer(tx, read.scope, read.customer_id):
        return "The customer is deleted at Stripe; its owner gets another one at the next payment."
    return "No owner of this shop has this customer."
