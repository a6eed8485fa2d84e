"""Restricted keys: what was not granted is refused with 403 and the name of the permission, before anything else."""

from typing import Any

import httpx
import pytest

from sandbox.harness import Shop
from sandbox.paid import pay


def ask(shop: Shop, key: str, method: str, path: str, **form: str) -> httpx.Response:
    """One call under another key."""
    return httpx.request(method, f"{shop.url}{path}", data=form or None, headers={"Authorization": f"Bearer {key}"})


def made(shop: Shop, **permissions: str) -> str:
    key: str = shop.control("POST", "restricted_keys", permissions)["key"]
    assert key.startswith("rk_test_")
    return key


def test_a_restricted_key_works_in_its_account_and_does_what_was_granted(shop: Shop) -> None:
    charge = pay(shop)
    key = made(shop, charge="write", event="read", customer="none")
    assert ask(shop, key, "GET", "/v1/charges").json()["data"][0]["id"] == charge["id"]
    assert ask(shop, key, "POST", "/v1/refunds", charge=charge["id"]).json()["status"] == "succeeded"
    assert ask(shop, key, "GET", "/v1/events").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/v1/customers", "rak_customer_read"),
        ("POST", "/v1/customers/cus_none", "rak_customer_write"),
        ("POST", "/v1/files", "rak_file_write"),
        ("GET", "/v1/balance_transactions", "rak_balance_transaction_source_read"),
        ("POST", "/v1/checkout/sessions/cs_none/expire", "rak_checkout_session_write"),
        ("POST", "/v1/events/evt_none/retry", "rak_event_write"),
    ],
)
def test_what_was_not_granted_is_refused_before_anything_is_looked_for(
    shop: Shop, method: str, path: str, permission: str
) -> None:
    refused = ask(shop, made(shop, event="read"), method, path)
    error: dict[str, Any] = refused.json()["error"]
    assert (refused.status_code, error["type"], "code" in error) == (403, "invalid_request_error", False)
    assert f"Having the '{permission}' permission would allow this request to continue." in error["message"]


def test_a_refusal_is_not_kept_under_the_idempotency_key(shop: Shop) -> None:
    key, form = made(shop, event="read"), {"email": "anna@example.com"}
    headers = {"Idempotency-Key": "once"}
    refused = httpx.post(
        f"{shop.url}/v1/customers", data=form, headers=headers | {"Authorization": f"Bearer {key}"}, timeout=10
    )
    assert refused.status_code == 403
    assert shop.http.post("/v1/customers", data=form, headers=headers).status_code == 200


def test_a_key_that_was_not_made_here_and_a_resource_that_is_none_are_refused(shop: Shop) -> None:
    assert ask(shop, "rk_test_never_made_here", "GET", "/v1/charges").status_code == 401
    assert ask(shop, "rk_live_never_made_here", "GET", "/v1/charges").status_code == 401
    for wrong in ({"nothing": "read"}, {"charge": "all"}):
        assert shop.http.post("/_sandbox/restricted_keys", json=wrong).status_code == 400
