"""Sending against a real SMTP server that does what a test tells it, over a real database."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from shop_kit import CONTACT
from vivr.clock import SetClock
from vivr.customers.contact import Contact, keep_contact
from vivr.database import Database, Sql
from vivr.email import send_message
from vivr.email.mail_server import hand_over
from vivr.email.model import Sender
from vivr.email.queue_message import queue_message
from vivr.email.read_messages import messages_of_order
from vivr.email.send_message import send_messages
from vivr.email.store import Message
from vivr.errors import Unavailable
from vivr.ids import OrderId, new_order_id
from vivr.money import Money
from vivr.sealing import Seals
from vivr.settings import MailSecurity, MailServer

SENDER = Sender("Maison Vivr", "boutique@example.com", "http://127.0.0.1:8000")

_ORDER = Sql(
    "test_order",
    "A paid order without lines.",
    """
    INSERT INTO orders (id, principal, state, currency, locale, return_origin, subtotal_minor, discount_minor,
                        shipping_minor, tax_minor, total_minor, payable_minor, placed_at, deadline_at, request_id)
    VALUES (%(id)s, 'guest:ses_1', 'PAID', 'EUR', 'fr', 'http://127.0.0.1:8000', 2490, 0, 0, 415, 2490, 2490,
            %(now)s, %(now)s, 'req_1')
    """,
)
_DUE = Sql("test_due", "Make every job due.", "UPDATE pgqueuer SET execute_after = now()")
_STALE = Sql("test_stale", "As if the worker had died.", "UPDATE pgqueuer SET heartbeat = now() - interval '6 minutes'")
_STRANGE = Sql("test_strange", "A kind without templates.", "UPDATE email_message SET kind = 'strange'")
_JOBS = Sql("test_jobs", "Jobs left.", "SELECT count(*) FROM pgqueuer")
_WAIT = Sql(
    "test_wait",
    "Seconds until the next try, rounded.",
    "SELECT round(extract(epoch FROM execute_after - updated))::int FROM pgqueuer",
)


class Died(BaseException):
    """Stands for kill -9."""


@dataclass
class Script:
    """What the mail server answers to DATA and RCPT, and what it took."""

    rcpt: str = "250 ok"
    data: str = "250 ok"
    hang_up_after_data: bool = False
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[str] = field(default_factory=list[str])

    async def handle_RCPT(  # noqa: D102, N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: D102, N802
        if self.hang_up_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients.extend(envelope.rcpt_tos)
        return self.data


@dataclass
class Post:
    """A mail server on a free port."""

    script: Script
    server: MailServer


@asynccontextmanager
async def listen(*, takes_accents: bool = True) -> AsyncGenerator[Post]:
    script = Script()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(script, enable_SMTPUTF8=takes_accents, hostname="localhost"), "127.0.0.1", 0
    )
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield Post(script, MailServer("127.0.0.1", port, MailSecurity.NONE, None, None))


@pytest.fixture
async def post() -> AsyncGenerator[Post]:
    async with listen() as listening:
        yield listening


async def queue_order(database: Database, clock: SetClock, seals: Seals, contact: Contact | None = CONTACT) -> OrderId:
    """A paid order whose confirmation is queued."""
    order_id = new_order_id(clock.now())
    async with database.transaction() as tx:
        await tx.run(_ORDER, id=order_id, now=clock.now())
        if contact is not None:
            await keep_contact(tx, seals, order_id, contact, clock.now() + timedelta(days=1))
        is_new = await queue_message(
            tx, clock.now(), kind="order_confirmation", subject_id=order_id, order_id=order_id, locale="fr"
        )
    assert is_new
    return order_id


async def message_of(database: Database, order_id: OrderId) -> Message:
    async with database.transaction() as tx:
        (message,) = await messages_of_order(tx, order_id)
    return message


async def change(database: Database, sql: Sql) -> None:
    async with database.transaction() as tx:
        await tx.run(sql)


async def number(database: Database, sql: Sql) -> int:
    async with database.transaction() as tx:
        return await tx.value(sql, int) or 0


async def test_queued_message_is_sent_once(database: Database, clock: SetClock, seals: Seals, post: Post) -> None:
    order_id = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    assert await send_messages(database, clock, seals, post.server, SENDER) == 0
    message = await message_of(database, order_id)
    assert (message.state, message.tries, message.sent_at) == ("sent", 1, clock.now())
    assert post.script.recipients == ["anna@example.com"]
    assert post.script.taken[0]["Message-ID"] == f"<{message.id}@example.com>"
    body = post.script.taken[0].get_body(("plain",))
    assert body is not None
    token = seals.token("order", order_id)
    assert f"http://127.0.0.1:8000/commande/{order_id}?cle={token}" in body.get_content()
    assert await number(database, _JOBS) == 0


async def test_message_of_a_rolled_back_transaction_is_never_sent(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    async def queue_and_fail() -> None:
        async with database.transaction() as tx:
            await queue_message(tx, clock.now(), kind="order_confirmation", subject_id="x", order_id=None, locale="fr")
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError, match="rolled back"):
        await queue_and_fail()
    assert await send_messages(database, clock, seals, post.server, SENDER) == 0
    assert await number(database, _JOBS) == 0


async def test_second_message_of_a_kind_for_one_subject_is_not_queued(
    database: Database, clock: SetClock, seals: Seals
) -> None:
    order_id = await queue_order(database, clock, seals)
    async with database.transaction() as tx:
        assert not await queue_message(
            tx, clock.now(), kind="order_confirmation", subject_id=order_id, order_id=order_id, locale="fr"
        )
    assert await number(database, _JOBS) == 1


async def test_two_workers_send_one_message_once(database: Database, clock: SetClock, seals: Seals, post: Post) -> None:
    for _ in range(12):
        await queue_order(database, clock, seals)
    turns = [send_messages(database, clock, seals, post.server, SENDER) for _ in range(4)]
    assert sum(await asyncio.gather(*turns)) == 12
    assert len(post.script.taken) == 12
    assert await number(database, _JOBS) == 0


async def test_mail_server_that_is_away_costs_a_pause_and_no_message(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = MailServer("127.0.0.1", probe.getsockname()[1], MailSecurity.NONE, None, None)
    order_id = await queue_order(database, clock, seals)
    for tries, wait_s in ((1, 10), (2, 20), (3, 40)):
        assert await send_messages(database, clock, seals, nobody, SENDER) == 1
        message = await message_of(database, order_id)
        assert (message.state, message.reason, message.tries) == ("failed", "server_unreachable", tries)
        assert await number(database, _WAIT) == wait_s
        assert await send_messages(database, clock, seals, nobody, SENDER) == 0
        await change(database, _DUE)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason, message.tries) == ("sent", None, 4)


async def test_message_is_given_up_after_a_day(database: Database, clock: SetClock, seals: Seals, post: Post) -> None:
    post.script.rcpt = "451 greylisted"
    order_id = await queue_order(database, clock, seals)
    clock.advance(days=1)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("failed", "smtp_451")
    assert await number(database, _JOBS) == 0


async def test_refusal_for_good_is_not_tried_again_and_quotes_no_address(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    post.script.rcpt = "550 no such user anna@example.com"
    order_id = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("failed", "smtp_550")
    assert await number(database, _JOBS) == 0


async def test_refusal_of_the_content_for_now_is_tried_again(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    post.script.data = "452 disk full"
    order_id = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    assert (await message_of(database, order_id)).reason == "smtp_452"
    assert await number(database, _JOBS) == 1


async def test_connection_lost_after_the_content_is_unknown_and_not_repeated(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    post.script.hang_up_after_data = True
    order_id = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("unknown", "connection_lost")
    assert await number(database, _JOBS) == 0


async def test_worker_that_died_while_sending_leaves_the_message_unknown(
    database: Database, clock: SetClock, seals: Seals, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object, **__: object) -> None:
        raise Died

    order_id = await queue_order(database, clock, seals)
    with monkeypatch.context() as patched:
        patched.setattr("vivr.email.send_message._send", die)
        with pytest.raises(Died):
            await send_messages(database, clock, seals, post.server, SENDER)
    assert (await message_of(database, order_id)).state == "sending"
    assert await send_messages(database, clock, seals, post.server, SENDER) == 0
    await change(database, _STALE)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("unknown", "stopped_while_sending")
    assert post.script.taken == []
    assert await number(database, _JOBS) == 0


async def test_word_of_the_mail_server_outlives_a_restart_of_the_database(
    database: Database, clock: SetClock, seals: Seals, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await queue_order(database, clock, seals)
    away = 2

    async def refuse_twice(*arguments: object) -> None:
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("database_unavailable")
        await record(*arguments)

    record: Any = send_message._record
    monkeypatch.setattr(send_message, "_record", refuse_twice)
    monkeypatch.setattr(send_message, "_RECORD_PAUSE_S", 0.01)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    assert (await message_of(database, order_id)).state == "sent"
    assert len(post.script.taken) == 1
    assert await number(database, _JOBS) == 0


async def test_message_of_an_unknown_kind_is_given_up(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    order_id = await queue_order(database, clock, seals)
    await change(database, _STRANGE)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("failed", "kind_unknown")
    assert await number(database, _JOBS) == 0


async def test_message_whose_address_is_gone_is_given_up(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    order_id = await queue_order(database, clock, seals, contact=None)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 1
    message = await message_of(database, order_id)
    assert (message.state, message.reason) == ("failed", "address_gone")
    assert await number(database, _JOBS) == 0


async def test_message_that_cannot_be_written_does_not_hold_up_the_others(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    broken = await queue_order(database, clock, Seals([bytes(range(1, 33))]))
    whole = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, post.server, SENDER) == 2
    message = await message_of(database, broken)
    assert (message.state, message.reason) == ("failed", "unwritable")
    assert (await message_of(database, whole)).state == "sent"


async def test_address_with_accents_needs_a_server_that_takes_it(post: Post) -> None:
    message = EmailMessage()
    message["To"] = "zoé@example.com"
    message["Subject"] = "Bonjour"
    message.set_content("Bonjour")
    sent = await hand_over(post.server, message, sender="a@example.com", recipient="zoé@example.com")
    assert (sent.verdict, sent.reason) == ("sent", None)
    assert post.script.recipients == ["zoé@example.com"]
    async with listen(takes_accents=False) as old:
        sent = await hand_over(old.server, message, sender="a@example.com", recipient="zoé@example.com")
        assert (sent.verdict, sent.reason) == ("never", "smtputf8_missing")
        assert old.script.recipients == []


async def test_without_a_mail_server_messages_wait(database: Database, clock: SetClock, seals: Seals) -> None:
    order_id = await queue_order(database, clock, seals)
    assert await send_messages(database, clock, seals, None, SENDER) == 0
    assert (await message_of(database, order_id)).state == "queued"
    assert await number(database, _JOBS) == 1


async def test_staff_is_written_to_at_the_shops_address_and_not_at_all_without_one(
    database: Database, clock: SetClock, seals: Seals, post: Post
) -> None:
    orders = [await queue_order(database, clock, seals) for _ in range(2)]
    assert await send_messages(database, clock, seals, post.server, SENDER) == 2
    for order_id, sender in zip(orders, (SENDER, replace(SENDER, staff_address="staff@example.com")), strict=True):
        async with database.transaction() as tx:
            await queue_message(
                tx,
                clock.now(),
                kind="refund_failed_staff",
                subject_id=order_id,
                order_id=order_id,
                locale="fr",
                money=Money(2490, "EUR"),
            )
        assert await send_messages(database, clock, seals, post.server, sender) == 1
    assert post.script.recipients == ["anna@example.com", "anna@example.com", "staff@example.com"]
    async with database.transaction() as tx:
        told = [one for order in orders for one in await messages_of_order(tx, order)]
    states = [(one.state, one.reason) for one in told if one.kind == "refund_failed_staff"]
    assert states == [("failed", "no_staff_address"), ("sent", None)]
