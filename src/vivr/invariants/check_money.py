"""Check every invariant on live data. `vivr doctor --money` and all drills call this: what is drilled is what runs."""

from datetime import datetime
from typing import Final

from vivr.audit.seal_chain import verify_chain
from vivr.database import Database, Sql
from vivr.invariants import ask_store
from vivr.invariants.i1_settlement_store import INVARIANT as I1
from vivr.invariants.i2_books_store import INVARIANT as I2
from vivr.invariants.i3_sums_store import INVARIANT as I3
from vivr.invariants.i4_stock_store import INVARIANT as I4
from vivr.invariants.i5_operations_store import INVARIANT as I5
from vivr.invariants.i6_inbox_store import INVARIANT as I6
from vivr.invariants.i7_transactions_store import INVARIANT as I7
from vivr.invariants.i8_rest_store import INVARIANT as I8
from vivr.invariants.i9_states_store import INVARIANT as I9
from vivr.invariants.i11_trail_store import INVARIANT as I11
from vivr.invariants.invariant import Breach, Invariant, Verdict, is_timed

INVARIANTS: Final = (I1, I2, I3, I4, I5, I6, I7, I8, I9, I11)
"""I10 counts from the day on which invoices exist; I12 is about logs, which no database holds."""

BOOKS: Final = (I2,)
"""What `vivr ledger verify` checks: the books alone."""

CHAIN_RULE: Final = "The audit chain verifies from its first link to its last."


async def check_money(
    database: Database, now: datetime, invariants: tuple[Invariant, ...] = INVARIANTS
) -> list[Verdict]:
    """How every invariant, or each of some, stands now.

    Raises:
        Unavailable: the database can't be reached.
    """
    verdicts: list[Verdict] = []
    for invariant in invariants:
        broken = await broken_rules(database, now, invariant.rules)
        if invariant is I11:
            broken |= await _broken_chain(database)
        verdicts.append(Verdict(invariant, broken))
    return verdicts


async def broken_rules(database: Database, now: datetime, rules: tuple[Sql, ...]) -> dict[str, list[Breach]]:
    """Those of some rules that do not hold, each with what breaks it."""
    broken: dict[str, list[Breach]] = {}
    async with database.transaction("check_rules") as tx:
        await ask_store.take_time(tx)
        for rule in rules:
            if found := await ask_store.breaches_of(tx, rule, now):
                broken[rule.purpose] = found
    return broken


def rules_that_always_hold() -> tuple[Sql, ...]:
    """The rules that hold between any two transactions, whatever is still on its way."""
    return tuple(rule for invariant in INVARIANTS for rule in invariant.rules if not is_timed(rule))


async def _broken_chain(database: Database) -> dict[str, list[Breach]]:
    sequence = await verify_chain(database)
    if sequence is None:
        return {}
    return {CHAIN_RULE: [Breach(f"link {sequence}", None, "the first link that does not fit")]}
