"""The rule: late and doubled money that nobody decided on goes back after the shop's delay. Any number of workers."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import VivrError
from vivr.money_exceptions.read_exceptions import claim_due
from vivr.operations.model import StripeScope
from vivr.resolutions.give_back import give_back
from vivr.resolutions.model import ResolutionTerms
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.resolutions")


async def apply_rule(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: ResolutionTerms,
) -> int:
    """Give back everything that is due in our key's account and mode; how many were tried.

    One that can't go back now (it is disputed, or Stripe is away) is looked at again after a while. What was tried once
    and came back is left to staff.
    """
    tried = 0
    while terms.rule_after is not None:
        async with database.transaction("claim_due_exception") as tx:
            due = await claim_due(tx, scope, clock.now(), terms.rule_after)
        if due is None:
            break
        tried += 1
        try:
            await give_back(database, stripe, clock, seals, caller, terms, due.id)
        except VivrError as error:
            _log.warning("money_exception.rule_waits", exception=due.id, code=error.code)
        else:
            _log.info("money_exception.rule_applied", exception=due.id)
    return tried
