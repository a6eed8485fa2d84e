"""The webhook's door: what Stripe did not freshly sign gets a quiet 400; nothing is acked that is not stored."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from starlette.types import Message, Receive, Scope, Send

from money_probe import nothing_changes, open_checkout
from shop_kit import GUEST, WEBHOOK_SECRET, Kit, open_kit, sign
from vivr.bootstrap import Shop
from vivr.clock import SetClock
from vivr.orders.model import OrderState
from vivr.payments.read_target import PaymentTarget
from vivr.web.metrics import Metrics
from vivr.web.webhook import WebhookPath
from vivr.webhooks.model import DOOR

REFUSED = '{"success":false}'


def event(**changes: Any) -> bytes:
    """A well-formed event."""
    whole: dict[str, Any] = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "livemode": False,
        "api_version": "2026-05-27.dahlia",
        "created": 1,
        "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
    }
    return json.dumps({name: value for name, value in (whole | changes).items() if value is not ...}).encode()


def now_of(shop: Shop) -> float:
    """The shop's time in seconds."""
    return shop.clock.now().timestamp()


async def knock(kit: Kit, body: bytes, *signatures: str | bytes) -> tuple[int, str]:
    """Post a body with these signature headers."""
    values = [value if isinstance(value, bytes) else value.encode() for value in signatures]
    response = await kit.door.post(DOOR, content=body, headers=[(b"stripe-signature", value) for value in values])
    return response.status_code, response.text


async def inbox(kit: Kit) -> int:
    """How many events are stored."""
    return await kit.count("SELECT count(*) FROM inbox_event")


def bad_signatures(body: bytes, at: float) -> Iterator[tuple[str, tuple[str | bytes, ...]]]:
    """Header values that are not Stripe's fresh word, by what is wrong with them."""
    good = sign(body, WEBHOOK_SECRET, at)
    stamp, _, digest = good.partition(",v1=")
    yield "none", ()
    yield "two headers", (good, good)
    yield "empty", ("",)
    yield "forged", (f"{stamp},v1={'0' * 64}",)
    yield "of another secret", (sign(body, "whsec_other", at),)
    yield "of the empty secret", (sign(body, "", at),)
    yield "old", (sign(body, WEBHOOK_SECRET, at - 302),)
    yield "from the future", (sign(body, WEBHOOK_SECRET, at + 302),)
    yield "of another body", (sign(body + b" ", WEBHOOK_SECRET, at),)
    yield "stamped anew", (f"t={int(at) - 1},v1={digest}",)
    yield "of scheme v0 only", (good.replace("v1=", "v0="),)
    yield "without a time", (f"v1={digest}",)
    yield "with two times", (f"t={int(at)},{good}",)
    yield "with a negative time", (f"t=-{int(at)},v1={digest}",)
    yield "with a time in fullwidth digits", (f"t=１,v1={digest}".encode(),)
    yield "with an endless time", (f"t={'9' * 5000},v1={digest}",)
    yield "not ASCII", (f"{stamp},v1=".encode() + b"\xff" * 64,)
    yield "in capitals", (f"{stamp},v1={digest.upper()}",)
    yield "cut short", (good[:-1],)
    yield "too long", (f"{good},{'v1=0,' * 2000}",)


async def test_whatever_is_not_freshly_signed_is_refused_quietly_and_not_stored(kit: Kit) -> None:
    body = event()
    for what, values in bad_signatures(body, now_of(kit.shop)):
        assert await knock(kit, body, *values) == (400, REFUSED), what
    assert await inbox(kit) == 0


async def test_one_good_signature_among_others_is_enough(kit: Kit) -> None:
    body, at = event(), now_of(kit.shop)
    good = sign(body, WEBHOOK_SECRET, at)
    stamp, _, digest = good.partition(",v1=")
    headers = (
        good,
        sign(body, WEBHOOK_SECRET, at - 298),
        sign(body, WEBHOOK_SECRET, at + 298),
        f"{stamp},v1={'0' * 64},v1={digest}",
        f"{stamp},v0={'1' * 64},v1={digest},v1=rubbish",
    )
    for header in headers:
        assert (await knock(kit, body, header))[0] == 200, header
    assert await kit.count("SELECT deliveries FROM inbox_event") == len(headers)


async def test_while_a_secret_is_rolled_both_are_good(database_url: str, sandbox_url: str) -> None:
    new, old = "whsec_new_0123456789", "whsec_old_0123456789"
    async with open_kit(database_url, sandbox_url, STRIPE_WEBHOOK_SECRET=f"{new},{old}") as kit:
        for secret, status in ((new, 200), (old, 200), (WEBHOOK_SECRET, 400)):
            body = event(id=f"evt_{secret}")
            assert (await knock(kit, body, sign(body, secret, now_of(kit.shop))))[0] == status
        assert await inbox(kit) == 2


NOT_EVENTS = {
    "nothing": b"",
    "not JSON": b"hello",
    "not UTF-8": b'{"id":"\xff"}',
    "another encoding": event().decode().encode("utf-16"),
    "a list": b"[" + event() + b"]",
    "a text": b'"evt_1"',
    "null": b"null",
    "without an id": event(id=...),
    "without a type": event(type=...),
    "without livemode": event(livemode=...),
    "without data": event(data=...),
    "without an object": event(data={}),
    "with an object that is none": event(data={"object": "cs_1"}),
    "with livemode as a number": event(livemode=0),
    "with an id that is a number": event(id=1),
    "with an empty id": event(id=""),
    "with a long id": event(id="e" * 256),
    "with an id that ends its line": event(id="evt_1\n"),
    "with NUL in the id": event(id="evt\x00"),
    "with NUL in the object's id": event(data={"object": {"id": "cs_\x00"}}),
    "with NUL in the account": event(account="acct_\x00"),
    "with NUL in the version": event(api_version="2026\x00"),
    "with a long version": event(api_version="2" * 300),
    "with half a character in the object's id": event(data={"object": {"id": "cs_\ud800"}}),
    "with a control character in the type": event(type="a\x1bb"),
    "nested deeply": b"[" * 200_000 + b"]" * 200_000,
    "nested deeply in the data": event(data=1).replace(b"1}", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"),
    "with two values": event() + event(),
    "cut off": event()[:-1],
}


async def test_a_signed_body_that_is_no_event_is_refused_quietly_and_not_stored(kit: Kit) -> None:
    for what, body in NOT_EVENTS.items():
        assert await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))) == (400, REFUSED), what
    assert await inbox(kit) == 0


async def test_an_event_may_hold_whatever_the_shop_does_not_read(kit: Kit) -> None:
    odd: dict[str, object] = {
        "huge": 10**400,
        "nul": "\x00",
        "deep": json.loads("[" * 300 + "]" * 300),
        "emoji": "🏺\u2028",
    }
    body = event(**odd, data={"object": {"id": "cs_1", **odd}, "previous_attributes": odd})
    assert await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))) == (200, '{"received":true}')
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE body = %(body)s", body=body.decode()) == 1


async def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(kit: Kit) -> None:
    piece, read = b"x" * 65_536, 0

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal read
        for _ in range(160):
            read += len(piece)
            yield piece

    body = piece * 160
    header = {"Stripe-Signature": sign(body, WEBHOOK_SECRET, now_of(kit.shop))}
    assert (await kit.door.post(DOOR, content=body, headers=header)).status_code == 413
    assert (await kit.door.post(DOOR, content=pieces(), headers=header)).status_code == 413
    assert read < 2 * 1024 * 1024
    for length in ("-1", "1e3", "", "1 1", "9" * 5000, "٣"):
        headers = [(b"stripe-signature", b"x"), (b"content-length", length.encode())]
        assert (await kit.door.post(DOOR, content=b"{}", headers=headers)).status_code == 413, length
    assert await inbox(kit) == 0


async def test_a_body_of_one_megabyte_is_taken(kit: Kit) -> None:
    padding = 1024 * 1024 - len(event(pad=""))
    body = event(pad="x" * padding)
    assert len(body) == 1024 * 1024
    assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 200
    body += b" "
    assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 413


async def test_a_sender_that_never_ends_is_not_waited_for(database_url: str, sandbox_url: str) -> None:
    async def drip() -> AsyncGenerator[bytes]:
        for _ in range(50):
            await asyncio.sleep(0.1)
            yield b" "

    async with open_kit(database_url, sandbox_url, STRIPE_WEBHOOK_TIMEOUT_MS="500") as kit:
        response = await kit.door.post(DOOR, content=drip(), headers={"Stripe-Signature": "t=1,v1=0"})
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_a_database_that_does_not_answer_in_time_is_not_waited_for_and_nothing_is_acked(
    database_url: str, sandbox_url: str
) -> None:
    body = event()
    async with open_kit(database_url, sandbox_url, STRIPE_WEBHOOK_TIMEOUT_MS="500") as kit:
        await kit.shop.account.scope()
        async with await psycopg.AsyncConnection.connect(database_url) as stranger:
            await stranger.execute("LOCK TABLE inbox_event IN ACCESS EXCLUSIVE MODE")
            for _ in range(3):
                assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 503
        # What nobody waits for any more is written all the same when the database answers again.
        assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 200
        written = await kit.count("SELECT deliveries FROM inbox_event")
        assert 1 <= written <= 4
        for deliveries in range(written + 1, written + 12):
            assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 200
            assert await kit.count("SELECT deliveries FROM inbox_event") == deliveries


async def test_without_the_database_nothing_is_acked(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    completed = (await kit.events("checkout.session.completed"))[0]
    body = json.dumps(completed).encode()
    await kit.shop.account.scope()
    await kit.shop.database.close()
    status, text = await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop)))
    assert (status, text) == (503, REFUSED)
    assert await knock(kit, body, "t=1,v1=0") == (400, REFUSED)
    del order


async def test_a_shop_that_never_saw_its_database_acks_nothing(sandbox_url: str) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    async with open_kit(nowhere, sandbox_url, STRIPE_WEBHOOK_TIMEOUT_MS="600") as kit:
        assert (await knock(kit, event(), sign(event(), WEBHOOK_SECRET, now_of(kit.shop))))[0] == 503


async def test_without_stripe_a_new_shop_acks_nothing_and_a_known_one_goes_on(
    database_url: str, sandbox_url: str
) -> None:
    away = "http://127.0.0.1:1"
    body = event()
    async with open_kit(database_url, away, STRIPE_MAX_RETRIES="0") as kit:
        assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 503
        assert await inbox(kit) == 0
        key = kit.shop.settings.stripe_secret_key.reveal()
    async with open_kit(database_url, sandbox_url, STRIPE_SECRET_KEY=key) as kit:
        await kit.shop.account.scope()
    async with open_kit(database_url, away, STRIPE_SECRET_KEY=key, STRIPE_MAX_RETRIES="0") as kit:
        assert (await knock(kit, body, sign(body, WEBHOOK_SECRET, now_of(kit.shop))))[0] == 200


async def test_a_delivery_three_days_late_is_taken_because_it_is_signed_anew(
    database_url: str, sandbox_url: str
) -> None:
    clock = SetClock(datetime.now(UTC))
    async with open_kit(database_url, sandbox_url, clock=clock) as kit:
        order, link, _ = await open_checkout(kit)
        await kit.pay(link.url)
        clock.advance(days=3)
        await kit.deliver_all()
        assert (await kit.order(order.id)).state == OrderState.PAID


async def test_the_first_body_of_an_event_is_kept_and_later_ones_are_counted(kit: Kit) -> None:
    _, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    completed = (await kit.events("checkout.session.completed"))[0]
    await kit.deliver(completed)
    await kit.process()
    other = {**completed, "data": {"object": {"id": "cs_other"}}, "type": "payment_intent.canceled"}
    async with nothing_changes(kit):
        assert await kit.deliver(other) == 200
        assert await kit.process() == 0
    assert await kit.count("SELECT deliveries FROM inbox_event WHERE type = 'checkout.session.completed'") == 2
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE body LIKE '%%cs_other%%'") == 0


async def test_an_event_that_fails_on_our_side_is_tried_twelve_times_then_dead_with_an_alert(
    database_url: str, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(datetime.now(UTC))
    async with open_kit(database_url, sandbox_url, clock=clock) as kit:
        _, link, _ = await open_checkout(kit)
        await kit.pay(link.url)

        async def broken(*_: object) -> object:
            raise RuntimeError("a bug")

        monkeypatch.setattr(PaymentTarget, "read", broken)
        assert await kit.deliver((await kit.events("checkout.session.completed"))[0]) == 200
        for turn in range(1, 13):
            assert await kit.process() == 1
            assert await kit.count("SELECT tries FROM inbox_event") == turn
            clock.advance(hours=2)
        assert await kit.process() == 0
        assert await kit.count("SELECT count(*) FROM inbox_event WHERE state = 'DEAD' AND reason IS NOT NULL") == 1
        assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.dead'") == 1


async def test_an_outage_of_stripe_spends_no_try(database_url: str, sandbox_url: str) -> None:
    clock = SetClock(datetime.now(UTC))
    async with open_kit(database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0") as kit:
        order, link, _ = await open_checkout(kit)
        await kit.pay(link.url)
        fault = {"kind": "error_before", "route": "GET /v1/*", "count": 4}
        await kit.deliver((await kit.events("checkout.session.completed"))[0])
        await kit.sandbox.post("/_sandbox/faults", content=json.dumps(fault))
        for _ in range(4):  # one more, and the breaker opens: see test_stripe_outage.py
            assert await kit.process() == 1
            clock.advance(seconds=4)
        assert await kit.count("SELECT tries FROM inbox_event") == 0
        assert await kit.process() == 1
        assert (await kit.order(order.id)).state == OrderState.PAID
        assert await kit.shop.settle_session(GUEST, link.session_id) is not None


async def test_everything_but_the_webhooks_own_address_is_somebody_elses(kit: Kit) -> None:
    seen: list[str] = []

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(f"{scope['type']} {scope.get('method')} {scope.get('path')}")

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def unheard(message: Message) -> None:
        raise AssertionError(message)

    door = WebhookPath(elsewhere, kit.shop, Metrics())
    for method, path in (("GET", DOOR), ("POST", f"{DOOR}/"), ("POST", "/"), ("PUT", DOOR)):
        await door({"type": "http", "method": method, "path": path, "headers": []}, nothing, unheard)
    await door({"type": "lifespan"}, nothing, unheard)
    assert seen == [f"http GET {DOOR}", f"http POST {DOOR}/", "http POST /", f"http PUT {DOOR}", "lifespan None None"]
    # A sender that hangs up before its body is whole gets no answer, and nothing is stored.
    await door({"type": "http", "method": "POST", "path": DOOR, "headers": []}, nothing, unheard)
    assert await inbox(kit) == 0
