"""Read what an event about a refund leads to: its payment, and Stripe's present word on that and all its refunds."""

from dataclasses import dataclass
from typing import Final

from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.payments.read_payments import find_payment
from vivr.payments.read_target import MISSING, NO_INTENT, Foreign, PaymentRead, PaymentTarget, StrayRead
from vivr.refunds import store
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeRefund


@dataclass(frozen=True, slots=True)
class RefundsRead:
    """Whose payment it is, and all its refunds."""

    payment: PaymentRead | StrayRead
    refunds: list[StripeRefund]

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too; the payment is settled from it before its refunds."""
        match asked:
            case RefundTarget(refund_id=str(refund_id)):
                return any(refund_id == refund.id for refund in self.refunds)
            case RefundTarget(charge_id=str(charge_id)):
                return self.payment.serves(PaymentTarget(charge_id=charge_id))
            case _:
                return self.payment.serves(asked)


@dataclass(frozen=True, slots=True)
class RefundTarget:
    """What to read of a payment that money goes back from: a refund, its charge, or its PaymentIntent."""

    refund_id: str | None = None
    charge_id: str | None = None
    intent_id: str | None = None

    @property
    def breadth(self) -> int:
        """What is read of refunds serves whatever is asked about their payment."""
        return _BREADTH

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> RefundsRead | Foreign:
        """Find whose payment it is, and read Stripe's present word on it and on its refunds.

        All refunds are read, whichever the event named: what failed has to be known before what came after it fits.

        Raises:
            Unavailable: Stripe or the database can't be reached.
        """
        target = PaymentTarget(intent_id=self.intent_id, charge_id=self.charge_id)
        if self.refund_id is not None:
            found = await _intent_of(database, stripe, StripeScope(account, stripe.livemode), self.refund_id)
            if isinstance(found, Foreign):
                return found
            target = PaymentTarget(intent_id=found)
        read = await target.read(database, stripe, shop_id, account)
        match read:
            case Foreign():
                return read
            case PaymentRead(snapshot=snapshot):
                intent = snapshot.intent
            case StrayRead():
                intent = read.intent
        return RefundsRead(read, await stripe.list_refunds(intent.id) if intent else [])


_BREADTH: Final = 10


async def _intent_of(database: Database, stripe: Stripe, scope: StripeScope, refund_id: str) -> str | Foreign:
    async with database.transaction("refund_by_stripe_id") as tx:
        known = await store.refund_by_stripe_id(tx, scope, refund_id)
        payment = await find_payment(tx, known.payment_id) if known else None
    if payment is not None and payment.intent_id is not None:
        return payment.intent_id
    try:
        return (await stripe.read_refund(refund_id)).payment_intent or Foreign(NO_INTENT)
    except StripeObjectMissing:
        return Foreign(MISSING)
