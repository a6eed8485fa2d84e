"""The whole web application in this process, and browsers and other clients that call it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.types import ASGIApp

from personal_traces import VISITOR
from shop_kit import Kit, open_kit
from vivr.clock import Clock
from vivr.web.app import build_app

ORIGIN = "http://127.0.0.1:8000"
NO_SANDBOX = "http://127.0.0.1:9"
ADDRESS = {"name": "Anna Martin", "line1": "1 rue Haute", "postalCode": "69001", "city": "Lyon", "country": "FR"}
PASSWORD = "correct horse battery"


@dataclass
class Web:
    """A shop, its application, and a browser on it that keeps cookies and sends its Origin."""

    kit: Kit
    app: ASGIApp
    browser: httpx.AsyncClient

    @asynccontextmanager
    async def client(self, **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
        """Another client, with no cookies and these headers alone."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(VISITOR, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
            yield client

    async def counts(self) -> dict[str, int]:
        """How many rows stand where a refused request must leave none."""
        return {
            "orders": await self.kit.count("SELECT count(*) FROM orders"),
            "reservations": await self.kit.count("SELECT count(*) FROM stock_reservation"),
            "operations": await self.kit.count("SELECT count(*) FROM operation"),
        }


@asynccontextmanager
async def open_web(
    database_url: str, sandbox_url: str = NO_SANDBOX, *, clock: Clock | None = None, **settings: str
) -> AsyncGenerator[Web]:
    """A shop with its application; ``settings`` are environment variables."""
    async with open_kit(database_url, sandbox_url, clock=clock, **settings) as kit:
        web = Web(kit, build_app(kit.shop), httpx.AsyncClient())
        await web.browser.aclose()
        async with web.client(Origin=ORIGIN) as browser:
            web.browser = browser
            yield web


def basket(product_id: str, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """The body of an order of one line by a guest."""
    return {
        "items": [{"productId": product_id, "quantity": quantity}],
        "address": ADDRESS,
        "email": "anna@example.com",
    } | more


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a failure, whose envelope is checked."""
    body = response.json()
    assert body["success"] is False
    assert body["requestId"] == response.headers["X-Request-Id"]
    assert body["error"].strip()
    assert set(body) <= {"success", "error", "code", "requestId", "fields", "details"}
    return response.status_code, body["code"]


def data_of(response: httpx.Response, status: int = 200) -> Any:
    """The data of a success."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"success", "data"}
    assert body["success"] is True
    return body["data"]
