"""What every answer carries: request ids, security headers, errors in the caller's language, logs without secrets."""

import json
from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from personal_traces import VISITOR
from shop_kit import open_kit
from vivr.logs import configure_logs
from vivr.web.app import build_app
from vivr.web.pages import Pages
from web.harness import ADDRESS, NO_SANDBOX, ORIGIN, PASSWORD, Web, basket, data_of, open_web, refusal


async def test_every_answer_names_its_request(web: Web) -> None:
    first = await web.browser.get("/healthz")
    second = await web.browser.get("/nowhere")
    assert first.headers["X-Request-Id"].startswith("req_")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/api/nowhere", "/api/auth/me"])
async def test_every_answer_carries_the_security_headers(web: Web, path: str) -> None:
    headers = (await web.browser.get(path)).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self' https://checkout.stripe.com http://127.0.0.1:9 http://localhost:9; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


async def test_https_brings_strict_transport_and_secure_cookies(database_url: str) -> None:
    async with open_web(database_url, APP_URL="https://shop.example") as web:
        answer = await web.browser.get("/api/auth/me", headers={"Host": "shop.example"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("", "Il n’y a rien à cette adresse."),
        ("en", "There is nothing at this address."),
        ("en-GB,fr;q=0.4", "There is nothing at this address."),
        ("de,en;q=0.2,fr;q=0.3", "Il n’y a rien à cette adresse."),
        ("de", "Il n’y a rien à cette adresse."),
    ],
)
async def test_json_errors_speak_the_callers_language(web: Web, language: str, sentence: str) -> None:
    answer = await web.browser.get("/api/nowhere", headers={"Accept-Language": language})
    assert refusal(answer) == (404, "not_found")
    assert answer.json()["error"] == sentence


async def test_a_wrong_method_says_which_are_right(web: Web) -> None:
    answer = await web.browser.delete("/api/auth/me")
    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


async def test_people_get_errors_as_pages(web: Web) -> None:
    answer = await web.browser.get("/en/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Request-Id"] in answer.text


async def test_a_bug_is_answered_without_its_traceback_and_logged_without_its_values(database_url: str) -> None:
    async def break_down(_request: Request) -> Response:
        raise ValueError("anna@example.com")

    log = StringIO()
    async with open_kit(database_url, NO_SANDBOX) as kit:
        app = build_app(kit.shop, Pages(routes=[Route("/broken", break_down)]))
        web = Web(kit, app, kit.door)
        configure_logs(log)
        async with web.client() as client:
            answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "anna" not in answer.text
    assert "Traceback" not in answer.text
    failed, answered = (json.loads(line) for line in log.getvalue().splitlines())
    assert failed["event"] == "request.failed"
    assert failed["error"] == "ValueError"
    assert failed["request_id"] == answer.headers["X-Request-Id"]
    assert any("in break_down" in place for place in failed["trace"])
    assert answered["status"] == 500
    assert "anna" not in log.getvalue()


async def test_the_log_names_the_route_and_the_principal_and_nothing_personal(web: Web) -> None:
    log = StringIO()
    configure_logs(log)
    product = await web.kit.add_product()
    account = {"email": "anna@example.com", "password": PASSWORD, "name": "Anna Martin"}
    await web.browser.post("/api/auth/register", json=account, headers={"User-Agent": "Browser/1.0"})
    order = data_of(await web.browser.post("/api/orders?secret=1", json=basket(product)), 201)
    await web.browser.get(f"/api/orders/{order['id']}?cle=0123456789abcdef")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    answered = [line for line in lines if line["event"] == "request.answered"]
    assert [(line["method"], line["route"], line["status"]) for line in answered] == [
        ("POST", "/api/auth/register", 201),
        ("POST", "/api/orders", 201),
        ("GET", "/api/orders/{order_id}", 200),
    ]
    assert all(line["principal"].startswith("customer:per_") for line in answered)
    assert all(line["duration_ms"] > 0 and line["at"].endswith("Z") for line in answered)
    for personal in ("anna", "Anna", PASSWORD, ADDRESS["line1"], "Lyon", "secret", "cle=", "Browser", VISITOR):
        assert personal not in log.getvalue()


async def test_ready_means_the_database_answers_and_is_migrated(web: Web) -> None:
    assert data_of(await web.browser.get("/readyz")) == {"status": "ready", "stripe": {"breaker": "closed"}}
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM schema_migration WHERE name LIKE '0009%'")
    answer = await web.browser.get("/readyz")
    assert refusal(answer) == (503, "migrations_pending")
    assert answer.headers["Retry-After"] == "5"


async def test_without_its_database_the_shop_is_alive_and_not_ready() -> None:
    async with open_web("postgresql://nobody@127.0.0.1:9/nothing?connect_timeout=1") as web:
        assert data_of(await web.browser.get("/healthz")) == {"status": "ok"}
        answer = await web.browser.get("/readyz")
    assert refusal(answer) == (503, "database_unavailable")
    assert answer.headers["Retry-After"] == "5"


async def test_metrics_count_by_route_template(web: Web) -> None:
    await web.browser.get("/api/products/bol")
    await web.browser.get("/api/products/vase")
    text = (await web.browser.get("/metrics")).text
    counted = 'vivr_http_requests_total{method="GET",route="/api/products/{handle}",status="404"} 2.0'
    assert counted in text
    assert "vivr_http_request_duration_seconds_bucket" in text


async def test_the_webhook_is_reached_past_the_gates(web: Web) -> None:
    headers = {"Host": "tunnel.example", "Stripe-Signature": "t=1,v1=00"}
    async with web.client(**headers) as client:
        answer = await client.post("/api/stripe/webhook", content=b"{}")
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert (await web.browser.get("/api/stripe/webhook")).status_code == 404


async def test_an_order_remembers_the_origin_that_its_purchase_began_on(web: Web) -> None:
    product = await web.kit.add_product()
    for origin in (ORIGIN, "http://localhost:8000"):
        async with web.client(Origin=origin) as client:
            order = data_of(await client.post("/api/orders", json=basket(product)), 201)
        assert (await web.kit.order(order["id"])).return_origin == origin
