"""Read what an event about a failed charge leads to: the charge, which need not be the latest, and its payment."""

from dataclasses import dataclass

from vivr.database import Database
from vivr.payments.read_target import MISSING, NO_INTENT, Foreign, PaymentTarget, Read
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import Charge


@dataclass(frozen=True, slots=True)
class FailedChargeRead:
    """A charge, and Stripe's present word on its payment."""

    charge: Charge
    payment: Read

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too."""
        return asked == FailedChargeTarget(self.charge.id) or self.payment.serves(asked)


@dataclass(frozen=True, slots=True)
class FailedChargeTarget:
    """A charge that failed, by its id."""

    charge_id: str

    @property
    def breadth(self) -> int:
        """It brings the charge beside all that is read of its payment."""
        return _BREADTH

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> FailedChargeRead | Foreign:
        """Read the charge, find whose payment it is, and read Stripe's present word on that.

        Raises:
            Unavailable: Stripe or the database can't be reached.
        """
        try:
            charge = await stripe.read_charge(self.charge_id)
        except StripeObjectMissing:
            return Foreign(MISSING)
        if charge.payment_intent is None:
            return Foreign(NO_INTENT)
        target = PaymentTarget(intent_id=charge.payment_intent)
        return FailedChargeRead(charge, await target.read(database, stripe, shop_id, account))


_BREADTH = 3
