"""Hostile requests against running processes: each gets its clear refusal and changes nothing."""

import contextlib
import hashlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from cluster import database_at
from crash.purchase import add_product
from flows.stack import Stack, start_stack
from sandbox.judged import Records
from shop_kit import sign

TABLES = (
    "orders",
    "order_line",
    "order_history",
    "payment",
    "operation",
    "inbox_event",
    "money_exception",
    "ledger_entry",
    "ledger_posting",
    "email_message",
    "stock_reservation",
    "product",
)
ADDRESS = {"name": "Anna Martin", "line1": "1 rue Haute", "postalCode": "69001", "city": "Lyon", "country": "FR"}


@dataclass
class Target:
    """A running shop with one product and one order that somebody else placed and paid."""

    stack: Stack
    product_id: str
    paid_order_id: str
    owner: httpx.Client

    def digest(self) -> dict[str, str]:
        """What the shop holds, table by table."""
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            return {table: _digest_of(connection, table) for table in TABLES}

    def stranger(self, **headers: str) -> httpx.Client:
        """A browser that has nothing to do with the order."""
        return httpx.Client(
            base_url=self.stack.shop_url,
            trust_env=False,
            timeout=20,
            headers={"Origin": self.stack.shop_url, **headers},
        )

    def order(self, **more: Any) -> dict[str, Any]:
        """A good order's body, with some of it replaced."""
        items = [{"productId": self.product_id, "quantity": 1}]
        return {"items": items, "email": "anna@example.com", "address": ADDRESS, **more}

    def webhook(self, body: bytes, header: str | None) -> int:
        """Deliver something to the webhook; the status."""
        headers = {} if header is None else {"Stripe-Signature": header}
        url = f"{self.stack.shop_url}/api/stripe/webhook"
        return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=20).status_code

    @property
    def secret(self) -> str:
        """The signing secret of the shop's endpoint."""
        return self.stack.environment["STRIPE_WEBHOOK_SECRET"]


def _digest_of(connection: psycopg.Connection, table: str) -> str:
    question = sql.SQL("SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {} t")
    row = connection.execute(question.format(sql.Identifier(table))).fetchone()
    assert row is not None
    return hashlib.sha256(str(row[0]).encode()).hexdigest()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, cluster_url: str) -> Generator[Target]:
    name = "attacked"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    folder: Path = tmp_path_factory.mktemp("attacks")
    with start_stack(folder, database_at(cluster_url, name)) as stack:
        product_id = add_product(stack.database_url)
        owner = httpx.Client(base_url=stack.shop_url, trust_env=False, timeout=20, headers={"Origin": stack.shop_url})
        yield _bought(Target(stack, product_id, "", owner))
        owner.close()
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _bought(target: Target) -> Target:
    checkout = target.owner.post("/api/stripe/checkout", json=target.order()).json()["data"]
    form = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna Martin"}
    assert httpx.post(checkout["url"], data=form, trust_env=False, timeout=30).status_code == 303
    target.paid_order_id = checkout["orderId"]
    for _ in range(100):
        status = target.owner.get(f"/api/orders/{target.paid_order_id}").json()["data"]["status"]
        if status == "PAID":
            _wait_for_quiet(target)
            return target
        time.sleep(0.2)
    raise AssertionError("the order was not paid")


def _wait_for_quiet(target: Target) -> None:
    """The rest of the purchase's events and the mail come in; then nothing changes by itself."""
    before, quiet = target.digest(), 0
    for _ in range(60):
        time.sleep(0.5)
        now = target.digest()
        quiet = quiet + 1 if now == before else 0
        before = now
        if quiet >= 10:
            return
    raise AssertionError("the shop does not come to rest")


def test_what_the_stripe_of_a_stack_answers_and_delivers_is_judged(target: Target, stripe_records: Records) -> None:
    lines = stripe_records.of_process(target.stack.processes["sandbox"].pid)
    assert {"POST /v1/customers", "POST /v1/checkout/sessions"} <= {line.get("route") for line in lines}
    assert "checkout.session.completed" in {line["event"]["type"] for line in lines if "event" in line}


def _refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is False
    assert body["code"] == code
    assert body["error"]
    assert body["requestId"].startswith("req_")
    return body


@pytest.mark.flow
def test_a_price_that_the_client_made_up_is_refused(target: Target) -> None:
    before = target.digest()
    items = [{"productId": target.product_id, "quantity": 1, "price": 0.01}]
    with target.stranger() as browser:
        _refused(browser.post("/api/orders", json=target.order(items=items)), 409, "price_changed")
        _refused(browser.post("/api/stripe/checkout", json=target.order(items=items)), 409, "price_changed")
    assert target.digest() == before


@pytest.mark.flow
def test_a_foreign_origin_or_host_is_refused(target: Target) -> None:
    before = target.digest()
    with target.stranger(Origin="https://evil.example") as browser:
        _refused(browser.post("/api/orders", json=target.order()), 403, "origin_not_allowed")
    with target.stranger(Host="evil.example") as browser:
        _refused(browser.get("/api/products"), 400, "host_not_allowed")
    assert target.digest() == before


@pytest.mark.flow
def test_somebody_elses_order_does_not_exist(target: Target) -> None:
    before = target.digest()
    with target.stranger() as browser:
        _refused(browser.get(f"/api/orders/{target.paid_order_id}"), 404, "order_not_found")
        _refused(browser.post(f"/api/orders/{target.paid_order_id}/cancel", json={}), 404, "order_not_found")
        _refused(browser.post("/api/stripe/checkout", json={"orderId": target.paid_order_id}), 404, "order_not_found")
        _refused(browser.get("/api/orders/ord_00000000000000000000000000"), 404, "order_not_found")
    assert target.digest() == before


@pytest.mark.flow
def test_a_paid_order_is_not_paid_again(target: Target) -> None:
    before = target.digest()
    answer = target.owner.post("/api/stripe/checkout", json={"orderId": target.paid_order_id})
    _refused(answer, 409, "order_already_paid")
    assert target.digest() == before


@pytest.mark.flow
@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("none", "validation_failed"),
        ("hundred", "validation_failed"),
        (0, "validation_failed"),
        (-1, "validation_failed"),
        (1.5, "validation_failed"),
        (10**9, "validation_failed"),
        ("1", "validation_failed"),
        (True, "validation_failed"),
    ],
)
def test_a_malformed_basket_is_refused(target: Target, items: object, code: str) -> None:
    before = target.digest()
    if items == "none":
        wished: list[dict[str, object]] = []
    elif items == "hundred":
        wished = [{"productId": f"prd_{number:026}", "quantity": 1} for number in range(100)]
    else:
        wished = [{"productId": target.product_id, "quantity": items}]
    with target.stranger() as browser:
        body = _refused(browser.post("/api/orders", json=target.order(items=wished)), 422, code)
        assert any(field.startswith("items") for field in body["fields"])
    assert target.digest() == before


@pytest.mark.flow
def test_bodies_that_are_no_json_are_refused(target: Target) -> None:
    before = target.digest()
    kind = {"Content-Type": "application/json"}
    with target.stranger() as browser:
        for body in (b"{", b"", b"\xff\xfe{}", b'{"items": NaN}', b"[]", b'"text"', b"[" * 20_000):
            answer = browser.post("/api/orders", content=body, headers=kind)
            assert answer.status_code in {400, 422}, (body[:20], answer.text)
            assert answer.json()["code"] in {"malformed", "validation_failed"}
    assert target.digest() == before


@pytest.mark.flow
def test_ten_megabytes_are_refused(target: Target) -> None:
    before = target.digest()
    body = b'{"items": "' + b"x" * 10_000_000 + b'"}'
    with target.stranger() as browser:
        for path in ("/api/orders", "/api/stripe/checkout", "/api/auth/login"):
            try:
                answer = browser.post(path, content=body, headers={"Content-Type": "application/json"})
            except httpx.TransportError:
                continue  # the door was shut before everything was read
            _refused(answer, 413, "body_too_large")
    with contextlib.suppress(httpx.TransportError):
        assert target.webhook(body, sign(body, target.secret, time.time())) == 413
    assert target.digest() == before


@pytest.mark.flow
def test_forged_old_and_future_webhooks_are_refused(target: Target) -> None:
    before = target.digest()
    event = {
        "id": "evt_forged",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": "pi_forged"}},
    }
    body = json.dumps(event).encode()
    now = time.time()
    for header in (
        None,
        "",
        "nonsense",
        sign(body, "whsec_of_somebody_else", now),
        sign(body, target.secret, now - 310),
        sign(body, target.secret, now + 360),
        sign(body + b" ", target.secret, now),
        sign(body, target.secret, now).replace("v1=", "v0="),
    ):
        assert target.webhook(body, header) == 400
    for signed in (b"not json", b"[]", b"\xff\xfe", b"{}", b"null"):
        assert target.webhook(signed, sign(signed, target.secret, now)) == 400
    assert target.digest() == before
