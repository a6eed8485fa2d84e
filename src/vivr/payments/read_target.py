"""Read what an event is about: whose payment it is, by our own metadata, and Stripe's present word on it.

A session or PaymentIntent is ours if its metadata names this shop; its payment is the one that the metadata names, and
the Stripe objects attached to that payment are the only ones that can settle it.
"""

from dataclasses import dataclass

from vivr.database import Database
from vivr.errors import Unavailable
from vivr.operations.model import StripeScope
from vivr.payments import store
from vivr.payments.model import OPEN, Payment, Snapshot
from vivr.payments.settle_payment import read_snapshot
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import PaymentIntent


@dataclass(frozen=True, slots=True)
class Target:
    """What to read: a session or a PaymentIntent."""

    session_id: str | None = None
    intent_id: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRead:
    """One of our payments, and Stripe's word on it."""

    payment: Payment
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class StrayRead:
    """A PaymentIntent that names this shop, but is not the one of the payment that it names."""

    scope: StripeScope
    intent: PaymentIntent
    payment: Payment | None

    @property
    def order_id(self) -> str | None:
        """The order of the payment that it names."""
        return self.payment.order_id if self.payment else None

    @property
    def payment_id(self) -> str | None:
        """The payment that it names."""
        return self.payment.id if self.payment else None


@dataclass(frozen=True, slots=True)
class Foreign:
    """Not ours; one sentence says why."""

    reason: str


Read = PaymentRead | StrayRead | Foreign


class StaleRead(RuntimeError):  # noqa: N818 - reads as what it is
    """A later reader was quicker: read again."""


async def read_target(database: Database, stripe: Stripe, shop_id: str, account: str, target: Target) -> Read:
    """Find whose payment it is, and read Stripe's present word on it.

    Raises:
        Unavailable: Stripe or the database can't be reached, or the payment's session is not recorded yet.
    """
    scope = StripeScope(account, stripe.livemode)
    object_id = target.session_id or target.intent_id or ""
    async with database.transaction("payment_by_object") as tx:
        attached = await store.payment_by_object(tx, scope, object_id)
    if attached is not None:
        return PaymentRead(attached, await read_snapshot(database, stripe, attached))
    try:
        if target.session_id is not None:
            session = await stripe.read_session(target.session_id)
            metadata, intent = session.metadata or {}, None
        else:
            intent = await stripe.read_intent(object_id)
            metadata = intent.metadata
    except StripeObjectMissing:
        return Foreign("Stripe has no such object in this account.")
    if "shop" not in metadata or "payment" not in metadata:
        return Foreign("It carries none of this shop's metadata.")
    if metadata["shop"] != shop_id:
        return Foreign("It belongs to another shop that shares this Stripe account.")
    return await _read_named(database, stripe, scope, metadata["payment"], intent)


async def _read_named(
    database: Database, stripe: Stripe, scope: StripeScope, payment_id: str, intent: PaymentIntent | None
) -> Read:
    async with database.transaction("find_payment") as tx:
        payment = await store.find_payment(tx, payment_id)
    if payment is None:
        return StrayRead(scope, intent, None) if intent else Foreign("Its payment is not in this database.")
    if intent is None:
        # A session that is not attached: its recording is under way, or another session won.
        if payment.session_id is None:
            raise Unavailable("payment_not_recorded_yet")
        return Foreign("Another session belongs to this payment.")
    if payment.session_id is None and payment.intent_id is None and payment.state not in OPEN:
        return StrayRead(scope, intent, payment)
    snapshot = await read_snapshot(database, stripe, payment)
    if snapshot.intent is not None and snapshot.intent.id == intent.id:
        return PaymentRead(payment, snapshot)
    return StrayRead(scope, intent, payment)
