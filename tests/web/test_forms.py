"""Forms of pages: strict reading, the back office's token, and what happens when the error page itself fails."""

import json
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop_kit import open_kit
from vivr.web.app import build_app
from vivr.web.errors import ShownError
from vivr.web.forms import check_form_token, form_token, read_form
from vivr.web.pages import Pages
from vivr.web.sessions import ensure_session
from vivr.web.visit import visit_of
from web.harness import NO_SANDBOX, ORIGIN


async def _echo(request: Request) -> Response:
    return JSONResponse(await read_form(request))


async def _show_token(request: Request) -> Response:
    visit = visit_of(request)
    before = form_token(visit)
    await ensure_session(visit)
    return JSONResponse([before, form_token(visit)])


async def _guarded(request: Request) -> Response:
    await check_form_token(visit_of(request), await read_form(request))
    return JSONResponse("done")


async def _fail(request: Request, error: ShownError) -> Response:
    del request, error
    raise LookupError("no template")


@pytest.fixture
async def client(database_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser on three forms, in a shop whose error page is broken."""
    routes = [
        Route("/echo", _echo, methods=["POST"]),
        Route("/token", _show_token),
        Route("/guarded", _guarded, methods=["POST"]),
    ]
    async with open_kit(database_url, NO_SANDBOX) as kit:
        app = build_app(kit.shop, Pages(routes=routes, error_page=_fail))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as opened:
            yield opened


async def test_a_form_is_read_as_text(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", data={"name": "Zoë d’Œuvre", "empty": "", "twice": ["a", "b"]})
    assert answer.json() == {"name": "Zoë d’Œuvre", "empty": "", "twice": "b"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=a%00b", "application/x-www-form-urlencoded"),
        (b"name=%FF", "application/x-www-form-urlencoded"),
        (b"name=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(301)), "application/x-www-form-urlencoded"),
        (b"name=a", "text/plain"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_form_that_is_none_is_refused(client: httpx.AsyncClient, body: bytes, content_type: str) -> None:
    answer = await client.post("/echo", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400


async def test_an_error_page_that_fails_leaves_a_plain_one(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "Il n’y a rien à cette adresse." in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


async def test_a_guarded_form_carries_its_sessions_token(client: httpx.AsyncClient) -> None:
    before, token = (await client.get("/token")).json()
    assert before == ""
    assert json.loads((await client.post("/guarded", data={"form_token": token})).text) == "done"
    for wrong in ("", "0" * 32, token[:-1]):
        assert (await client.post("/guarded", data={"form_token": wrong})).status_code == 403
    client.cookies.clear()
    await client.get("/token")
    assert (await client.post("/guarded", data={"form_token": token})).status_code == 403
