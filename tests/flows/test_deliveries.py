"""Deliveries over the wire: the connection answers the ordinary one itself, and all others get the same answers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import psycopg
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from flows.test_webhook_door import NOT_EVENTS, REFUSED, bad_signatures, event, inbox, now_of
from shop_kit import WEBHOOK_SECRET, Kit, nothing_else, open_kit, sign
from vivr.web.delivery_protocol import delivery_protocol
from vivr.web.metrics import Metrics
from vivr.web.webhook import WebhookPath
from vivr.webhooks.model import DOOR


@dataclass
class Served:
    """A shop behind a socket.

    Attributes:
        handed_on: how many requests became a task of the application.
    """

    kit: Kit
    port: int
    metrics: Metrics
    client: httpx.AsyncClient
    handed_on: int = 0

    def request(self, body: bytes, *headers: str, whole: int | None = None) -> bytes:
        """A signed delivery as it goes over the wire, or so much of its body."""
        signature = sign(body, WEBHOOK_SECRET, now_of(self.kit.shop))
        lines = (f"POST {DOOR} HTTP/1.1", "Host: shop", f"Stripe-Signature: {signature}", *headers)
        length = () if any("chunked" in line for line in headers) else (f"Content-Length: {len(body)}",)
        return "\r\n".join((*lines, *length, "", "")).encode() + body[:whole]

    async def say(self, sent: bytes, answers: int = 1) -> list[str]:
        """Send bytes on a connection of their own; the answers, or what came until the other side hung up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(20):
                return [(await reader.readuntil(b"}")).decode() for _ in range(answers)]
        finally:
            await hang_up(writer)

    def counted(self, status: int) -> int:
        """How many deliveries were answered so."""
        name = f'vivr_http_requests_total{{method="POST",route="{DOOR}",status="{status}"}} '
        found = [line for line in self.metrics.text().decode().splitlines() if line.startswith(name)]
        return int(float(found[0].rpartition(" ")[2])) if found else 0


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait for it: one left to the end of the loop is some later test's complaint."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def serve(database_url: str, sandbox_url: str, **settings: str) -> AsyncGenerator[Served]:
    """The webhook's path behind uvicorn, as ``vivr web`` serves it."""
    async with open_kit(database_url, sandbox_url, clock=None, **settings) as kit:
        metrics = Metrics()
        path = WebhookPath(nothing_else, kit.shop, metrics)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            served.handed_on += 1
            await path(scope, receive, send)

        http = delivery_protocol(path.door)
        config = uvicorn.Config(application, port=0, http=http, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        ticks = asyncio.create_task(server.main_loop())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            served = Served(kit, port, metrics, client)
            yield served
        server.should_exit = True
        await ticks
        await server.shutdown()


@pytest.fixture
async def served(database_url: str, sandbox_url: str) -> AsyncGenerator[Served]:
    """A shop that knows its account."""
    async with serve(database_url, sandbox_url) as opened:
        await opened.kit.shop.account.scope()
        yield opened


async def test_an_ordinary_delivery_is_answered_by_the_connection_as_the_application_would(served: Served) -> None:
    kit, body = served.kit, event()
    headers = {"Stripe-Signature": sign(body, WEBHOOK_SECRET, now_of(kit.shop))}
    by_application = await kit.door.post(DOOR, content=body, headers=headers)
    by_connection = await served.client.post(DOOR, content=body, headers=headers)
    assert served.handed_on == 0
    for answer in (by_application, by_connection):
        assert (answer.status_code, answer.text) == (200, '{"received":true}')
    names = {*by_application.headers, "date", "server"}
    assert {*by_connection.headers} == names
    fixed = names - {"x-request-id", "date", "server"}
    assert {name: by_connection.headers[name] for name in fixed} == {
        name: by_application.headers[name] for name in fixed
    }
    assert by_connection.headers["x-request-id"].startswith("req_")
    assert await kit.count("SELECT deliveries FROM inbox_event") == 2
    assert served.counted(200) == 1


async def test_whatever_is_not_stripes_fresh_word_is_refused_quietly_counted_and_audited(served: Served) -> None:
    kit, body, refused = served.kit, event(), 0
    for what, values in bad_signatures(body, now_of(kit.shop)):
        signed = [(b"stripe-signature", value if isinstance(value, bytes) else value.encode()) for value in values]
        answer = await served.client.post(DOOR, content=body, headers=signed)
        assert (answer.status_code, answer.text) == (400, REFUSED), what
        refused += 1
    assert served.handed_on == refused
    for what, body in NOT_EVENTS.items():
        signed = [(b"stripe-signature", sign(body, WEBHOOK_SECRET, now_of(kit.shop)).encode())]
        answer = await served.client.post(DOOR, content=body, headers=signed)
        assert (answer.status_code, answer.text) == (400, REFUSED), what
        refused += 1
    assert served.counted(400) == refused
    assert await inbox(kit) == 0
    async with asyncio.timeout(20):
        while not await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.refused'"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_unusual_requests_get_the_same_answers_from_the_application(served: Served) -> None:
    body = event()
    chunked = served.request(body, "Transfer-Encoding: chunked", whole=0) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert (await served.say(chunked))[0].startswith("HTTP/1.1 200")
    assert (await served.say(served.request(body, "Expect: 100-continue")))[0].startswith("HTTP/1.1 100 Continue")
    assert (await served.say(served.request(event(pad="x" * 70_000))))[0].startswith("HTTP/1.1 200")
    assert (await served.say(served.request(b"x" * (1024 * 1024 + 1))))[0].startswith("HTTP/1.1 413")
    assert served.handed_on == 4
    # Requests that come at once are answered one after the other, whoever answers them.
    answers = await served.say(served.request(body) * 3, answers=3)
    assert [answer[:12] for answer in answers] == ["HTTP/1.1 200"] * 3
    assert served.handed_on == 6
    closing = (await served.say(served.request(body, "Connection: close")))[0]
    assert "connection: close\r\n" in closing
    assert served.handed_on == 6
    assert await served.kit.count("SELECT deliveries FROM inbox_event") == 7


async def test_a_shop_that_does_not_know_its_account_yet_learns_it_first(database_url: str, sandbox_url: str) -> None:
    async with serve(database_url, sandbox_url) as served:
        assert (await served.say(served.request(event())))[0].startswith("HTTP/1.1 200")
        assert served.handed_on == 1
        assert (await served.say(served.request(event())))[0].startswith("HTTP/1.1 200")
        assert served.handed_on == 1


async def test_neither_a_slow_sender_nor_a_slow_database_is_waited_for(database_url: str, sandbox_url: str) -> None:
    async with serve(database_url, sandbox_url, STRIPE_WEBHOOK_TIMEOUT_MS="500") as served:
        await served.kit.shop.account.scope()
        slow = (await served.say(served.request(event(), whole=10)))[0]
        assert (slow.startswith("HTTP/1.1 503"), "retry-after: 5\r\n" in slow) == (True, True)
        async with await psycopg.AsyncConnection.connect(database_url) as stranger:
            await stranger.execute("LOCK TABLE inbox_event IN ACCESS EXCLUSIVE MODE")
            assert (await served.say(served.request(event())))[0].startswith("HTTP/1.1 503")
        # What nobody waits for any more is written all the same when the database answers again.
        assert (await served.say(served.request(event(id="evt_2"))))[0].startswith("HTTP/1.1 200")
        assert await inbox(served.kit) == 2
        assert (served.handed_on, served.counted(503), served.counted(200)) == (0, 2, 1)


async def test_without_the_database_nothing_is_acked(served: Served) -> None:
    await served.kit.shop.database.close()
    answer = (await served.say(served.request(event())))[0]
    assert (answer.startswith("HTTP/1.1 503"), answer.endswith(REFUSED)) == (True, True)
    assert served.handed_on == 0


async def test_a_sender_that_hangs_up_early_leaves_nothing_and_one_that_sent_all_its_event(served: Served) -> None:
    for whole, status in ((10, 499), (None, 200)):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.request(event(), whole=whole))
        await writer.drain()
        await hang_up(writer)
        async with asyncio.timeout(20):
            while not served.counted(status):  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.01)
        assert await inbox(served.kit) == (status == 200)
    assert served.handed_on == 0
