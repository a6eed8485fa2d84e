"""What an event asks to be read, and what was read for it: values of the rooms that the events are about.

A broad read may bring what narrower targets ask for: of a payment, then also of its refunds. Waiting events are read
for from the broadest target on; whatever a read serves is applied with it.
"""

from typing import Protocol

from vivr.database import Database
from vivr.stripe_gateway.gateway import Stripe


class Read(Protocol):
    """Stripe's present word on what was asked for."""

    def serves(self, asked: object) -> bool:
        """Whether applying this applies what another target would have brought, too."""
        ...


class Target(Protocol):
    """What to read: a small frozen value that knows how."""

    @property
    def breadth(self) -> int:
        """The broader is read first."""
        ...

    async def read(self, database: Database, stripe: Stripe, shop_id: str, account: str) -> Read:
        """Read Stripe's present word, with no transaction open.

        Raises:
            Unavailable: Stripe or the database can't be reached.
        """
        ...
