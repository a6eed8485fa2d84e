"""What goes wrong is said kindly, in the shop's look, with the id to quote."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shop_kit import make_settings
from vivr.bootstrap import Shop, open_shop
from vivr.web.app import build_app
from vivr.web.pages import Pages
from vivr.web.storefront.error_page import show_error_page
from web_pages.visitors import NOWHERE, ORIGIN, visitor_of


def assert_kind(answer: httpx.Response, status: int, says: str) -> None:
    assert answer.status_code == status
    assert says in answer.text
    assert 'class="wordmark"' in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.text


async def test_too_large_form(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/panier", data={"quantity.x": "1" * 70_000})
    assert_kind(answer, 413, "C’était trop à la fois")


async def test_form_of_another_kind(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/panier", json={"quantity": 1})
    assert_kind(answer, 400, "Cela n’a pas fonctionné")
    latin = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_kind(await browser.post("/panier", content=b"a=%ff", headers=latin), 400, "Cela n’a pas fonctionné")


async def test_method_that_a_page_does_not_take(browser: httpx.AsyncClient) -> None:
    assert_kind(await browser.post("/"), 405, "Cela n’a pas fonctionné")


async def test_database_away() -> None:
    settings = make_settings(NOWHERE)
    async with open_shop(settings, "postgresql://nobody@127.0.0.1:9/none") as shop, visitor_of(shop) as visitor:
        answer = await visitor.get("/en/")
        assert_kind(answer, 503, "We can’t be reached for a moment")
        assert int(answer.headers["retry-after"]) > 0


async def test_bug_of_ours(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError(f"secret detail of {request.url.path}")

    app = build_app(shop, Pages(routes=[Route("/broken", broken)], error_page=show_error_page))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as visitor:
        answer = await visitor.get("/broken")
    assert_kind(answer, 500, "Une erreur s’est produite de notre côté")
    assert "secret detail" not in answer.text
    assert "secret detail" not in caplog.text
