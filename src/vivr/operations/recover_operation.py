"""Finish Stripe writes that stopped between their steps: repeat under the same key while it lives, else read by list.

Each operation is claimed with a lease, so any number of workers may run it. An unknown outcome never gets a new key.
What a read finds of a kind, and what its answer means, is told by that kind's ``Ending``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.operations.model import (
    ABSENCE_PROOF,
    READ_ABSENT,
    READ_PREFIX,
    Operation,
    OperationKind,
    Recovery,
    choose_recovery,
)
from vivr.operations.run_operation import claim_operation, send_operation
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Failed, StripeNotAsked, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import encoder_fingerprint

_log: Final = structlog.stdlib.get_logger("vivr.operations")


@dataclass(frozen=True, slots=True)
class Ending:
    """How writes of one kind are ended.

    Attributes:
        find: what Stripe has of an operation; None: nothing.
        record: writes what became of it, in a transaction of its own.
    """

    find: Callable[[Database, Stripe, Operation], Awaitable[Answer | None]]
    record: Callable[[Database, Clock, Caller, Operation, Answer], Awaitable[object]]


Endings = Mapping[OperationKind, Ending]


async def recover_due(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, endings: Endings
) -> int:
    """Take one turn on every operation that is due; how many were taken.

    One of another account or mode (the key was changed meanwhile) stays as it is until its own key is back.

    Raises:
        Unavailable: Stripe or the database can't be reached.
    """
    turns = 0
    while True:
        async with database.transaction("claim_operation") as tx:
            operation = await claim_operation(tx, clock)
        if operation is None:
            return turns
        if operation.account != await stripe.account_id() or operation.livemode != stripe.livemode:
            # Another account knows nothing of it: "no such object" there would free what was given back here.
            _log.error("operation.of_another_account", operation=operation.id, kind=operation.kind)
            continue
        await recover_operation(database, stripe, clock, seals, caller, operation, endings[operation.kind])
        turns += 1


async def recover_operation(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation, ending: Ending
) -> None:
    """Take one turn on a claimed operation.

    Raises:
        StripeNotAsked: the breaker is open or no turn came in time; the operation is as it was, and due again later.
    """
    how = choose_recovery(operation, encoder=encoder_fingerprint(), now=clock.now(), last_reason=operation.error_code)
    if how == Recovery.REPEAT:
        answer = await send_operation(stripe, seals, operation)
    else:
        answer = await _read_outcome(database, stripe, clock, operation, ending)
    if isinstance(answer, Failed) and answer.kind == "misconfigured":
        # A key that was revoked since says nothing of what happened under it.
        answer = Unknown("misconfigured", answer.stripe_request_id)
    await ending.record(database, clock, caller, operation, answer)
    if isinstance(answer, Unknown) and not answer.was_sent:
        raise StripeNotAsked(answer.reason, answer.retry_after_s)
    _log.info("operation.recovered", operation=operation.id, how=how, answer=type(answer).__name__)


async def _read_outcome(
    database: Database, stripe: Stripe, clock: Clock, operation: Operation, ending: Ending
) -> Answer:
    try:
        found = await ending.find(database, stripe, operation)
    except StripeNotAsked as refused:
        return Unknown(refused.reason, retry_after_s=refused.retry_after_s, was_sent=False)
    except Unavailable as error:
        return Unknown(f"{READ_PREFIX}{error.code}")
    if found is not None:
        return found
    absent_since = operation.absent_since
    if absent_since is not None and clock.now() - absent_since >= ABSENCE_PROOF:
        return Failed("absent", "never_happened", "Two reads by list, ten minutes apart, found nothing.")
    return Unknown(READ_ABSENT)
