"""Read what an event about a fraud warning or a review leads to: the doubt, its payment, and Stripe's word on both."""

from dataclasses import dataclass

from vivr.database import Database
from vivr.payments.read_target import MISSING, NO_INTENT, Foreign, PaymentRead, PaymentTarget, StrayRead
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import FraudWarning, Review


@dataclass(frozen=True, slots=True)
class FlagRead:
    """Whose payment it is, and the doubt about it."""

    of: PaymentRead | StrayRead
    flag: FraudWarning | Review

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too; the payment is settled before the doubt is looked at."""
        return self.flag.id in {asked.warning_id, asked.review_id} if isinstance(asked, FlagTarget) else False


@dataclass(frozen=True, slots=True)
class FlagTarget:
    """What to read: an early fraud warning, or a review."""

    warning_id: str | None = None
    review_id: str | None = None

    @property
    def breadth(self) -> int:
        """It serves nothing else, so it comes last."""
        return -1

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> FlagRead | Foreign:
        """Find whose payment it is, and read Stripe's present word on it and on the doubt.

        Raises:
            Unavailable: Stripe or the database can't be reached.
        """
        try:
            if self.warning_id is not None:
                flag = await stripe.read_warning(self.warning_id)
            else:
                flag = await stripe.read_review(self.review_id or "")
        except StripeObjectMissing:
            return Foreign(MISSING)
        if flag.payment_intent is None:
            return Foreign(NO_INTENT)
        read = await PaymentTarget(intent_id=flag.payment_intent).read(database, stripe, shop_id, account)
        return read if isinstance(read, Foreign) else FlagRead(read, flag)
