"""The audit trail in the database: chained after commit, by one sealer at a time, and every change is found."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
import pytest

from money_rows import ask, change
from vivr.audit.record_act import record_act
from vivr.audit.seal_chain import first_break, head_of_chain, seal_chain, verify_chain
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.database import Database
from vivr.ids import OriginId, RequestId
from vivr.money import Money

BY = Caller("staff:per_1", "owner", RequestId("req_1"), OriginId("org_1"), b"\x00digest\xff")


async def act(database: Database, clock: SetClock, *actions: str) -> None:
    """Record acts, each in a transaction of its own."""
    for action in actions:
        clock.advance(seconds=1)
        async with database.transaction() as tx:
            await record_act(
                tx, BY, clock.now(), action, on=("order", "ord_1"), order_id="ord_1", money=Money(2980, "EUR")
            )


@asynccontextmanager
async def without_triggers(database_url: str) -> AsyncGenerator[psycopg.AsyncConnection]:
    """A connection of somebody who may do everything."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


async def test_acts_are_chained_in_their_order_and_the_chain_verifies(database: Database, clock: SetClock) -> None:
    assert await seal_chain(database) == 0
    assert await verify_chain(database) is None
    await act(database, clock, "one", "two")
    assert await seal_chain(database) == 2
    await act(database, clock, "three")
    assert await seal_chain(database) == 1
    assert await seal_chain(database) == 0
    found = await ask(
        database, "SELECT sequence, action FROM audit_link JOIN audit_row ON id = audit_id ORDER BY sequence"
    )
    assert [(row["sequence"], row["action"]) for row in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert await verify_chain(database) is None


async def test_an_act_that_was_rolled_back_is_none(database: Database, clock: SetClock) -> None:
    async def act_and_fail() -> None:
        async with database.transaction() as tx:
            await record_act(tx, BY, clock.now(), "undone", on=("order", "ord_1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await act_and_fail()
    await act(database, clock, "done")
    assert await seal_chain(database) == 1
    assert await verify_chain(database) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_row SET actor = 'staff:per_2' WHERE action = 'b'",
        "UPDATE audit_row SET amount_minor = 2979 WHERE action = 'b'",
        "UPDATE audit_row SET at = at + interval '1 microsecond' WHERE action = 'b'",
        "UPDATE audit_row SET order_id = NULL WHERE action = 'b'",
        "UPDATE audit_row SET error_code = '' WHERE action = 'b'",
        "UPDATE audit_row SET origin_digest = '\\x00' WHERE action = 'b'",
        "UPDATE audit_link SET hash = sha256('x') WHERE sequence = 2",
        "DELETE FROM audit_row WHERE action = 'b'",
        "DELETE FROM audit_link WHERE sequence = 2",
    ],
)
async def test_a_change_of_an_old_act_is_found_where_it_was_made(
    database: Database, database_url: str, clock: SetClock, statement: str
) -> None:
    await act(database, clock, "a", "b", "c")
    await seal_chain(database)
    async with without_triggers(database_url) as connection:
        await connection.execute(statement.encode())
    assert await verify_chain(database) == (3 if statement.startswith("DELETE") else 2)


async def test_two_acts_that_changed_places_are_found(database: Database, database_url: str, clock: SetClock) -> None:
    await act(database, clock, "a", "b", "c")
    await seal_chain(database)
    async with without_triggers(database_url) as connection:
        await connection.execute("UPDATE audit_link SET sequence = -sequence WHERE sequence > 1")
        await connection.execute("UPDATE audit_link SET sequence = 5 + sequence WHERE sequence < 0")
    assert await verify_chain(database) == 2


async def test_an_act_that_was_slipped_in_is_found(database: Database, database_url: str, clock: SetClock) -> None:
    await act(database, clock, "a", "b")
    await seal_chain(database)
    await act(database, clock, "forged")
    async with without_triggers(database_url) as connection:
        await connection.execute("UPDATE audit_link SET sequence = 3 WHERE sequence = 2")
        await connection.execute(
            "INSERT INTO audit_link SELECT 2, id, sha256('x') FROM audit_row WHERE action = 'forged'"
        )
    assert await verify_chain(database) == 2


async def test_an_act_whose_transaction_ends_late_gets_a_later_link(database: Database, clock: SetClock) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with database.transaction() as tx:
            await record_act(tx, BY, clock.now(), "late", on=("order", "ord_1"))
            begun.set()
            await may_end.wait()

    waiting = asyncio.create_task(late())
    await begun.wait()
    await act(database, clock, "early")
    assert await seal_chain(database) == 1
    may_end.set()
    await waiting
    assert await seal_chain(database) == 1
    found = await ask(database, "SELECT action FROM audit_link JOIN audit_row ON id = audit_id ORDER BY sequence")
    assert [row["action"] for row in found] == ["early", "late"]
    assert await verify_chain(database) is None


async def test_many_sealers_at_once_make_one_chain(database: Database, clock: SetClock) -> None:
    await act(database, clock, *(f"act {number}" for number in range(20)))
    sealed = await asyncio.gather(*(seal_chain(database) for _ in range(8)))
    assert sum(sealed) == 20
    assert max(sealed) == 20
    assert await verify_chain(database) is None


async def test_more_acts_than_one_batch_are_chained_and_verified(database: Database) -> None:
    await change(
        database,
        """
        INSERT INTO audit_row (at, actor, role, action, object_type, object_id, outcome, request_id)
        SELECT now(), 'system:test', 'system', 'tested', 'order', 'ord_' || number, 'done', 'req_1'
        FROM generate_series(1, 1100) AS number
        """,
    )
    assert [await seal_chain(database) for _ in range(4)] == [500, 500, 100, 0]
    assert await verify_chain(database) is None


async def test_forgetting_where_a_request_came_from_leaves_the_chain_valid(database: Database, clock: SetClock) -> None:
    await change(
        database,
        """
        INSERT INTO request_origin (id, sealed, digest, created_at, expires_at)
        VALUES ('org_1', '', '', now(), now())
        """,
    )
    await act(database, clock, "done")
    await seal_chain(database)
    assert await change(database, "DELETE FROM request_origin") == 1
    assert await verify_chain(database) is None


async def test_a_last_act_that_was_removed_is_found(database: Database, database_url: str, clock: SetClock) -> None:
    await act(database, clock, "a", "b")
    await seal_chain(database)
    async with without_triggers(database_url) as connection:
        await connection.execute("DELETE FROM audit_row WHERE action = 'b'")
    assert await verify_chain(database) == 2


async def test_a_change_lies_after_the_last_head_that_the_chain_leads_to(
    database: Database, database_url: str, clock: SetClock
) -> None:
    heads = [await head_of_chain(database)]
    for actions in (("a", "b"), ("c",), ("d",)):
        await act(database, clock, *actions)
        await seal_chain(database)
        heads.append(await head_of_chain(database))
    assert [(head.sequence, head.rows) for head in heads] == [(0, 0), (2, 2), (3, 3), (4, 4)]
    assert await first_break(database, heads) is None
    async with without_triggers(database_url) as connection:
        await connection.execute("UPDATE audit_row SET actor = 'staff:per_2' WHERE action = 'c'")
        await connection.execute("DELETE FROM audit_link WHERE sequence > 2")
    assert await verify_chain(database) is None
    assert await first_break(database, heads) == 3
    await seal_chain(database)
    assert await verify_chain(database) is None
    assert await first_break(database, heads) == 3
    assert await first_break(database, heads[:2]) is None
