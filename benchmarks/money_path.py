"""What the shop does with money, beside what it is made of: checkouts and their bare SQL, events end to end.

Stripe is the sandbox in this process, so that no network is measured; its own share of the processor is told apart.
The bare SQL of a checkout is what the shop sent to the database for it, statement by statement with its parameters,
sent again to a copy of the same database by the driver alone.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
import msgspec
import psycopg
import stripe
import uvloop
from psycopg import sql

from cluster import database_at
from shop_kit import GUEST, WORKER, Kit, make_settings
from stripe_sandbox import Options
from stripe_sandbox.in_process import BASE_URL, InProcess
from vivr.bootstrap import open_shop
from vivr.database import Database
from vivr.embedded_postgres import EmbeddedPostgres
from vivr.ids import ProductId, new_request_id
from vivr.logs import silence_logs
from vivr.migrate import migrate
from vivr.stripe_gateway import gateway
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import read_envelope
from vivr.webhooks.process_event import process_events
from vivr.webhooks.receive_event import receive_event
from vivr.webhooks.wake_worker import Bell, listening
from vivr.worker.run import run_step, steps_of

KEY: Final = "sk_test_benchmark0001"
CARD: Final = {"number": "4242424242424242", "expiry": "12/40", "cvc": "123", "name": "Anna"}
ORDERS: Final = max(8, int(os.environ.get("BENCH_ORDERS", "200")))
ROUNDS: Final = 3

Statement = tuple[Any, Any]
_transactions: ContextVar[list[list[Statement]] | None] = ContextVar("transactions", default=None)


class PresentTime:
    """The sandbox's clock shows the machine's time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()


@dataclass
class Share:
    """Time of the processor that went into the sandbox."""

    cpu_s: float = 0


@dataclass
class Bench:
    """A PostgreSQL with a database that every measurement copies, and the sandbox.

    Attributes:
        product: what is sold, of which there is always enough.
        seen: the events that were taken in already.
    """

    url: str
    box: InProcess
    share: Share = field(default_factory=Share)
    product: ProductId | None = None
    copies: int = 0
    seen: set[str] = field(default_factory=set[str])

    def copy(self) -> str:
        """A fresh copy of the database with nothing in it but the product."""
        self.copies += 1
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE bench").format(sql.Identifier(f"copy_{self.copies}"))
            )
        return database_at(self.url, f"copy_{self.copies}")

    @asynccontextmanager
    async def kit(self, database_url: str, **settings: str) -> AsyncGenerator[Kit]:
        """The shop in this process, its account known already."""
        read = make_settings(BASE_URL, STRIPE_SECRET_KEY=KEY, **settings)
        async with (
            open_shop(read, database_url) as shop,
            httpx.AsyncClient(transport=httpx.ASGITransport(self.box.app), base_url=BASE_URL) as browser,
        ):
            await shop.account.scope()
            yield Kit(shop, browser, browser)


@contextmanager
def bench() -> Generator[Bench]:
    """Everything that is measured, on a durable database."""
    box = InProcess(seed=1, clock=PresentTime(), options=Options(record=None))
    with tempfile.TemporaryDirectory(prefix="vivr-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        made = Bench(server.url, box)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        migrate(database_at(server.url, "bench"))

        def transport(**_: object) -> Any:
            client = box.http_client(stripe)
            asked = client.request_async

            async def request_async(*arguments: Any, **more: Any) -> Any:
                began = time.thread_time()
                try:
                    return await asked(*arguments, **more)
                finally:
                    made.share.cpu_s += time.thread_time() - began

            client.request_async = request_async
            return client

        original, gateway.HTTPXClient = gateway.HTTPXClient, transport  # type: ignore[assignment,misc]
        try:
            made.product = uvloop.run(stock(made))
            yield made
        finally:
            gateway.HTTPXClient = original  # type: ignore[misc]
            box.close()


async def stock(bench: Bench) -> ProductId:
    """Put the one product on sale."""
    async with bench.kit(database_at(bench.url, "bench")) as kit:
        return await kit.add_product(stock=10**6)


async def side_by_side(works: Iterator[Awaitable[object]], workers: int) -> None:
    """All works, so many at a time."""

    async def one() -> None:
        for work in works:
            await work

    await asyncio.gather(*(one() for _ in range(workers)))


async def begin_checkout(kit: Kit, product: ProductId | None) -> str:
    """The measured work: an order and its session; where to pay."""
    assert product is not None
    order = await kit.place(product, 2)
    return (await kit.shop.start_checkout(GUEST, order.id)).url


@contextmanager
def recorded() -> Generator[None]:
    """Note every statement of the shop, by its transaction, where a list waits for it."""
    execute, transaction = psycopg.AsyncCursor.execute, Database.transaction

    async def noted(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        kept = _transactions.get()
        if kept:
            kept[-1].append((query, params))
        return await execute(self, query, params, **more)

    @asynccontextmanager
    async def begun(self: Database, name: str = "transaction") -> AsyncGenerator[Any]:
        kept = _transactions.get()
        if kept is not None:
            kept.append([])
        async with transaction(self, name) as tx:
            yield tx

    psycopg.AsyncCursor.execute, Database.transaction = noted, begun
    try:
        yield
    finally:
        psycopg.AsyncCursor.execute, Database.transaction = execute, transaction


async def record_checkouts(bench: Bench) -> list[list[list[Statement]]]:
    """The transactions of so many checkouts."""
    checkouts: list[list[list[Statement]]] = []
    async with bench.kit(bench.copy()) as kit:
        with recorded():
            for _ in range(ORDERS):
                kept: list[list[Statement]] = []
                token = _transactions.set(kept)
                await begin_checkout(kit, bench.product)
                _transactions.reset(token)
                checkouts.append(kept)
    return checkouts


async def repeat_bare(url: str, checkouts: Sequence[Sequence[Sequence[Statement]]], workers: int) -> float:
    """The same statements by the driver alone; checkouts a second."""
    connections = [await psycopg.AsyncConnection[Any].connect(url) for _ in range(workers)]
    free = asyncio.Queue[psycopg.AsyncConnection[Any]]()
    for connection in connections:
        free.put_nowait(connection)

    async def one(transactions: Sequence[Sequence[Statement]]) -> None:
        connection = await free.get()
        for statements in transactions:
            async with connection.transaction():
                for query, parameters in statements:
                    cursor = await connection.execute(query, parameters)
                    if cursor.description:
                        await cursor.fetchall()
        free.put_nowait(connection)

    await side_by_side((one(checkout) for checkout in checkouts[:workers]), workers)
    rest = checkouts[workers:]
    began = time.perf_counter()
    await side_by_side((one(checkout) for checkout in rest), workers)
    took_s = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    return len(rest) / took_s


async def run_checkouts(bench: Bench, workers: int) -> tuple[float, float]:
    """Ours: checkouts a second, and the sandbox's share of the time in milliseconds each."""
    async with bench.kit(bench.copy()) as kit:
        await side_by_side((begin_checkout(kit, bench.product) for _ in range(workers)), workers)
        bench.share.cpu_s, began = 0, time.perf_counter()
        await side_by_side((begin_checkout(kit, bench.product) for _ in range(ORDERS)), workers)
        took_s = time.perf_counter() - began
    return ORDERS / took_s, 1000 * bench.share.cpu_s / ORDERS


async def compare_checkouts(bench: Bench) -> None:
    """Place an order and start its checkout, beside the bare SQL of the same work, in turns."""
    checkouts = await record_checkouts(bench)
    statements = sum(len(transaction) for transaction in checkouts[-1])
    print(f"a checkout is {len(checkouts[-1])} transactions of {statements} statements in all, and 2 calls of Stripe")
    for workers in (1, 8):
        rows: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            bare = await repeat_bare(bench.copy(), checkouts, workers)
            ours, sandbox_ms = await run_checkouts(bench, workers)
            # One thread does it all: what the sandbox takes of it is no work of the shop's.
            without = 1 / (1 / ours - sandbox_ms / 1000)
            rows.append((ours, without, bare))
        ours, without, bare = (median(row[place] for row in rows) for place in range(3))
        print(
            f"checkouts, {workers} at a time: {ours:.0f}/s, without the sandbox's share {without:.0f}/s, "
            f"bare SQL {bare:.0f}/s, ratio {without / bare:.2f}"
        )


async def pay_orders(bench: Bench, kit: Kit) -> None:
    """Paid orders of which the shop has not heard yet."""
    for _ in range(ORDERS):
        url = await begin_checkout(kit, bench.product)
        answer = await kit.sandbox.post(url.removeprefix(BASE_URL), data=CARD)
        assert answer.status_code in {200, 303}, answer.text


async def take_in_events(bench: Bench, kit: Kit, apart_s: float = 0) -> int:
    """Put what the shop subscribes to into its inbox, as its webhook path does; how many."""
    taken, after = 0, ""
    scope = await kit.shop.account.scope()
    headers = {"Authorization": f"Bearer {KEY}"}
    while True:
        page = (await kit.sandbox.get(f"/v1/events?limit=100{after}", headers=headers)).json()
        for event in page["data"]:
            if event["type"] in SUBSCRIBED and event["id"] not in bench.seen:
                bench.seen.add(event["id"])
                body = msgspec.json.encode(event)
                envelope = read_envelope(body)
                assert envelope is not None
                clock = kit.shop.clock
                await receive_event(kit.shop.intake, clock, new_request_id(clock.now()), scope, envelope, body)
                taken += 1
                await asyncio.sleep(apart_s)
        if not page["has_more"]:
            return taken
        after = f"&starting_after={page['data'][-1]['id']}"


async def measure_processing(bench: Bench, name: str, **settings: str) -> None:
    """From the inbox to the settled order, with Stripe's word read for each payment."""
    async with bench.kit(bench.copy()) as kit:
        await pay_orders(bench, kit)
    url = database_at(bench.url, f"copy_{bench.copies}")
    async with bench.kit(url, **settings) as kit:
        events = await take_in_events(bench, kit)
        shop = kit.shop
        bench.share.cpu_s, began, cpu = 0, time.perf_counter(), time.process_time()
        while await kit.count("SELECT count(*) FROM inbox_event WHERE state IN ('RECEIVED', 'RETRYING')"):
            await process_events(shop.database, shop.stripe, shop.clock, WORKER, shop.settings.shop_id)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        paid = await kit.count("SELECT count(*) FROM orders WHERE state = 'PAID'")
        assert paid == ORDERS, f"{paid} of {ORDERS} orders are paid"
    print(
        f"events, {name}: {events} of {ORDERS} payments, {events / took_s:.0f}/s ({ORDERS / took_s:.0f} payments/s), "
        f"{1e3 * (cpu_s - bench.share.cpu_s) / events:.2f} ms of processor each, "
        f"and {1e3 * bench.share.cpu_s / events:.2f} ms in the sandbox"
    )


async def measure_delay(bench: Bench) -> None:
    """From an event's arrival to its end, by the worker's own step that the intake's bell wakes, at a light load."""
    url, apart_s = bench.copy(), 0.02
    async with bench.kit(url) as kit:
        await pay_orders(bench, kit)
    async with bench.kit(url, STRIPE_CALLS_PER_S="0") as kit, listening(url) as woken:
        shop, stop = kit.shop, asyncio.Event()
        bell = Bell(shop.database)
        shop.intake.after_commit = bell.ring
        inbox = next(step for step in steps_of(shop, woken) if step.name == "inbox")
        worker = asyncio.create_task(run_step(shop, inbox, stop))
        events = await take_in_events(bench, kit, apart_s)
        while await kit.count("SELECT count(*) FROM inbox_event WHERE state IN ('RECEIVED', 'RETRYING')"):  # noqa: ASYNC110
            await asyncio.sleep(apart_s)
        stop.set()
        await worker
        await bell.close()
        p50, p99 = [
            await kit.count(
                """SELECT (1e6 * percentile_cont(%(share)s)
                           WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - received_at)))::bigint
                   FROM inbox_event""",
                share=share,
            )
            for share in (0.5, 0.99)
        ]
    print(
        f"from an event's arrival to its end, {1 / apart_s:.0f} events/s and {events} in all, the sandbox in the same "
        f"process: p50 {p50 / 1e3:.1f} ms, p99 {p99 / 1e3:.1f} ms"
    )


def main() -> None:
    """All measurements."""
    silence_logs()
    with bench() as made:
        uvloop.run(compare_checkouts(made))
        uvloop.run(measure_processing(made, "no limits of Stripe's", STRIPE_CALLS_PER_S="0"))
        uvloop.run(measure_processing(made, "limits of live mode", STRIPE_CALLS_PER_S="100"))
        uvloop.run(measure_delay(made))


if __name__ == "__main__":
    main()
