"""Let our endpoint at Stripe ask for exactly the events that this shop handles, in three steps like every write."""

from dataclasses import dataclass
from typing import Final

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import Conflict
from vivr.ids import new_operation_id
from vivr.operations.model import Operation, OperationKind, Outcome, StripeScope
from vivr.operations.read_operations import newest_operations
from vivr.operations.recover_operation import Ending, Endings
from vivr.operations.run_operation import record_answer, reserve_operation, send_operation
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, error_of
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import WebhookEndpoint
from vivr.stripe_gateway.requests import update_endpoint
from vivr.webhooks.events import SUBSCRIBED

_LOOKED_AT: Final = 50


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an endpoint asks for, against what this shop handles.

    Attributes:
        missing: handled here, and not asked for.
        surplus: asked for, and not handled here (``*`` for every event).
    """

    endpoint_id: str
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Nothing is to be changed."""
        return not self.missing and not self.surplus


def subscription_of(endpoint: WebhookEndpoint) -> Subscription:
    """Compare one endpoint with what this shop handles."""
    asked_for = set(endpoint.enabled_events)
    missing = () if "*" in asked_for else tuple(sorted(set(SUBSCRIBED) - asked_for))
    return Subscription(endpoint.id, missing, tuple(sorted(asked_for - set(SUBSCRIBED))))


async def find_subscriptions(stripe: Stripe, address: str) -> list[Subscription]:
    """All endpoints at an address (none: nobody made one there)."""
    return [subscription_of(endpoint) for endpoint in await stripe.list_endpoints() if endpoint.url == address]


async def subscribe_endpoint(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    endpoint_id: str,
) -> None:
    """Let one endpoint ask for exactly ``SUBSCRIBED``.

    Raises:
        Conflict: ``operation_in_progress``: an earlier one may still arrive, and would take this one's events back.
        Refusal: ``endpoint_refused`` by Stripe.
        StripeMisconfigured: our key may not do this.
        StripeUnavailable: nobody knows yet; the worker ends it.
    """
    async with database.transaction("reserve_subscription") as tx:
        await _refuse_unsettled(tx, scope)
        operation_id = new_operation_id(clock.now())
        operation = await reserve_operation(
            tx,
            clock,
            seals,
            caller,
            operation_id=operation_id,
            kind=OperationKind.UPDATE_ENDPOINT,
            # Whoever changes it in the dashboard makes it due anew: it may succeed more than once.
            intent=f"subscription:{endpoint_id}:{operation_id}",
            scope=scope,
            request=update_endpoint(endpoint_id, list(SUBSCRIBED), operation_id=operation_id),
        )
    answer = await send_operation(stripe, seals, operation)
    await _record(database, clock, caller, operation, answer)
    if not isinstance(answer, Done):
        raise error_of(answer, "endpoint_refused")


async def _refuse_unsettled(tx: Tx, scope: StripeScope) -> None:
    for outcome in (Outcome.STARTED, Outcome.UNKNOWN):
        found = await newest_operations(
            tx, outcome=outcome, kind=OperationKind.UPDATE_ENDPOINT, before=None, limit=_LOOKED_AT
        )
        for operation in found:
            if operation.scope == scope:
                raise Conflict("operation_in_progress", operation=operation.id)


async def _find(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    """The endpoint carries the id of the last write that changed it."""
    del database
    endpoint_id = operation.intent.split(":")[1]
    for endpoint in await stripe.list_endpoints():
        if endpoint.id == endpoint_id and endpoint.metadata.get("operation") == operation.id:
            return Done({"id": endpoint.id})
    return None


async def _record(database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer) -> None:
    async with database.transaction("record_subscription") as tx:
        await record_answer(tx, clock, caller, operation, answer)


ENDINGS: Final[Endings] = {OperationKind.UPDATE_ENDPOINT: Ending(_find, _record)}
"""How the change of an endpoint is ended."""
