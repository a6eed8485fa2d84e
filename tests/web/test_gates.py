"""Host, origin and size: who may knock at all."""

from collections.abc import AsyncIterator

import httpx
import pytest

from web.harness import ORIGIN, Web, basket, data_of, open_web, refusal


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8001", "127.0.0.1", "shop.127.0.0.1:8000", ""])
async def test_another_host_is_refused(web: Web, host: str) -> None:
    assert refusal(await web.browser.get("/api/auth/me", headers={"Host": host})) == (400, "host_not_allowed")
    assert await web.kit.count("SELECT count(*) FROM session") == 0


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
async def test_both_names_of_this_machine_are_hosts_in_the_demo(web: Web, host: str) -> None:
    data_of(await web.browser.get("/api/auth/me", headers={"Host": host}))


async def test_a_real_shop_answers_under_its_own_name_alone(database_url: str) -> None:
    async with open_web(database_url, APP_URL="https://shop.example", ALLOWED_ORIGINS="https://front.example") as web:
        for host in ("shop.example", "front.example"):
            data_of(await web.browser.get("/api/auth/me", headers={"Host": host}))
        for host in ("localhost:8000", "127.0.0.1:8000", "shop.example:8000"):
            answer = await web.browser.get("/api/auth/me", headers={"Host": host})
            assert refusal(answer) == (400, "host_not_allowed")


async def test_probes_are_answered_under_any_host(web: Web) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await web.browser.get(path, headers={"Host": "10.0.0.7"})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": ""},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Cookie": "vivr_session=x"},
    ],
)
async def test_an_unsafe_request_from_elsewhere_is_refused(web: Web, headers: dict[str, str]) -> None:
    product = await web.kit.add_product()
    async with web.client(**headers) as client:
        answer = await client.post("/api/orders", json=basket(product))
    assert refusal(answer) == (403, "origin_not_allowed")
    assert await web.counts() == {"orders": 0, "reservations": 0, "operations": 0}
    assert await web.kit.stock(product) == (10, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ORIGIN},
        {"Origin": "http://localhost:8000"},
        {"Origin": ORIGIN, "Cookie": "vivr_session=x"},
        {"Sec-Fetch-Site": "same-origin", "Cookie": "vivr_session=x"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
async def test_our_pages_and_programs_without_cookies_may_act(web: Web, headers: dict[str, str]) -> None:
    async with web.client(**headers) as client:
        data_of(await client.post("/api/auth/logout"))


async def test_reading_needs_no_origin(web: Web) -> None:
    async with web.client(Origin="https://evil.example") as client:
        answer = await client.get("/api/auth/me")
    data_of(answer)
    assert "access-control-allow-origin" not in answer.headers


async def test_a_listed_front_end_may_call_from_a_browser(database_url: str) -> None:
    front = "https://front.example"
    async with open_web(database_url, ALLOWED_ORIGINS=front) as web, web.client(Origin=front) as client:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        preflight = await client.options("/api/orders", headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == front
        answer = await client.post("/api/auth/logout")
        assert answer.headers["access-control-allow-origin"] == front
        assert answer.headers["access-control-allow-credentials"] == "true"
    async with open_web(database_url, ALLOWED_ORIGINS=front) as web, web.client(Origin="https://x.example") as client:
        assert "access-control-allow-origin" not in (await client.get("/api/auth/me")).headers


async def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(web: Web) -> None:
    padding = 64 * 1024 - len(b'{"pad": ""}')
    answer = await _post(web.browser, b'{"pad": "' + b"x" * padding + b'"}')
    assert refusal(answer) == (422, "validation_failed")
    answer = await _post(web.browser, b'{"pad": "' + b"x" * (padding + 1) + b'"}')
    assert refusal(answer) == (413, "body_too_large")


async def test_ten_megabytes_are_refused(web: Web) -> None:
    assert refusal(await _post(web.browser, b"x" * 10_000_000)) == (413, "body_too_large")


async def test_a_body_without_a_length_is_held_to_the_limit_too(web: Web) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b"x" * 1024

    headers = {"Content-Type": "application/json"}
    answer = await web.browser.post("/api/orders", content=chunks(), headers=headers)
    assert refusal(answer) == (413, "body_too_large")


async def _post(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    return await client.post("/api/orders", content=body, headers={"Content-Type": "application/json"})
