"""``customer.deleted``: A customer was deleted at Stripe; who owned it gets another one at the next need."""

from typing import Final

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.read_deleted_customer import CustomerRead, CustomerTarget, forget_deleted
from vivr.webhooks.model import EventState, Handled, InboxEvent

EVENT: Final = "customer.deleted"


def target(event: InboxEvent) -> CustomerTarget:
    """The customer that the event is about."""
    return CustomerTarget(event.object_id)


async def apply(tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: CustomerRead) -> Handled:
    """Forget it, if Stripe did."""
    del clock, caller, event
    return Handled(EventState.PROCESSED, await forget_deleted(tx, read))
