"""How often a client may come: what is counted, what it is told, and that a limit is shared by web processes."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from architecture.test_repeats import unsafe_addresses
from flows.stack import Stack, start_stack
from shop_kit import make_settings, sign
from valkey_server import start_valkey
from vivr.rate_limits import limiter as limiter_module
from vivr.rate_limits.limiter import RateLimited, RateLimiter
from vivr.sealing import Seals
from vivr.settings import RateLimit
from vivr.web.limits import LIMITS, limit_of
from vivr.web.visit import client_of
from vivr.webhooks.model import DOOR
from web.harness import Web, basket, open_web, refusal

WRONG = {"email": "anna@example.com", "password": "not this one"}
SEALS = Seals([b"k" * 32])


@pytest.fixture
async def web(database_url: str) -> AsyncGenerator[Web]:
    """A shop with limits that a test reaches."""
    async with open_web(
        database_url, RATE_LIMIT_LOGIN="2/hour", RATE_LIMIT_ORDERS="2/hour", RATE_LIMIT_WEBHOOK="2/hour"
    ) as opened:
        yield opened


async def test_every_unsafe_address_that_costs_something_has_a_limit_of_its_own() -> None:
    addresses = await unsafe_addresses()
    assert set(LIMITS) <= addresses, "a limit for an address that is none"
    # Everything else is a basket's, a session's end, or staff's, and has the default.
    costly = ("/api/auth/login", "/api/auth/register", "/api/orders", "/api/stripe/", "/checkout", "/connexion")
    for address in addresses - {f"POST {DOOR}"}:
        method, path = address.split(" ", 1)
        if any(part in path for part in costly):
            assert limit_of(method, path) != "default", address


def test_a_limit_is_found_by_method_and_path_in_either_language() -> None:
    assert limit_of("POST", "/checkout") == limit_of("POST", "/en/checkout") == "checkout"
    assert limit_of("GET", "/checkout") == "default"
    assert limit_of("POST", "/commande/ord_1/payer") == "checkout"
    assert limit_of("POST", "/commande/ord_1/payer/x") == "default"
    assert limit_of("POST", "/en") == "default"


def test_a_client_is_an_address_or_the_network_of_an_ipv6_customer() -> None:
    assert client_of("192.0.2.7") == "192.0.2.7"
    assert client_of("2001:db8:1:2:3:4:5:6") == client_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert client_of("2001:db8:1:3::1") != client_of("2001:db8:1:2::1")
    assert client_of("testclient") == "testclient"


async def test_the_one_too_many_waits_as_long_as_it_is_told() -> None:
    limiter = RateLimiter({"login": RateLimit(2, 3600)}, SEALS, None)
    await limiter.take("login", "address", "192.0.2.7")
    await limiter.take("login", "address", "192.0.2.7")
    with pytest.raises(RateLimited) as raised:
        await limiter.take("login", "address", "192.0.2.7")
    assert 1795 <= raised.value.retry_after_s <= 1800
    await limiter.take("login", "address", "192.0.2.8")
    await limiter.take("login", "email", "192.0.2.7")


async def test_log_ins_of_one_address_end_with_an_honest_429(web: Web) -> None:
    for _ in range(2):
        assert refusal(await web.browser.post("/api/auth/login", json=WRONG)) == (401, "wrong_credentials")
    before = await web.counts()
    answer = await web.browser.post("/api/auth/login", json=WRONG)
    assert refusal(answer) == (429, "rate_limited")
    assert 1790 <= int(answer.headers["Retry-After"]) <= 1800
    assert await web.counts() == before
    await web.browser.post("/api/auth/login", json=WRONG)
    audited = "SELECT count(*) FROM audit_row WHERE action = 'request.refused' AND error_code = 'rate_limited'"
    for _ in range(200):
        if await web.kit.count(audited):
            break
        await asyncio.sleep(0.02)
    assert await web.kit.count(audited) == 1, "one row a minute for one source"


async def test_a_page_says_it_kindly_and_other_doors_stay_open(web: Web) -> None:
    form = {"email": "anna@example.com", "password": "not this one"}
    for _ in range(2):
        await web.browser.post("/compte/connexion", data=form)
    answer = await web.browser.post("/compte/connexion", data=form)
    assert answer.status_code == 429
    assert f"Veuillez réessayer dans {answer.headers['Retry-After']} secondes." in answer.text
    assert (await web.browser.get("/compte/connexion")).status_code == 200


async def test_one_account_is_guessed_at_from_many_addresses_no_longer(database_url: str) -> None:
    async with open_web(database_url, RATE_LIMIT_LOGIN="2/hour", TRUSTED_PROXIES="127.0.0.1/32") as web:
        answers: list[tuple[int, str]] = []
        for number in range(3):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            body = WRONG | {"email": "Anna@example.com " if number else "anna@example.com"}
            answers.append(refusal(await web.browser.post("/api/auth/login", json=body, headers=headers)))
        assert answers == [(401, "wrong_credentials"), (401, "wrong_credentials"), (429, "rate_limited")]


async def test_orders_are_limited_and_a_refused_one_takes_no_stock(web: Web) -> None:
    product = await web.kit.add_product()
    for _ in range(2):
        assert (await web.browser.post("/api/orders", json=basket(product))).status_code == 201
    assert refusal(await web.browser.post("/api/orders", json=basket(product))) == (429, "rate_limited")
    assert (await web.counts())["orders"] == 2


async def test_forged_deliveries_are_limited_and_a_signed_one_never(web: Web) -> None:
    forged = {"Stripe-Signature": "t=1,v1=00"}
    statuses = [(await web.browser.post(DOOR, content=b"{}", headers=forged)).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    body = b'{"id":"evt_1","type":"payment_intent.succeeded","livemode":false,"data":{"object":{"id":"pi_1"}}}'
    secret = next(iter(web.kit.shop.settings.stripe_webhook_secret)).reveal()
    header = {"Stripe-Signature": sign(body, secret, web.kit.shop.clock.now().timestamp())}
    answer = await web.browser.post(DOOR, content=body, headers=header)
    # Nobody can say here whose account it is, for no Stripe is there: Stripe is asked to deliver again.
    assert answer.status_code in {200, 503}


def test_no_setting_switches_limits_off() -> None:
    assert all(limit.count >= 1 for limit in make_settings("http://127.0.0.1:9").rate_limits.values())


def log_in_at(stack: Stack) -> httpx.Response:
    return httpx.post(
        f"{stack.shop_url}/api/auth/login", json=WRONG, headers={"Origin": stack.shop_url}, trust_env=False, timeout=30
    )


def test_two_web_processes_share_a_limit_and_go_on_alone_without_their_server(
    database_url: str, sandbox_url: str, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with start_valkey() as server:
        shared = {"REDIS_URL": server.url, "RATE_LIMIT_LOGIN": "3/hour", "SECRET_KEY": "0123456789abcdef" * 4}
        with (
            start_stack(tmp_path / "a", database_url, sandbox_url=sandbox_url, launch=("web",), **shared) as first,
            start_stack(tmp_path / "b", database_url, sandbox_url=sandbox_url, launch=("web",), **shared) as second,
        ):
            answers = [log_in_at(stack).status_code for stack in (first, second, first, second, first)]
            assert answers == [401, 401, 401, 429, 429]
            server.stop()
            assert [log_in_at(second).status_code for _ in range(4)] == [401, 401, 401, 429]
            assert log_in_at(first).status_code == 401


async def test_a_limit_is_shared_again_when_its_server_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "_AGAIN_AFTER_S", 0.0)
    monkeypatch.setattr(limiter_module, "_PATIENCE_S", 10.0)
    with start_valkey() as server:
        first, second = (RateLimiter({"login": RateLimit(2, 3600)}, SEALS, server.url) for _ in range(2))
        try:
            await first.take("login", "address", "192.0.2.7")
            server.stop()
            await first.take("login", "address", "192.0.2.7")
            server.start()
            await first.take("login", "address", "192.0.2.7")
            await second.take("login", "address", "192.0.2.7")
            with pytest.raises(RateLimited):
                await first.take("login", "address", "192.0.2.7")
        finally:
            await first.close()
            await second.close()


def test_nothing_that_tells_who_somebody_is_reaches_the_shared_server() -> None:
    async def count(url: str) -> None:
        limiter = RateLimiter({"login": RateLimit(2, 3600)}, SEALS, url)
        await limiter.take("login", "email", "anna@example.com")
        await limiter.take("login", "address", "192.0.2.7")
        await limiter.close()

    with start_valkey() as server:
        asyncio.run(count(server.url))
        keys = server.ask("KEYS *")
    assert keys.startswith(b"*2\r\n"), "two keys"
    assert b"anna" not in keys
    assert b"192.0.2.7" not in keys
