"""Read what an event is about: whose payment it is, by our own metadata, and Stripe's present word on it.

A session or PaymentIntent is ours if its metadata names this shop; its payment is the one that the metadata names, and
the Stripe objects attached to that payment are the only ones that can settle it.
"""

from dataclasses import dataclass
from typing import Final

from vivr.database import Database
from vivr.errors import Unavailable
from vivr.operations.model import StripeScope
from vivr.payments import store
from vivr.payments.model import OPEN, Payment, Snapshot
from vivr.payments.settle_payment import read_snapshot
from vivr.stripe_gateway.answers import StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import PaymentIntent

MISSING: Final = "Stripe has no such object in this account."
NO_INTENT: Final = "It belongs to no PaymentIntent, and so to none of this shop's."


@dataclass(frozen=True, slots=True)
class PaymentRead:
    """One of our payments, and Stripe's word on it."""

    payment: Payment
    snapshot: Snapshot

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too."""
        intent, charge = self.snapshot.intent, self.snapshot.charge
        match asked:
            case PaymentTarget(session_id=str(object_id)) | PaymentTarget(intent_id=str(object_id)):
                return object_id in {self.payment.session_id, self.payment.intent_id, intent and intent.id}
            case PaymentTarget(charge_id=str(charge_id)):
                return charge is not None and charge_id == charge.id
            case _:
                return False


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

    def serves(self, asked: object) -> bool:
        """Whether this is what another event asks for too."""
        return asked == PaymentTarget(intent_id=self.intent.id)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Not ours; one sentence says why."""

    reason: str

    def serves(self, asked: object) -> bool:  # noqa: ARG002 - of what is not ours, each event is looked at by itself
        """Whether this is what another event asks for too."""
        return False


Read = PaymentRead | StrayRead | Foreign


@dataclass(frozen=True, slots=True)
class PaymentTarget:
    """What to read of a payment: its session, its PaymentIntent, or one of its charges."""

    session_id: str | None = None
    intent_id: str | None = None
    charge_id: str | None = None

    @property
    def breadth(self) -> int:
        """A session is attached from the start, and a charge has to be asked for its PaymentIntent."""
        return 0 if self.charge_id else 1 if self.intent_id else 2

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> Read:
        """Find whose payment it is, and read Stripe's present word on it.

        Raises:
            Unavailable: Stripe or the database can't be reached, or the payment's session is not recorded yet.
        """
        if self.charge_id is not None:
            found = await _intent_of(stripe, self.charge_id)
            return found if isinstance(found, Foreign) else await found.read(database, stripe, shop_id, account)
        scope = StripeScope(account, stripe.livemode)
        async with database.transaction("payment_by_object") as tx:
            attached = await store.payment_by_object(tx, scope, self.session_id or self.intent_id or "")
        if attached is not None:
            return PaymentRead(attached, await read_snapshot(database, stripe, attached))
        try:
            if self.session_id is not None:
                session = await stripe.read_session(self.session_id)
                metadata, intent = session.metadata or {}, None
            else:
                intent = await stripe.read_intent(self.intent_id or "")
                metadata = intent.metadata
        except StripeObjectMissing:
            return Foreign(MISSING)
        if "shop" not in metadata or "payment" not in metadata:
            return Foreign("It carries none of this shop's metadata.")
        if metadata["shop"] != shop_id:
            return Foreign("It belongs to another shop that shares this Stripe account.")
        return await _read_named(database, stripe, scope, metadata["payment"], intent)


async def _intent_of(stripe: Stripe, charge_id: str) -> PaymentTarget | Foreign:
    try:
        intent_id = (await stripe.read_charge(charge_id)).payment_intent
    except StripeObjectMissing:
        return Foreign(MISSING)
    return PaymentTarget(intent_id=intent_id) if intent_id else Foreign(NO_INTENT)


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
