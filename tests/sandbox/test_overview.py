"""The sandbox's own page: what it shows, what its buttons do, and that no other site can press them."""

import html
import re

import httpx
import pytest

from sandbox.harness import Receiver, Shop
from sandbox.paid import pay, raw, send
from stripe_sandbox.ids import account_id
from stripe_sandbox.pages.overview import VIEWS


def account(shop: Shop) -> str:
    """Its id, opened by a control, which no fault and no log sees."""
    shop.control("GET", "clock")
    return account_id(shop.key)


def page(shop: Shop, view: str = "payments") -> str:
    answer = shop.http.get(f"/?account={account(shop)}&view={view}")
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    return html.unescape(answer.text)


def press(shop: Shop, do: str, view: str = "payments", **fields: str) -> str:
    """Presses a button of the page; gives the notice that follows."""
    form = {"account": account(shop), "view": view, "do": do, **fields}
    answer = shop.http.post("/", data=form, headers={"Origin": shop.url})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/?account={form['account']}&view={view}"
    shown = page(shop, view)
    found = re.search(r'<p class="notice[^>]*>([^<]*)<', shown)
    assert found is not None
    assert "notice" not in page(shop, view)
    return found[1]


def test_the_page_shows_payments_with_what_belongs_to_them(shop: Shop) -> None:
    paid, waiting = shop.session(client_reference_id="order-77"), shop.session()
    shop.pay(paid)
    shop.pay(waiting, "4000002760003184")
    charge = raw(shop, "charges")["data"][0]
    refund = send(shop, "refunds", charge=charge["id"], amount="600")
    shop.control("POST", f"bank/{charge['id']}/dispute")
    shown = page(shop)
    for word in ("order-77", "complete", "€25.99", "/c/authenticate/pi_3", f"/c/pay/{waiting.id}", "visa 4242"):
        assert word in shown
    for word in ("Refund €6.00", "Dispute €25.99", "needs_response", "Late success", "Pay twice", "Win"):
        assert word in shown
    assert raw(shop, f"refunds/{refund['id']}")["status"] == "failed"


def test_the_page_shows_events_with_deliveries_and_sends_one_again(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    shop.client.v1.customers.create()
    event = receiver.wait_for("customer.created")[0].event["id"]
    endpoint = raw(shop, "webhook_endpoints")["data"][0]["id"]
    shown = page(shop, "events")
    assert receiver.url in shown
    assert f"resend/{event}/{endpoint}" in shown
    assert press(shop, f"resend/{event}/{endpoint}", "events") == f"{event} is sent again."
    receiver.wait_for("customer.created", 2)


def test_the_page_shows_calls_with_what_struck(shop: Shop) -> None:
    assert press(shop, "arm", "chaos", kind="error_before", route="POST /v1/customers") == "error_before is armed."
    shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    shown = page(shop, "requests")
    for word in ("POST /v1/customers", "500", "key", "fault: error_before", "req_"):
        assert word in shown


def test_the_bank_is_played_by_buttons(shop: Shop) -> None:
    charge = pay(shop)
    assert press(shop, f"bank/{charge['id']}/dispute") == f"Done: dispute {charge['id']}."
    dispute = raw(shop, "disputes")["data"][0]["id"]
    press(shop, f"bank/{dispute}/win")
    assert raw(shop, f"disputes/{dispute}")["status"] == "won"
    assert press(shop, f"bank/{dispute}/win") == "The dispute is won, not needs_response or under_review."
    session = shop.session()
    assert press(shop, f"expire/{session.id}") == "The session has expired."
    assert press(shop, f"expire/{session.id}") == "The session is not open any more."
    assert press(shop, "scenarios", story="late_success", on=session.id) == "Done."
    assert shop.fetch(session.id).status == "expired"


def test_the_clock_is_moved_and_money_paid_out_by_buttons(shop: Shop) -> None:
    pay(shop, "pm_card_bypassPending")
    assert press(shop, "payouts", "payouts") == "Nothing is available yet: card payments take a while."
    assert press(shop, "clock", advance_s="604800") == "The clock was moved."
    assert "Available: <strong>€29.30</strong>" in page(shop, "payouts")
    assert press(shop, "payouts", "payouts") == "1 payouts are on their way."
    payout = raw(shop, "payouts")["data"][0]["id"]
    press(shop, f"bank/{payout}/fail", "payouts")
    assert "failed" in page(shop, "payouts")
    assert press(shop, "clock", speed="0") == "The clock stands still."
    assert "stands still" in page(shop)
    assert press(shop, "clock", advance_s="soon") == "advance_s must be a number."


def test_chaos_is_armed_listed_and_cleared_by_buttons(shop: Shop) -> None:
    press(shop, "arm", "chaos", kind="webhook_delay", event="charge.*", count="all", delay_s="60", probability="0.5")
    fault = shop.control("GET", "faults")["faults"][0]
    armed = (fault["kind"], fault["event"], fault["count"], fault["delay_s"], fault["probability"])
    assert armed == ("webhook_delay", "charge.*", None, 60, 0.5)
    shown = page(shop, "chaos")
    for word in ("until cleared", "charge.*", "probability 0.5", "delay_s 60"):
        assert word in shown
    assert press(shop, f"faults/{fault['id']}", "chaos") == "The fault is cleared."
    script = '{"faults": [{"kind": "reset"}], "steps": [{"after_s": 60, "clear_faults": true}]}'
    assert press(shop, "scenarios", "chaos", script=script) == "Done; 2 faults and steps wait."
    assert "clear_faults True" in page(shop, "chaos")
    assert press(shop, "forget", "chaos") == "1 steps are forgotten."
    assert press(shop, "faults", "chaos") == "1 faults are cleared."
    assert press(shop, "scenarios", "chaos", script="nonsense") == "The body must be JSON."
    assert press(shop, "arm", "chaos", kind="earthquake").startswith("kind must be one of")
    assert press(shop, "rob", "chaos") == "No such button."


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_an_empty_account_is_shown(shop: Shop, view: str) -> None:
    assert 'aria-current="page"' in page(shop, view)


def test_an_account_is_chosen_by_its_key(shop: Shop) -> None:
    chosen = shop.http.post("/", data={"do": "choose", "key": f" {shop.key} "}, headers={"Origin": shop.url})
    assert (chosen.status_code, chosen.headers["location"]) == (303, f"/?account={account(shop)}")
    assert account(shop) in shop.http.get("/").text
    for key in ("sk_live_123456789012", "pk_test_12345678", ""):
        refused = shop.http.post("/", data={"do": "choose", "key": key}, headers={"Origin": shop.url})
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert shop.http.get("/?account=acct_x").status_code == 404
    gone = shop.http.post("/", data={"account": "acct_x", "do": "clock"}, headers={"Origin": shop.url})
    assert gone.status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_another_site_cannot_press_the_buttons(shop: Shop, headers: dict[str, str]) -> None:
    charge = pay(shop)
    form = {"account": account(shop), "do": f"bank/{charge['id']}/dispute"}
    refused = httpx.post(f"{shop.url}/", data=form, headers=headers, trust_env=False)
    assert refused.status_code == 403
    assert raw(shop, "disputes")["data"] == []
    allowed = httpx.post(f"{shop.url}/", data=form, headers={"Sec-Fetch-Site": "same-origin"}, trust_env=False)
    assert allowed.status_code == 303
    assert len(raw(shop, "disputes")["data"]) == 1
