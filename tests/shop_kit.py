"""A shop in this process, on a real database and a real sandbox, with a buyer who fills in the hosted page."""

import hashlib
import hmac
import itertools
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from starlette.types import Receive, Scope, Send

from vivr.bootstrap import Shop, open_shop
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers.contact import Address, Contact
from vivr.database import Sql
from vivr.ids import OrderId, ProductId, RequestId, new_order_id, new_product_id
from vivr.orders.model import BasketItem, Order
from vivr.orders.place_order import OrderRequest
from vivr.settings import Settings, read_settings
from vivr.web.metrics import Metrics
from vivr.web.webhook import WebhookPath
from vivr.webhooks.model import DOOR
from vivr.webhooks.process_event import process_events

WEBHOOK_SECRET = "whsec_test_0123456789"
SHOP_ID = "test-shop"
GUEST = Caller("guest:ses_test", "guest", RequestId("req_guest"))
WORKER = Caller("system:worker", "system", RequestId("req_worker"))
CONTACT = Contact(
    "anna@example.com", Address(name="Anna Martin", line1="1 rue Haute", postal_code="69001", city="Lyon", country="FR")
)

OFTEN = {
    f"RATE_LIMIT_{name}": "1000000/second"
    for name in ("CHECKOUT", "ORDERS", "LOGIN", "REGISTER", "REFUNDS", "WEBHOOK", "DEFAULT")
}
"""Limits that no test of other things reaches; they are kept and counted all the same."""

_keys = itertools.count(1)

_ADD_ENTRY = Sql(
    "test_add_entry",
    "An entry with nothing but a title.",
    """
    INSERT INTO catalogue_entry (handle, position, title, description_html, vendor, kind, tags, option_names, published,
                                 created_at, updated_at)
    VALUES (%(handle)s, 1, %(handle)s, '', '', '', '{}', '{}', true, now(), now())
    ON CONFLICT DO NOTHING
    """,
)
_ADD_PRODUCT = Sql(
    "test_add_product",
    "A product with stock.",
    """
    INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, stock_on_hand, updated_at)
    VALUES (%(id)s, %(id)s, %(handle)s, 1, '{}', true, %(rate)s, 100, %(stock)s, now())
    """,
)
_ADD_PRICE = Sql(
    "test_add_price",
    "Its price.",
    "INSERT INTO product_price (product_id, currency, amount_minor) VALUES (%(id)s, 'EUR', %(amount)s)",
)


def make_settings(sandbox_url: str, **more: str) -> Settings:
    """Settings of a test shop with an account of its own at the sandbox."""
    return read_settings(
        {
            "SHOP_ID": SHOP_ID,
            "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
            "STRIPE_SECRET_KEY": f"sk_test_vivr{next(_keys):04d}{secrets.token_hex(6)}",
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": sandbox_url,
            "SHIPPING_FLAT_AMOUNT": "4.90",
            "APP_URL": "http://127.0.0.1:8000",
            **OFTEN,
            **more,
        }
    )


def sign(body: bytes, secret: str, at: float) -> str:
    """A Stripe-Signature header."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


async def nothing_else(scope: Scope, receive: Receive, send: Send) -> None:
    """What stands behind the webhook path, where nothing may come."""
    del scope, receive, send
    raise AssertionError("only the webhook path is tested here")


@dataclass
class Kit:
    """What a flow test holds: the shop, the buyer's browser, and Stripe's account as its owner sees it."""

    shop: Shop
    sandbox: httpx.AsyncClient
    door: httpx.AsyncClient

    async def add_product(self, *, amount: int = 2490, stock: int = 10, rate: int = 2000) -> ProductId:
        """A product on sale."""
        product_id = new_product_id(self.shop.clock.now())
        async with self.shop.database.transaction() as tx:
            await tx.run(_ADD_ENTRY, handle="bol")
            await tx.run(_ADD_PRODUCT, id=product_id, handle="bol", stock=stock, rate=rate)
            await tx.run(_ADD_PRICE, id=product_id, amount=amount)
        return product_id

    async def place(self, product_id: ProductId, quantity: int = 1, caller: Caller = GUEST) -> Order:
        """An order of one line."""
        request = OrderRequest((BasketItem(product_id, quantity),), CONTACT, "fr", "http://127.0.0.1:8000")
        return await self.shop.place_order(caller, new_order_id(self.shop.clock.now()), request)

    async def pay(self, url: str, number: str = "4242424242424242") -> httpx.Response:
        """Fill in the hosted page and press Pay."""
        form = {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Anna Martin"}
        return await self.sandbox.post(url, data=form)

    async def api(self, method: str, path: str, data: dict[str, str] | None = None) -> dict[str, Any]:
        """Call Stripe's API as the merchant's other programs would."""
        response = await self.sandbox.request(method, path, data=data)
        assert response.status_code == 200, response.text
        return response.json()

    async def events(self, *types: str) -> list[dict[str, Any]]:
        """The account's events, oldest first."""
        listed = await self.api("GET", "/v1/events?limit=100")
        found = cast("list[dict[str, Any]]", list(reversed(listed["data"])))
        return [event for event in found if not types or event["type"] in types]

    async def deliver(self, event: dict[str, Any] | bytes, *, secret: str = WEBHOOK_SECRET, ago_s: float = 0) -> int:
        """Deliver one event, signed; the status."""
        body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
        header = sign(body, secret, self.shop.clock.now().timestamp() - ago_s)
        response = await self.door.post(DOOR, content=body, headers={"Stripe-Signature": header})
        return response.status_code

    async def process(self) -> int:
        """Let the worker process what is due."""
        shop = self.shop
        return await process_events(shop.database, shop.stripe, shop.clock, WORKER, shop.settings.shop_id)

    async def deliver_all(self, *types: str) -> None:
        """Deliver all events (of some types) and process them."""
        for event in await self.events(*types):
            assert await self.deliver(event) == 200
        await self.process()

    async def order(self, order_id: OrderId) -> Order:
        """The order as it stands."""
        found = await self.one(Order, "SELECT * FROM orders WHERE id = %(id)s", id=order_id)
        assert found is not None
        return found

    async def one(self, row_type: type[Any], text: Any, **values: object) -> Any:
        """One row of an ad-hoc question."""
        async with self.shop.database.transaction() as tx:
            return await tx.row(Sql("test", "A test's question.", text), row_type, **values)

    async def count(self, text: Any, **values: object) -> int:
        """The number that an ad-hoc question gives."""
        async with self.shop.database.transaction() as tx:
            return await tx.value(Sql("test", "A test's question.", text), int, **values) or 0

    async def stock(self, product_id: ProductId) -> tuple[int, int]:
        """Units on hand, and reserved."""
        on_hand = await self.count("SELECT stock_on_hand FROM product WHERE id = %(id)s", id=product_id)
        return on_hand, await self.count("SELECT stock_reserved FROM product WHERE id = %(id)s", id=product_id)


@asynccontextmanager
async def open_kit(
    database_url: str, sandbox_url: str, *, clock: Clock | None = None, **settings: str
) -> AsyncGenerator[Kit]:
    """A shop with an account of its own."""
    read = make_settings(sandbox_url, **settings)
    headers = {"Authorization": f"Bearer {read.stripe_secret_key.reveal()}"}
    async with (
        open_shop(read, database_url, clock=clock) as shop,
        httpx.AsyncClient(base_url=sandbox_url, headers=headers, trust_env=False, timeout=20) as sandbox,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(WebhookPath(nothing_else, shop, Metrics())), base_url="http://127.0.0.1:8000"
        ) as door,
    ):
        yield Kit(shop, sandbox, door)
