"""Read what an event about a payout leads to: the payout, and what it consists of once Stripe has reconciled it."""

from dataclasses import dataclass

from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.payments.read_target import MISSING, Foreign
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import BalanceTransaction, Payout


@dataclass(frozen=True, slots=True)
class PayoutRead:
    """A payout and its parts, none before they can be listed."""

    scope: StripeScope
    payout: Payout
    parts: list[BalanceTransaction]

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too."""
        return asked == PayoutTarget(self.payout.id)


@dataclass(frozen=True, slots=True)
class PayoutTarget:
    """What to read: a payout."""

    payout_id: str

    @property
    def breadth(self) -> int:
        """It serves itself alone."""
        return 0

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> PayoutRead | Foreign:
        """Read Stripe's present word; a payout is of the whole account, whichever shop earned it.

        Raises:
            Unavailable: Stripe can't be reached.
        """
        del database, shop_id
        try:
            payout = await stripe.read_payout(self.payout_id)
        except StripeObjectMissing:
            return Foreign(MISSING)
        is_listable = payout.automatic and payout.reconciliation_status == "completed"
        parts = await stripe.list_balance_of_payout(payout.id) if is_listable else []
        return PayoutRead(StripeScope(account, stripe.livemode), payout, parts)
