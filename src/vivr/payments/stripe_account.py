"""Which account and mode our key belongs to: asked once, remembered in the database, needed by every Stripe id."""

from vivr.clock import Clock
from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.payments import account_store
from vivr.stripe_gateway.gateway import Stripe


class StripeAccount:
    """The scope of all our Stripe ids, learnt when it is first needed.

    Args:
        database: where it is remembered, so that a start does not need the network.
        stripe: whom to ask the first time.
        clock: the time.
        key_digest: a hash of the secret key: another key is asked about anew.

    Attributes:
        known: the scope once it was learnt.
    """

    def __init__(self, database: Database, stripe: Stripe, clock: Clock, *, key_digest: bytes) -> None:
        self._database: Database = database
        self._stripe: Stripe = stripe
        self._clock: Clock = clock
        self._key_digest: bytes = key_digest
        self.known: StripeScope | None = None

    async def scope(self) -> StripeScope:
        """Account and mode.

        Raises:
            Unavailable: neither the database nor Stripe could tell.
        """
        if self.known is None:
            self.known = StripeScope(await self._learn(), self._stripe.livemode)
        return self.known

    async def _learn(self) -> str:
        livemode = self._stripe.livemode
        async with self._database.transaction("find_account") as tx:
            known = await account_store.find_account(tx, self._key_digest, livemode=livemode)
        if known is not None:
            return known
        account = await self._stripe.account_id()
        async with self._database.transaction("keep_account") as tx:
            await account_store.keep_account(tx, self._key_digest, account, livemode=livemode, now=self._clock.now())
        return account
