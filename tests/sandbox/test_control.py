"""The controls: clock, bank, counters, snapshots, settings, and who may use them."""

import time

import pytest
import stripe

from sandbox.harness import WAIT_S, Shop


def test_the_clock_can_be_advanced_set_and_sped_up(shop: Shop) -> None:
    start = shop.control("GET", "clock")
    assert start["speed"] == 1.0
    assert abs(start["now"] - time.time()) < 5
    advanced = shop.control("POST", "clock", {"advance_s": 3600})
    assert abs(advanced["now"] - start["now"] - 3600) < 5
    target = advanced["now"] + 1000
    assert shop.control("POST", "clock", {"set": target})["now"] >= target
    shop.control("POST", "clock", {"speed": 0})
    frozen = shop.control("GET", "clock")["now"]
    assert shop.control("GET", "clock")["now"] == frozen
    shop.control("POST", "clock", {"speed": 100_000})
    time.sleep(0.05)
    assert shop.control("GET", "clock")["now"] > frozen + 1000
    assert shop.client.v1.customers.create().created > frozen + 1000


@pytest.mark.parametrize(
    "body", [{}, {"advance_s": -1}, {"set": 1000}, {"speed": "fast"}, {"speed": -1}, {"advance_s": True}]
)
def test_a_clock_that_makes_no_sense_is_refused(shop: Shop, body: dict[str, object]) -> None:
    before = shop.control("GET", "clock")["now"]
    assert shop.http.post("/_sandbox/clock", json=body).status_code == 400
    assert shop.control("GET", "clock")["now"] - before < 5


def test_timers_run_by_themselves_on_a_fast_clock(shop: Shop) -> None:
    shop.pay(shop.session())
    shop.control("POST", "clock", {"speed": 100})
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and "charge.updated" not in shop.events():
        time.sleep(0.02)
    assert shop.events()[-1] == "charge.updated"


def test_one_accounts_clock_is_not_anothers(shop: Shop) -> None:
    shop.control("POST", "clock", {"advance_s": 999_999})
    stranger = {"Authorization": "Bearer sk_test_somebodyelse4"}
    now = shop.http.get("/_sandbox/clock", headers=stranger).json()["now"]
    assert abs(now - time.time()) < 60


def debit(shop: Shop, iban: str = "DE89370400440532013000") -> tuple[stripe.checkout.Session, str]:
    """Pays by SEPA debit; gives the session and its payment intent."""
    session = shop.session(locale="fr")
    answer = shop.http.post(f"/c/pay/{session.id}", data={"method": "sepa_debit", "iban": iban, "name": "Anna"})
    assert answer.status_code == 303
    waiting = shop.fetch(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    intent = waiting.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.status == "processing"
    return session, intent.id


def test_the_bank_can_settle_a_debit(shop: Shop) -> None:
    session, intent = debit(shop, "DE89 3704 0044 0532 0130 00")
    assert shop.control("POST", f"bank/{intent}/settle")["status"] == "succeeded"
    assert shop.fetch(session.id).payment_status == "paid"
    charge = shop.client.v1.charges.list().data[0]
    assert (charge.id[:4], charge.status, charge.paid) == ("py_3", "succeeded", True)
    shop.control("POST", "clock", {"advance_s": 3})
    assert shop.events() == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
        "charge.updated",
    ]
    again = shop.http.post(f"/_sandbox/bank/{intent}/settle")
    assert (again.status_code, again.json()["error"]) == (409, "The payment_intent is succeeded, not processing.")


def test_the_bank_can_fail_a_debit(shop: Shop) -> None:
    session, intent = debit(shop)
    failed = shop.control("POST", f"bank/{intent}/fail")
    assert (failed["status"], failed["payment_method"]) == ("requires_payment_method", None)
    seen = shop.fetch(session.id)
    assert (seen.status, seen.payment_status) == ("complete", "unpaid")
    assert shop.events()[-3:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]
    shop.control("POST", "clock", {"advance_s": 600})
    assert len(shop.events()) == 7


@pytest.mark.parametrize(
    ("iban", "wait_s", "end"),
    [
        ("DE89370400440532013000", 61, "succeeded"),
        ("FR3020041010050500013M02609", 181, "succeeded"),
        ("DE62370400440532013001", 61, "requires_payment_method"),
        ("AT981904300002222227", 61, "requires_payment_method"),
    ],
)
def test_without_the_bank_time_ends_a_debit(shop: Shop, iban: str, wait_s: int, end: str) -> None:
    _, intent = debit(shop, iban)
    shop.control("POST", "clock", {"advance_s": wait_s - 3})
    assert shop.client.v1.payment_intents.retrieve(intent).status == "processing"
    shop.control("POST", "clock", {"advance_s": 5})
    assert shop.client.v1.payment_intents.retrieve(intent).status == end


def test_a_debit_may_be_made_without_a_session(shop: Shop) -> None:
    for name, act, end in (
        ("pm_sepaDebit_success_de", "settle", "succeeded"),
        ("pm_sepaDebit_success_at", "fail", "requires_payment_method"),
    ):
        intent = shop.http.post(
            "/v1/payment_intents",
            data={
                "amount": "900",
                "currency": "eur",
                "payment_method_types[]": "sepa_debit",
                "payment_method": name,
                "confirm": "true",
            },
        ).json()
        assert intent["status"] == "processing"
        assert shop.control("POST", f"bank/{intent['id']}/{act}")["status"] == end


@pytest.mark.parametrize(
    ("iban", "words"),
    [
        ("DE00370400440532013000", "pas valide"),
        ("DE1", "pas valide"),
        ("GB82WEST12345698765432", "pas un IBAN de test"),
    ],
)
def test_a_mistyped_iban_is_shown_again(shop: Shop, iban: str, words: str) -> None:
    session = shop.session(locale="fr")
    page = shop.http.post(f"/c/pay/{session.id}", data={"method": "sepa_debit", "iban": iban, "name": "Anna"})
    assert page.status_code == 422
    assert words in page.text
    assert iban not in page.text
    assert shop.fetch(session.id).payment_intent is None


def test_debits_are_offered_for_euros_only(shop: Shop) -> None:
    assert "Prélèvement" in shop.http.get(f"/c/pay/{shop.session(locale='fr').id}?method=sepa_debit").text
    price = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Bowl"}}
    dollars = shop.session(line_items=[{"price_data": price, "quantity": 1}])
    page = shop.http.get(f"/c/pay/{dollars.id}?method=sepa_debit").text
    assert 'id="iban"' not in page
    assert "$9.00" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [("bank/pi_x/settle", 404), ("bank/pi_x/rob", 404), ("webhook_endpoints/we_x/roll", 404), ("restore", 404)],
)
def test_a_control_of_what_is_not_there_is_404(shop: Shop, path: str, status: int) -> None:
    assert shop.http.post(f"/_sandbox/{path}").status_code == status


def test_calls_and_effects_are_counted_by_route(shop: Shop) -> None:
    shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    shop.http.post("/v1/customers", data={"nope": "1"})
    shop.http.get("/v1/customers/cus_x")
    shop.http.get("/v1/nowhere")
    counted = shop.control("GET", "requests")
    assert counted["routes"] == {
        "GET /v1/customers/{id}": {"requests": 1, "effects": 0},
        "GET (no such route)": {"requests": 1, "effects": 0},
        "POST /v1/customers": {"requests": 3, "effects": 1},
    }
    assert (counted["requests"], counted["effects"]) == (5, 1)
    shop.control("DELETE", "requests")
    assert shop.control("GET", "requests")["requests"] == 0


def test_an_account_can_be_put_back_to_an_earlier_moment(shop: Shop) -> None:
    session = shop.session()
    before = shop.control("GET", "clock")["now"]
    shop.control("POST", "snapshot", {"name": "open"})
    shop.pay(session)
    shop.control("POST", "clock", {"advance_s": 9999})
    shop.control("POST", "restore", {"name": "open"})
    assert abs(shop.control("GET", "clock")["now"] - before) < 5
    assert shop.fetch(session.id).status == "open"
    assert shop.events() == []
    assert shop.pay(session).status_code == 303
    assert shop.http.post("/_sandbox/snapshot", json={"name": 1}).status_code == 400


def test_settings_that_do_not_exist_are_refused(shop: Shop) -> None:
    for body in ({}, {"colour": "red"}, {"manual_capture_payment_status": "maybe"}):
        assert shop.http.post("/_sandbox/settings", json=body).status_code == 400


def test_a_control_needs_a_key_and_json(shop: Shop) -> None:
    nobody = {"Authorization": ""}
    assert shop.http.get("/_sandbox/clock", headers=nobody).status_code == 401
    assert shop.http.get(f"/_sandbox/clock?key={shop.key}", headers=nobody).status_code == 200
    assert shop.http.post("/_sandbox/clock", content=b"{").status_code == 400
    assert shop.http.post("/_sandbox/clock", content=b"[]").status_code == 400
    assert shop.http.get("/_sandbox/health", headers=nobody).json()["status"] == "ok"


def test_deliveries_can_be_filtered(shop: Shop) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": "http://127.0.0.1:9/x", "enabled_events": ["*"]})
    shop.pay(shop.session())
    event = shop.client.v1.events.list(params={"type": "charge.succeeded"}).data[0]
    assert len(shop.control("GET", "deliveries")["deliveries"]) == 4
    for query in (f"event={event.id}", "type=charge.succeeded"):
        found = shop.control("GET", f"deliveries?{query}")["deliveries"]
        assert [(delivery["event"], delivery["type"]) for delivery in found] == [(event.id, "charge.succeeded")]


def test_other_host_names_are_not_answered(shop: Shop) -> None:
    assert shop.http.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert shop.http.get("/", headers={"Host": "localhost:12111"}).status_code == 200
    assert shop.http.get("/", headers={"Host": "[::1]"}).status_code == 200


def test_another_web_site_cannot_use_the_controls(shop: Shop) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("none", 200), ("same-origin", 200)):
        assert shop.http.get("/_sandbox/clock", headers={"Sec-Fetch-Site": site}).status_code == status


def test_a_body_of_megabytes_is_refused(shop: Shop) -> None:
    assert shop.http.post("/v1/customers", content=b"a" * 2_000_001).status_code == 413
