"""The world around a shop's processes: its database, Stripe, the time, and what buyers and staff remember.

All of it outlives a process. It can be kept and put back as it was, so that a flow need not begin anew for each point.
"""

import asyncio
import copy
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, LiteralString

import httpx
import psycopg
import stripe
from psycopg import sql

from proof.knife import Knife, lead_through, watched
from shop_kit import Kit, make_settings, nothing_else
from stripe_sandbox import Options
from stripe_sandbox.in_process import BASE_URL, InProcess
from vivr.bootstrap import open_shop
from vivr.caller import system_caller
from vivr.clock import SetClock
from vivr.errors import Unavailable
from vivr.ids import new_request_id
from vivr.stripe_gateway import gateway
from vivr.stripe_gateway.traffic import Traffic
from vivr.web.metrics import Metrics
from vivr.web.webhook import WebhookPath
from vivr.webhooks.events import SUBSCRIBED
from vivr.worker.run import Step, steps_of

BEGIN: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY: Final = "sk_test_vivrproof0001"
_SETTINGS: Final = {"STRIPE_SECRET_KEY": KEY, "STRIPE_MAX_RETRIES": "0", "STRIPE_CALLS_PER_S": "0"}
LEASE_S: Final = 61
"""A lease has ended after so long."""

NOT_MONEY: Final = {"mail", "forgetting", "books"}
"""Steps that speak to a mail server, delete what expired, or follow Stripe's balance (`flows/test_books.py`)."""

_TABLES: Final[LiteralString] = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migration' ORDER BY relname
"""
_SEQUENCES: Final[LiteralString] = """
    SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value, start_value),
           last_value IS NOT NULL
    FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1
"""
_GOODBYE: Final[LiteralString] = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_GOODBYE_S: Final = 0.001

_UNREST: Final[LiteralString] = """
    SELECT (SELECT count(*) FROM operation WHERE outcome IN ('started', 'unknown'))
         + (SELECT count(*) FROM inbox_event WHERE state IN ('RECEIVED', 'RETRYING'))
         + (SELECT count(*) FROM refund WHERE state = 'SUBMITTED')
"""


class ShopTime:
    """The sandbox's clock shows the shop's time."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock.now().timestamp()


@dataclass
class Scene:
    """What the actors of a story know, and which events Stripe was told are received."""

    known: dict[str, Any] = field(default_factory=dict[str, Any])
    acked: set[str] = field(default_factory=set[str])
    heard: int = 0
    withheld: bool = False


@dataclass(frozen=True)
class Kept:
    """The whole world at one moment."""

    tables: dict[str, bytes]
    sequences: tuple[tuple[str, int, bool], ...]
    sandbox: sqlite3.Connection
    time: datetime
    scene: Scene


@dataclass
class World:
    """One database, one sandbox, one clock; and the present process of the shop, if one lives."""

    database_url: str
    settings: dict[str, str]
    box: InProcess
    clock: SetClock
    janitor: psycopg.Connection[Any]
    tables: tuple[str, ...]
    scene: Scene = field(default_factory=Scene)
    knife: Knife | None = None
    _kit: Kit | None = None

    @property
    def kit(self) -> Kit:
        """The present process, as a test's kit."""
        assert self._kit is not None, "no process lives"
        return self._kit

    @asynccontextmanager
    async def process(self, knife: Knife | None = None) -> AsyncGenerator[Kit]:
        """Start a process, with nothing in its memory; at the end it is gone, and so are its connections."""
        knife = knife or Knife()
        async with self.open_kit(knife) as kit:
            self.knife, self._kit = knife, kit
            try:
                yield kit
            finally:
                self._kit = None
        self.knife = None
        # PostgreSQL notices a closed connection within milliseconds, and rolls back what was open on it.
        while self.ask(_GOODBYE):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(_GOODBYE_S)

    @asynccontextmanager
    async def open_kit(self, knife: Knife) -> AsyncGenerator[Kit]:
        """A shop beside others, whose calls of Stripe are led through a knife."""
        settings = make_settings(BASE_URL, **_SETTINGS, **self.settings)
        self.knife = knife
        async with (
            open_shop(settings, self.database_url, clock=self.clock) as shop,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(self.box.app),
                base_url=BASE_URL,
                headers={"Authorization": f"Bearer {KEY}"},
                trust_env=False,
            ) as browser,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(WebhookPath(nothing_else, shop, Metrics())),
                base_url=settings.app_url,
                trust_env=False,
            ) as door,
        ):
            yield Kit(shop, browser, door)

    def ask(self, text: LiteralString, *values: object) -> Any:
        """The first column of an ad-hoc question's row, asked outside all processes."""
        row = self.janitor.execute(text, values, prepare=True).fetchone()
        assert row is not None
        return row[0]

    def keep(self) -> Kept:
        """Keep the whole world as it is; no process may be at work."""
        tables: dict[str, bytes] = {}
        with self.janitor.transaction(), self.janitor.cursor() as cursor:
            for table in self.tables:
                with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copied:
                    tables[table] = b"".join(bytes(piece) for piece in copied)
            sequences = tuple(cursor.execute(_SEQUENCES).fetchall())
        sandbox = sqlite3.connect(":memory:", check_same_thread=False)
        self.box.store.connection.backup(sandbox)
        kept = {table: rows for table, rows in tables.items() if rows}
        return Kept(kept, sequences, sandbox, self.clock.now(), copy.deepcopy(self.scene))

    def put_back(self, kept: Kept) -> None:
        """Make the world what it was."""
        with self.janitor.transaction(), self.janitor.cursor() as cursor:
            self.clear()
            for table, rows in kept.tables.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copied:
                    copied.write(rows)
            for name, value, is_called in kept.sequences:
                cursor.execute("SELECT setval(%s, %s, %s)", (name, value, is_called))
        kept.sandbox.backup(self.box.store.connection)
        self.clock.time = kept.time
        self.scene = copy.deepcopy(kept.scene)

    def clear(self) -> None:
        """Empty the database again."""
        each = (sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in self.tables)
        self.janitor.execute(sql.SQL("; ").join(each))

    def tidy(self) -> None:
        """Take out what thousands of puttings back leave behind."""
        self.janitor.execute("VACUUM")

    async def hear(self) -> None:
        """Stripe delivers what was not acknowledged yet, oldest first, until one delivery is refused."""
        count = self.box.store.connection.execute("SELECT count(*) FROM object WHERE kind = 'event'").fetchone()[0]
        if self.scene.withheld or self.scene.heard == count:
            return
        for event in await self.kit.events(*SUBSCRIBED):
            if event["id"] not in self.scene.acked:
                if await self.kit.deliver(event) != 200:
                    raise Unavailable("delivery_refused")
                self.scene.acked.add(event["id"])
        self.scene.heard = count

    async def work(self, *names: str) -> None:
        """One turn of the worker's steps (or of the named ones); an outage makes a step wait, as in the worker."""
        shop = self.kit.shop
        steps: tuple[Step, ...] = steps_of(shop)
        for step in steps:
            if step.name not in NOT_MONEY and (not names or step.name in names):
                with suppress(Unavailable):
                    await step.run(system_caller(step.name, new_request_id(shop.clock.now())))

    def is_at_rest(self) -> bool:
        """Whether nothing is under way."""
        return self.ask(_UNREST) == 0


@asynccontextmanager
async def open_world(database_url: str, **settings: str) -> AsyncGenerator[World]:
    """A new world on an empty, migrated database."""
    clock = SetClock(BEGIN)
    box = InProcess(seed=1, clock=ShopTime(clock), options=Options(record=None))
    with psycopg.connect(database_url, autocommit=True) as janitor:
        janitor.execute("SET session_replication_role = replica; SET jit = off")
        tables = tuple(str(row[0]) for row in janitor.execute(_TABLES))
        world = World(database_url, settings, box, clock, janitor, tables)

        def transport(**_: object) -> Any:
            """What a process has in place of a connection to Stripe."""
            assert world.knife is not None
            made = box.http_client(stripe)
            lead_through(world.knife, made)
            return made

        # The breaker rests in the shop's time too.
        traffic = partial(Traffic, now_s=lambda: clock.now().timestamp())
        with patched(gateway, HTTPXClient=transport, Traffic=traffic), watched(lambda _: world.knife):
            try:
                yield world
            finally:
                box.close()


@contextmanager
def patched(place: object, **replacements: object) -> Generator[None]:
    """Replace members of a module or class for the length of the block."""
    before = {name: getattr(place, name) for name in replacements}
    for name, replacement in replacements.items():
        setattr(place, name, replacement)
    try:
        yield
    finally:
        for name, original in before.items():
            setattr(place, name, original)


Act = Callable[[World], Awaitable[object]]
