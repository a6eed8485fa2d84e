"""What other rooms do in the transactions of accounts: handed in, because they stand above this room."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vivr.customers.account_mails import Post
from vivr.customers.model import Person
from vivr.database import Tx

TakeOver: TypeAlias = Callable[[Tx, str, Person], Awaitable[None]]
"""Gives what a guest's principal owns (basket, orders) to a person, in the transaction that logs them in."""

ClaimOrders: TypeAlias = Callable[[Tx, Sequence[str], Sequence[str], Person], Awaitable[None]]
"""Gives orders, by their ids, to a person, if a guest owns them or an account in a list of person ids."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The other rooms' part."""

    take_over: TakeOver
    claim_orders: ClaimOrders
    post: Post
