"""Acknowledge an exception that holds no money: a named person has seen it and says why nothing more is to be done."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Forbidden
from vivr.money_exceptions.decide import end_by_acknowledgement
from vivr.money_exceptions.model import Action, MoneyException, refuse
from vivr.refunds.model import STAFF
from vivr.resolutions.lock_held import lock_held
from vivr.resolutions.model import check_note

_log: Final = structlog.stdlib.get_logger("vivr.resolutions")


async def acknowledge(database: Database, clock: Clock, caller: Caller, exception_id: str, note: str) -> MoneyException:
    """End it; no money moves.

    Raises:
        NotFound: ``exception_not_found``.
        Forbidden: only staff may, by name.
        InvalidInput: no reason is given.
        Conflict: ``exception_money_held``: money is held, and has to go somewhere; or it is resolved already.
    """
    if caller.role not in STAFF:
        raise Forbidden
    refusal = check_note(note)
    if refusal is not None:
        raise refusal
    async with database.transaction("acknowledge_exception") as tx:
        exception = (await lock_held(tx, exception_id)).exception
        refusal = refuse(exception, Action.ACKNOWLEDGE)
        if refusal is not None:
            raise refusal
        ended = await end_by_acknowledgement(tx, caller, clock.now(), exception, note.strip())
    _log.info("money_exception.acknowledged", exception=exception_id)
    return ended
