"""How the questions are asked: in one transaction that may take its time."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.invariants.invariant import Breach

_PATIENCE = Sql(
    "take_time_to_check",
    "Whole tables are read: a statement may run longer than one of a request.",
    "SELECT set_config('statement_timeout', '10min', true)",
)


async def take_time(tx: Tx) -> None:
    """Let statements of this transaction run for minutes."""
    await tx.value(_PATIENCE, str)


async def breaches_of(tx: Tx, rule: Sql, now: datetime) -> list[Breach]:
    """What breaks a rule at a time."""
    return await tx.rows(rule, Breach, now=now)
