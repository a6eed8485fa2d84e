"""Read what an event about a dispute leads to: its payment, that one's refunds, and all disputes of its charge."""

from dataclasses import dataclass
from typing import Final

from vivr.database import Database
from vivr.payments.read_target import MISSING, NO_INTENT, Foreign
from vivr.refunds.read_target import RefundsRead, RefundTarget
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeDispute

_BREADTH: Final = 20


@dataclass(frozen=True, slots=True)
class DisputesRead:
    """Whose payment it is with its refunds, and all its disputes."""

    of: RefundsRead
    disputes: list[StripeDispute]

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too; payment and refunds are applied before the disputes."""
        if isinstance(asked, DisputeTarget):
            return any(dispute.id == asked.dispute_id for dispute in self.disputes)
        return self.of.serves(asked)


@dataclass(frozen=True, slots=True)
class DisputeTarget:
    """What to read: a dispute, and with it everything that happened to its payment."""

    dispute_id: str

    @property
    def breadth(self) -> int:
        """What is read of disputes serves whatever is asked about their payment and its refunds."""
        return _BREADTH

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> DisputesRead | Foreign:
        """Find whose payment it is, and read Stripe's present word on it, on its refunds and on its disputes.

        Raises:
            Unavailable: Stripe or the database can't be reached.
        """
        try:
            intent_id = (await stripe.read_dispute(self.dispute_id)).payment_intent
        except StripeObjectMissing:
            return Foreign(MISSING)
        if intent_id is None:
            return Foreign(NO_INTENT)
        read = await RefundTarget(intent_id=intent_id).read(database, stripe, shop_id, account)
        if isinstance(read, Foreign):
            return read
        # Listed after the payment's ticket was taken: a later ticket means a later word on the disputes too.
        return DisputesRead(read, await stripe.list_disputes(intent_id))
