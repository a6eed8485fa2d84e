"""A bad day by script: steps that wait for an event, a call or their time."""

import json
from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import DAY_S, later, pay, raw, send
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess

KEY = "sk_test_scenario00001"
SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "customer_email": "buyer@example.com",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "1000",
    "line_items[0][price_data][product_data][name]": "Bol",
    "line_items[0][quantity]": "1",
}


def play(shop: Shop, *steps: dict[str, Any], **more: object) -> dict[str, Any]:
    played: dict[str, Any] = shop.control("POST", "scenarios", {"steps": list(steps), **more})
    return played


def outcomes(shop: Shop) -> list[list[str]]:
    return [step["outcomes"] for step in shop.control("GET", "scenarios")["steps"]]


def test_a_step_waits_for_its_event_and_acts_on_its_payment(shop: Shop) -> None:
    play(shop, {"at_event": "checkout.session.completed", "bank": "dispute", "with": {"amount": 700}})
    shop.pay(shop.session())
    disputes = raw(shop, "disputes")["data"]
    assert [(dispute["amount"], dispute["status"]) for dispute in disputes] == [(700, "needs_response")]
    assert outcomes(shop) == [["done"]]
    shop.pay(shop.session())
    assert len(raw(shop, "disputes")["data"]) == 1


def test_a_step_comes_some_time_after_its_event(shop: Shop) -> None:
    play(shop, {"at_event": "refund.created", "after_s": 20 * DAY_S, "bank": "fail", "count": None, "skip": 1})
    charge = pay(shop)
    for amount in ("100", "200", "300"):
        send(shop, "refunds", charge=charge["id"], amount=amount)
    later(shop, 20 * DAY_S - 60)
    assert {refund["status"] for refund in raw(shop, "refunds")["data"]} == {"succeeded"}
    later(shop, 120)
    ends = {refund["amount"]: refund["status"] for refund in raw(shop, "refunds")["data"]}
    assert ends == {100: "succeeded", 200: "failed", 300: "failed"}


def test_a_step_at_a_call_comes_before_it(shop: Shop) -> None:
    play(
        shop,
        {"at_route": "POST /v1/customers", "skip": 1, "fault": {"kind": "error_before", "route": "POST /v1/customers"}},
        {"at_route": "GET /v1/customers", "clear_faults": True},
    )
    statuses = [shop.http.post("/v1/customers").status_code for _ in range(3)]
    assert statuses == [200, 500, 200]
    shop.control("POST", "faults", {"kind": "error_before", "count": None})
    assert shop.http.get("/v1/customers").status_code == 200


def test_a_step_comes_at_its_time(shop: Shop) -> None:
    charge = pay(shop)
    play(
        shop,
        {"after_s": 3600, "bank": "dispute", "on": charge["id"]},
        {"after_s": 7200, "bank": "win", "on": charge["id"]},
    )
    later(shop, 3601)
    assert raw(shop, "disputes")["data"][0]["status"] == "needs_response"
    later(shop, 3600)
    assert raw(shop, "disputes")["data"][0]["status"] == "won"


def test_a_step_that_cannot_be_done_says_why_and_leaves_nothing(shop: Shop) -> None:
    charge = pay(shop)
    play(
        shop,
        {"after_s": 1, "bank": "win", "on": charge["id"]},
        {"after_s": 1, "bank": "dispute", "on": charge["id"], "with": {"amount": 999_999}},
        {"after_s": 1, "story": "late_success", "on": charge["id"]},
    )
    before = shop.events()
    later(shop, 2)
    told = outcomes(shop)
    assert told[0] == [f"The bank cannot win anything of {charge['id']}."]
    assert told[1] == ["amount must be a number from 1 to 3000."]
    assert told[2] == [f"This story needs a checkout.session, and {charge['id']} leads to none."]
    assert [name for name in shop.events() if name not in before] in ([], ["charge.updated"])


def test_a_step_that_causes_its_own_event_ends(shop: Shop) -> None:
    play(shop, {"at_event": "charge.dispute.created", "bank": "dispute", "with": {"amount": 1}, "count": 3})
    charge = pay(shop)
    shop.control("POST", f"bank/{charge['id']}/dispute")
    assert len(raw(shop, "disputes?limit=100")["data"]) == 4
    assert outcomes(shop) == [["done"] * 3]
    play(shop, {"at_event": "*", "count": None, "clear_faults": True})
    assert shop.control("GET", "scenarios")["steps"][1]["count"] == 1000


def test_only_the_newest_steps_that_are_over_are_kept(shop: Shop) -> None:
    for _ in range(2):
        play(shop, *[{"after_s": 1, "clear_faults": True}] * 100)
        later(shop, 2)
    play(shop, {"after_s": 60, "clear_faults": True})
    assert len(shop.control("GET", "scenarios")["steps"]) == 101


def test_waiting_steps_can_be_forgotten(shop: Shop) -> None:
    charge = pay(shop)
    play(shop, {"after_s": 60, "bank": "dispute", "on": charge["id"]}, {"at_event": "*", "clear_faults": True})
    assert shop.control("DELETE", "scenarios") == {"cleared": 2}
    later(shop, 61)
    assert raw(shop, "disputes")["data"] == []
    assert outcomes(shop) == []


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"bank": "dispute"},
        {"bank": "rob", "on": "ch_x"},
        {"bank": "win", "story": "late_success", "on": "ch_x"},
        {"at_event": "*", "at_route": "*", "clear_faults": True},
        {"fault": {"kind": "earthquake"}},
        {"fault": {"kind": "reset"}, "after_s": -1},
        {"fault": {"kind": "reset"}, "colour": "red"},
        {"clear_faults": 1},
        {"bank": "dispute", "on": "ch_nobody"},
        {"at_event": "*", "bank": "dispute", "with": 1},
    ],
)
def test_a_wrong_step_refuses_the_whole_scenario(shop: Shop, step: dict[str, Any]) -> None:
    body = {"steps": [{"fault": {"kind": "reset"}}, {"after_s": 5, "clear_faults": True}, step]}
    assert shop.http.post("/_sandbox/scenarios", json=body).status_code in (400, 404)
    assert shop.control("GET", "faults") == {"faults": []}
    assert outcomes(shop) == []


def bad_day(seed: int) -> list[Any]:
    """What a client without any care sees on a bad day, and everything that the account then holds."""
    clock = ManualClock(1_800_000_000.0)
    box = InProcess(seed=5, clock=clock)
    script: dict[str, Any] = {
        "name": "bad day",
        "seed": seed,
        "faults": [
            {"kind": "error_before", "route": "POST /v1/checkout/sessions", "count": None, "probability": 0.3},
            {"kind": "lose_answer", "route": "POST /v1/refunds", "count": None, "probability": 0.5},
        ],
        "steps": [
            {"at_event": "payment_intent.succeeded", "count": None, "skip": 2, "story": "dispute_after_refund"},
            {"after_s": 30 * DAY_S, "fault": {"kind": "rate_limit", "count": None, "probability": 0.5}},
        ],
    }
    box.control(KEY, "POST", "scenarios", script)
    headers = {"Authorization": f"Bearer {KEY}"}
    seen: list[Any] = []
    for _ in range(12):
        answer = box.call("POST", "/v1/checkout/sessions", data=SESSION, headers=headers)
        seen.append(answer.status_code)
        if answer.status_code == 200:
            card = {"number": "4242424242424242", "expiry": "12/40", "cvc": "123", "name": "Anna"}
            box.call("POST", f"/c/pay/{answer.json()['id']}", data=card)
    clock.time += 31 * DAY_S
    seen += [box.call("GET", "/v1/disputes", headers=headers).status_code for _ in range(12)]
    rows = box.store.connection.execute("SELECT id, body FROM object ORDER BY seq").fetchall()
    seen.append([json.loads(row["body"]) for row in rows])
    box.close()
    return seen


def test_a_bad_day_is_the_same_again_under_its_seed() -> None:
    first = bad_day(1)
    assert first == bad_day(1)
    assert first != bad_day(2)
    assert 200 in first[:12]
    assert 500 in first[:12]
    assert 429 in first[12:24]
