"""Read what an event about a refund leads to: its payment, and Stripe's present word on that and all its refunds."""

from dataclasses import dataclass

from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.payments.read_payments import find_payment
from vivr.payments.read_target import Foreign, PaymentRead, StrayRead, Target, read_target
from vivr.refunds import store
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeRefund

_NO_INTENT = "It belongs to no PaymentIntent, and so to none of this shop's."


@dataclass(frozen=True, slots=True)
class RefundTarget:
    """What to read: a refund, or a charge that was refunded."""

    refund_id: str | None = None
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundsRead:
    """Whose payment it is, and all its refunds."""

    payment: PaymentRead | StrayRead
    refunds: list[StripeRefund]


async def read_refunds(
    database: Database, stripe: Stripe, shop_id: str, account: str, target: RefundTarget
) -> RefundsRead | Foreign:
    """Find whose payment it is, and read Stripe's present word on it and on its refunds.

    All refunds are read, whichever the event named: what failed has to be known before what came after it fits.

    Raises:
        Unavailable: Stripe or the database can't be reached.
    """
    intent_id = await _intent_of(database, stripe, StripeScope(account, stripe.livemode), target)
    if isinstance(intent_id, Foreign):
        return intent_id
    read = await read_target(database, stripe, shop_id, account, Target(intent_id=intent_id))
    if isinstance(read, Foreign):
        return read
    return RefundsRead(read, await stripe.list_refunds(intent_id))


async def _intent_of(database: Database, stripe: Stripe, scope: StripeScope, target: RefundTarget) -> str | Foreign:
    if target.refund_id is not None:
        async with database.transaction("refund_by_stripe_id") as tx:
            known = await store.refund_by_stripe_id(tx, scope, target.refund_id)
            payment = await find_payment(tx, known.payment_id) if known else None
        if payment is not None and payment.intent_id is not None:
            return payment.intent_id
    try:
        if target.refund_id is not None:
            found = (await stripe.read_refund(target.refund_id)).payment_intent
        else:
            found = (await stripe.read_charge(target.charge_id or "")).payment_intent
    except StripeObjectMissing:
        return Foreign("Stripe has no such object in this account.")
    return found or Foreign(_NO_INTENT)
