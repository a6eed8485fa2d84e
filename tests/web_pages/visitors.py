"""Visitors without scripts, and the checkout form as they send it."""

import re
from typing import Final

import httpx

from personal_traces import VISITOR
from shop_kit import WORKER, Kit
from vivr.bootstrap import Shop
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.web.accounts import account_terms
from vivr.web.app import build_app

ORIGIN: Final = "http://127.0.0.1:8000"
PASSWORD: Final = "bleu-de-travail-7"
NOWHERE: Final = "http://127.0.0.1:9"
"""An address on this machine where nothing listens."""

ADDRESS: Final = {
    "email": "anna@example.com",
    "name": "Anna Martin",
    "line1": "1 rue Haute",
    "line2": "",
    "postal_code": "69001",
    "city": "Lyon",
    "country": "FR",
    "phone": "",
}


def visitor_of(shop: Shop) -> httpx.AsyncClient:
    """Another visitor."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(shop), client=(VISITOR, 40000)),
        base_url=ORIGIN,
        headers={"Origin": ORIGIN},
    )


async def filled_form(visitor: httpx.AsyncClient, path: str = "/checkout", **other: str) -> dict[str, str]:
    """The checkout form as its page gives it, with an address typed in."""
    page = await visitor.get(path)
    assert page.status_code == 200, page.headers.get("location")
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    assert hidden["idempotency_key"]
    return {**hidden, **ADDRESS, **other}


async def staff_of(kit: Kit, client: httpx.AsyncClient, role: str) -> None:
    """Log somebody of staff in."""
    shop, email = kit.shop, f"{role}@example.com"
    request = AccountRequest(email, PASSWORD, "Sam", "fr")
    await add_staff(shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role=role)
    answer = await client.post("/admin/login", data={"email": email, "password": PASSWORD})
    assert answer.status_code == 303
