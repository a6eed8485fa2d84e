"""The writer of the inbox: batches form by themselves, one bad row harms no other, who hangs up loses nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from flows.test_webhook_door import event, knock, now_of, sign
from shop_kit import WEBHOOK_SECRET, Kit
from vivr.database import Database, Tx
from vivr.errors import Unavailable, VivrError
from vivr.webhooks.intake import Intake
from vivr.webhooks.model import NewEvent, merge_deliveries

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLAIN = NewEvent(
    "acct_1",
    False,
    "evt_0",
    "payment_intent.succeeded",
    "pi_1",
    "pi_1",
    "2026-05-27.dahlia",
    False,
    "{}",
    NOW,
    None,
    "req_1",
)


def numbered(number: int) -> NewEvent:
    return replace(PLAIN, id=f"evt_{number:04d}")


class Watched(Database):
    """A database that counts its batches, and can be slow to open one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.batches = 0
        self.is_asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def single_statement(self, name: str) -> AsyncGenerator[Tx]:
        """Count it, and wait for the gate."""
        self.batches += 1
        self.is_asked.set()
        await self.gate.wait()
        async with super().single_statement(name) as tx:
            yield tx


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Watched]:
    opened = Watched(database_url)
    await opened.open()
    yield opened
    await opened.close()


async def rows(url: str) -> dict[str, int]:
    async with await psycopg.AsyncConnection[Any].connect(url) as connection:
        found = await (await connection.execute("SELECT id, deliveries FROM inbox_event ORDER BY id")).fetchall()
    return dict(found)


async def test_who_arrives_while_a_batch_commits_forms_the_next_one(database: Watched, database_url: str) -> None:
    intake = Intake(database)
    database.gate.clear()
    first = intake.keep(numbered(0))
    await database.is_asked.wait()
    others = [intake.keep(numbered(number)) for number in range(1, 151)]
    await asyncio.sleep(0)
    database.gate.set()
    assert await asyncio.gather(first, *others) == [1] * 151
    assert database.batches == 2
    assert await rows(database_url) == {f"evt_{number:04d}": 1 for number in range(151)}


async def test_no_batch_is_larger_than_two_hundred(database: Watched) -> None:
    intake = Intake(database)
    assert await asyncio.gather(*(intake.keep(numbered(number)) for number in range(401))) == [1] * 401
    assert database.batches == 3


async def test_deliveries_of_one_event_in_one_batch_are_all_counted(database: Watched, database_url: str) -> None:
    intake = Intake(database)
    other = replace(numbered(1), body='{"other": true}')
    assert await asyncio.gather(*(intake.keep(each) for each in (numbered(1), other, numbered(2), other))) == [
        3,
        3,
        1,
        3,
    ]
    assert await intake.keep(other) == 4
    assert await rows(database_url) == {"evt_0001": 4, "evt_0002": 1}
    async with database.transaction() as tx:
        body = await (await tx.connection.execute("SELECT body FROM inbox_event WHERE id = 'evt_0001'")).fetchone()
    assert body == ("{}",)


async def test_a_row_that_the_database_refuses_harms_no_other_of_its_batch(
    database: Watched, database_url: str
) -> None:
    intake = Intake(database)
    refused = replace(numbered(1), id="e" * 300)
    answers = await asyncio.gather(
        *(intake.keep(each) for each in (numbered(0), refused, numbered(2))), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (1, 1)
    assert isinstance(answers[1], VivrError)
    assert await rows(database_url) == {"evt_0000": 1, "evt_0002": 1}


async def test_a_waiter_that_gives_up_leaves_the_writer_and_the_others_alone(
    database: Watched, database_url: str
) -> None:
    intake = Intake(database)
    database.gate.clear()
    waiters = [intake.keep(numbered(number)) for number in range(5)]
    await database.is_asked.wait()
    waiters[0].cancel()
    waiters[3].cancel()
    await asyncio.sleep(0)
    database.gate.set()
    answers = await asyncio.gather(*waiters, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, asyncio.CancelledError)] == [1, 1, 1]
    assert await intake.keep(numbered(9)) == 1
    assert set(await rows(database_url)) == {"evt_0000", "evt_0001", "evt_0002", "evt_0003", "evt_0004", "evt_0009"}


async def test_without_a_database_every_waiter_is_refused_and_the_next_batch_goes_on(
    database: Watched, database_url: str
) -> None:
    intake = Intake(database)
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    setattr(intake, "_database", away)  # noqa: B010 - what the writer finds behind it
    answers = await asyncio.gather(*(intake.keep(numbered(number)) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    setattr(intake, "_database", database)  # noqa: B010 - and back
    assert await intake.keep(numbered(0)) == 1
    assert await rows(database_url) == {"evt_0000": 1}


async def test_two_processes_that_write_the_same_events_never_lock_each_other_out(
    database: Watched, database_url: str
) -> None:
    one, two = Intake(database), Intake(database)
    events = [numbered(number) for number in range(100)]
    for _ in range(5):
        answers = await asyncio.gather(
            *(one.keep(each) for each in events), *(two.keep(each) for each in reversed(events))
        )
        assert all(isinstance(answer, int) for answer in answers)
    assert set((await rows(database_url)).values()) == {10}


def test_deliveries_are_merged_in_one_order_whatever_order_they_came_in() -> None:
    events = [numbered(2), numbered(1), numbered(2)]
    assert merge_deliveries(events) == [numbered(1), replace(numbered(2), deliveries=2)]


async def test_refusals_are_audited_once_a_minute_per_source(kit: Kit) -> None:
    for _ in range(5):
        assert (await knock(kit, b"{}", "t=1,v1=0"))[0] == 400
    body = event()
    assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 200
    for _ in range(500):
        if await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.refused'"):
            break
        await asyncio.sleep(0.02)
    # Five refusals fall into two minutes at most.
    assert 1 <= await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.refused'") <= 2
    assert await kit.count("SELECT count(*) FROM request_origin") >= 1
