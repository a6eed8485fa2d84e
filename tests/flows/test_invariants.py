"""Every rule of `vivr doctor --money` is seen when it is broken: each gets its own planted fault, as a superuser could.

All faults are planted in one database, each in a transaction that is rolled back, and all rules are asked each time.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final, LiteralString

import psycopg
import pytest

from books_kit import books
from money_probe import broken_at_rest, control, open_checkout, rows
from planted_faults import FAULTS
from refund_kit import STAFF, paid_order, refund
from shop_kit import Kit
from vivr.audit.seal_chain import seal_chain
from vivr.database import Tx
from vivr.invariants import ask_store
from vivr.invariants.check_money import CHAIN_RULE, INVARIANTS, check_money
from vivr.invariants.invariant import Breach
from vivr.refunds.model import Wish

FUNDS_AT_ONCE: Final = "4000000000000077"

ELSEWHERE: Final = {"check_no_idle_transaction": "a fault of a connection, not of rows"}


_LIMITS: Final = "-c lock_timeout=5s -c statement_timeout=60s"


@asynccontextmanager
async def superuser(database_url: str) -> AsyncGenerator[psycopg.AsyncConnection]:
    """A connection that passes triggers and references by."""
    async with await psycopg.AsyncConnection.connect(database_url, options=_LIMITS) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.commit()
        yield connection


async def two_orders(kit: Kit) -> str:
    """One that is paid and refunded in part, one that waits for its money; the first one's id."""
    order, _ = await paid_order(kit, card=FUNDS_AT_ONCE)
    await refund(kit, order.id, Wish(amount_minor=1000), STAFF)
    await control(kit, "POST", "clock", {"advance_s": 3})
    await control(kit, "POST", "payouts")
    await control(kit, "POST", "clock", {"advance_s": 61})
    await kit.deliver_all()
    await books(kit)
    await open_checkout(kit)
    while await seal_chain(kit.shop.database):
        pass
    return order.id


async def broken(connection: psycopg.AsyncConnection, now: datetime) -> dict[str, list[Breach]]:
    """All rules that do not hold in this transaction, by the name of their statement."""
    found = {
        rule.name: await ask_store.breaches_of(Tx(connection), rule, now)
        for invariant in INVARIANTS
        for rule in invariant.rules
        if rule.name not in ELSEWHERE
    }
    return {name: breaches for name, breaches in found.items() if breaches}


async def test_every_rule_is_seen_when_it_is_broken(kit: Kit, database_url: str) -> None:
    await two_orders(kit)
    now = kit.shop.clock.now()
    unlike: dict[str, object] = {}
    async with superuser(database_url) as connection:
        assert await broken(connection, now) == {}
        for name, (fault, detail, besides) in FAULTS.items():
            await connection.rollback()
            await connection.execute(fault)
            found = await broken(connection, now)
            said = [breach.detail for breach in found.get(name, [])]
            if found.keys() != {name, *besides} or not all(fnmatchcase(text, detail) for text in said):
                unlike[name] = found
        await connection.rollback()
    assert unlike == {}


def test_no_rule_is_without_a_fault() -> None:
    assert {rule.name for invariant in INVARIANTS for rule in invariant.rules} == FAULTS.keys() | ELSEWHERE.keys()


async def test_a_transaction_that_waits_for_its_client_is_seen(kit: Kit, database_url: str) -> None:
    connection = await psycopg.AsyncConnection.connect(database_url, application_name="vivr")
    async with connection:
        await connection.execute("SELECT 1")
        later = kit.shop.clock.now()
        async with kit.shop.database.transaction() as tx:
            (rule,) = next(one for one in INVARIANTS if one.code == "I7").rules
            assert await ask_store.breaches_of(tx, rule, later) == []
            (found,) = await ask_store.breaches_of(tx, rule, later + timedelta(seconds=60))
    assert fnmatchcase(found.detail, "idle_since=* last=SELECT 1")


async def test_a_breach_names_its_order_and_the_rest_of_the_promises_stand(kit: Kit, database_url: str) -> None:
    order_id = await two_orders(kit)
    async with superuser(database_url) as connection:
        await connection.execute("UPDATE payment SET refunded_minor = 999 WHERE settles")
        await connection.commit()
    payment = (await rows(kit, "SELECT id FROM payment WHERE settles"))[0]["id"]
    verdicts = await check_money(kit.shop.database, kit.shop.clock.now())
    assert {verdict.invariant.code: verdict.broken for verdict in verdicts if verdict.broken} == {
        "I3": {"A payment's sums are those of its refunds.": [Breach(payment, order_id, "refunded=999 pending=0")]}
    }


@pytest.mark.parametrize("fault", ["UPDATE audit_row SET actor = 'staff:nobody' WHERE id = 3"])
async def test_a_changed_act_breaks_the_chain(kit: Kit, database_url: str, fault: LiteralString) -> None:
    await two_orders(kit)
    assert await broken_at_rest(kit) == {}
    async with superuser(database_url) as connection:
        await connection.execute(fault)
        await connection.commit()
    assert await broken_at_rest(kit) == {
        CHAIN_RULE: [{"object_id": "link 3", "order_id": None, "detail": "the first link that does not fit"}]
    }
