"""Truncated answers, faults by chance and by script."""

import httpx
import pytest

from sandbox.harness import Shop
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess

KEY = {"Authorization": "Bearer sk_test_chaos000001"}


def test_a_truncated_answer_breaks_off_after_the_effect(shop: Shop) -> None:
    shop.control("POST", "faults", {"kind": "truncate", "route": "POST /v1/customers"})
    with pytest.raises(httpx.RemoteProtocolError):
        shop.http.post("/v1/customers", data={"name": "Anna"}, headers={"Idempotency-Key": "once"})
    again = shop.http.post("/v1/customers", data={"name": "Anna"}, headers={"Idempotency-Key": "once"})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [customer["name"] for customer in shop.http.get("/v1/customers").json()["data"]] == ["Anna"]


def lucky_calls(seed: int) -> list[bool]:
    """Which of a hundred calls pass while one in four is to fail."""
    box = InProcess(seed=seed, clock=ManualClock(1_800_000_000.0))
    fault = {"kind": "error_before", "count": None, "probability": 0.25}
    box.call("POST", "/_sandbox/faults", json=fault, headers=KEY)
    passed = [box.call("GET", "/v1/account", headers=KEY).status_code == 200 for _ in range(100)]
    box.close()
    return passed


def test_chance_is_the_same_under_a_seed() -> None:
    first = lucky_calls(1)
    assert first == lucky_calls(1)
    assert first != lucky_calls(2)
    assert 60 <= sum(first) <= 90


def test_a_scenario_strikes_in_its_order(shop: Shop) -> None:
    script = [
        {"kind": "error_before", "route": "GET /v1/customers", "skip": 1},
        {"kind": "rate_limit", "route": "GET /v1/customers", "skip": 2, "reason": "global-rate"},
    ]
    assert len(shop.control("POST", "scenarios", {"name": "bad day", "faults": script})["faults"]) == 2
    assert [shop.http.get("/v1/customers").status_code for _ in range(5)] == [200, 500, 429, 200, 200]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"faults": "all"},
        {"faults": ["reset"]},
        {"faults": [{"kind": "reset"}, {"kind": "earthquake"}]},
        {"faults": [{"kind": "reset", "probability": 1.5}]},
        {"faults": [{"kind": "reset", "colour": "red"}]},
        {"faults": [{"kind": "reset"}], "speed": 2},
        {"faults": [{"kind": "reset"}] * 101},
    ],
)
def test_a_wrong_scenario_arms_nothing(shop: Shop, body: dict[str, object]) -> None:
    assert shop.http.post("/_sandbox/scenarios", json=body).status_code == 400
    assert shop.control("GET", "faults") == {"faults": []}


def test_one_change_can_be_told_by_two_events(shop: Shop) -> None:
    shop.control("POST", "faults", {"kind": "webhook_twin", "event": "customer.created"})
    made = shop.http.post("/v1/customers", data={"name": "Anna"}).json()
    shop.http.post("/v1/customers", data={"name": "Berta"})
    events = shop.http.get("/v1/events").json()["data"]
    assert [event["data"]["object"]["name"] for event in events] == ["Berta", "Anna", "Anna"]
    first, second = events[2], events[1]
    assert first["id"] != second["id"]
    assert first["data"] == second["data"]
    assert first["data"]["object"] == made
