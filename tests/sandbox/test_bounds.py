"""What a sandbox forgets, and what it refuses, so that it stays small however long it runs."""

import tracemalloc
from typing import Any

import pytest

from sandbox.harness import Shop
from stripe_sandbox import Options
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess
from stripe_sandbox.request_log import CALLS_MAX
from stripe_sandbox.state.expiry import Limits

KEY = "sk_test_bounds0000001"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}
URL = "http://127.0.0.1:9/hook"
DAY_S = 24 * 3600
CALLS = 400


def opened(**limits: int) -> tuple[InProcess, ManualClock]:
    clock = ManualClock(1_800_000_000.0)
    options = Options(webhooks=((URL, "whsec_x"),), limits=Limits(**limits), record=None)
    return InProcess(seed=1, clock=clock, options=options), clock


def rows(box: InProcess, table: str) -> int:
    count: int = box.store.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own table
    return count


def call(box: InProcess, path: str, number: int = 0) -> Any:
    """A call as the official client makes it: form, key, no socket."""
    headers = {**AUTHORIZED, "Idempotency-Key": f"key-{number}"}
    return box.run(box.answer("POST", f"http://127.0.0.1{path}", headers, "name=Anna"))


def test_a_thousand_calls_leave_the_trace_of_a_hundred() -> None:
    box, clock = opened(events=100, look_every=32)
    pages: list[int] = []
    for number in range(CALLS):
        clock.time += 600
        assert call(box, "/v1/customers/cus_nobody", number).status == 404
        assert call(box, "/v1/coupons", number).status == 400
        assert call(box, f"/v1/nothing/{number}", number).status == 404
        if number % 5 == 0:
            assert call(box, "/v1/customers", CALLS + number).status == 200
        if number in (CALLS // 2, CALLS - 1):
            pages.append(box.store.connection.execute("PRAGMA page_count").fetchone()[0])
        if number == CALLS - 50:
            tracemalloc.start()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # A day of keys, at a kept answer each 50 minutes, and what came since the last look.
    assert rows(box, "idempotency") <= DAY_S / 600 / 5 + 32
    assert rows(box, "delivery") <= 100 + 32
    assert rows(box, "tally") == 4
    assert len(box.control(KEY, "GET", "log")["calls"]) == CALLS_MAX
    assert grown < 500_000
    # The customers themselves stay.
    assert pages[1] - pages[0] < 150
    box.close()


def test_events_are_forgotten_after_thirty_days_of_the_accounts_time() -> None:
    box, clock = opened(look_every=1)
    call(box, "/v1/customers", 1)
    clock.time += 29 * DAY_S
    call(box, "/v1/customers", 2)
    assert rows(box, "delivery") == 2
    clock.time += DAY_S + 1
    call(box, "/v1/customers", 3)
    events = box.call("GET", "/v1/events", headers=AUTHORIZED).json()["data"]
    assert [event["request"]["idempotency_key"] for event in events] == ["key-3", "key-2"]
    assert rows(box, "delivery") == 2
    assert rows(box, "idempotency") == 1
    box.close()


def test_a_full_account_is_told_so_and_can_be_forgotten() -> None:
    box, _ = opened(objects=4, look_every=1)
    statuses = [call(box, "/v1/customers", number).status for number in range(4)]
    assert statuses == [200, 200, 400, 400]
    refused = call(box, "/v1/customers", 9)
    assert "sandbox_full" in refused.body
    assert box.call("GET", "/v1/customers", headers=AUTHORIZED).status_code == 200
    held = box.call("GET", "/v1/customers", headers=AUTHORIZED).json()["data"]
    box.control(KEY, "POST", "snapshot")
    account = box.call("GET", "/v1/account", headers=AUTHORIZED).json()["id"]
    assert box.control(KEY, "DELETE", "account") == {"forgotten": account}
    assert [rows(box, table) for table in ("account", "object", "delivery", "snapshot")] == [0, 0, 0, 0]
    assert call(box, "/v1/customers").status == 200
    again = box.call("GET", "/v1/customers", headers=AUTHORIZED).json()["data"]
    # It begins anew with the ids that it began with.
    assert [customer["id"] for customer in again] == [held[-1]["id"]]
    box.close()


def test_accounts_and_snapshots_are_numbered_too() -> None:
    box, _ = opened(accounts=2, snapshots=2)
    keys = [f"sk_test_bounds000000{number}" for number in range(3)]
    for key in keys[:2]:
        assert box.call("GET", "/v1/account", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    refused = box.call("GET", "/v1/account", headers={"Authorization": f"Bearer {keys[2]}"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        401,
        "This sandbox holds 2 accounts and opens no more.",
    )
    for name in ("a", "b", "a"):
        box.snapshot(keys[0], name)
    with pytest.raises(ValueError, match="at most 2 snapshots"):
        box.control(keys[0], "POST", "snapshot", {"name": "c"})
    with pytest.raises(ValueError, match="too many"):
        box.snapshot(keys[0], "c")
    box.close()


def test_so_are_armed_faults() -> None:
    box, _ = opened()
    script = {"faults": [{"kind": "webhook_drop"}] * 100}
    for _ in range(10):
        box.control(KEY, "POST", "scenarios", script)
    with pytest.raises(ValueError, match="At most 1000 faults"):
        box.control(KEY, "POST", "faults", {"kind": "reset"})
    assert len(box.control(KEY, "GET", "faults")["faults"]) == 1000
    box.close()


def test_the_log_tells_what_was_called_and_what_struck(shop: Shop) -> None:
    shop.control("POST", "faults", {"kind": "error_after", "route": "POST /v1/customers"})
    for _ in range(2):
        shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    shop.http.get("/v1/customers")
    calls = shop.control("GET", "log")["calls"]
    assert [(made["method"], made["path"], made["status"], made["replayed"], made["faults"]) for made in calls] == [
        ("GET", "/v1/customers", 200, False, []),
        ("POST", "/v1/customers", 500, True, []),
        ("POST", "/v1/customers", 500, False, ["error_after"]),
    ]
    assert [made["idempotency_key"] for made in calls] == [None, "k", "k"]
    assert all(made["request"].startswith("req_") and made["duration_ms"] >= 0 for made in calls)
