"""Checkout in mode setup: the buyer saves a payment method, and nothing is paid."""

import pytest

from sandbox.harness import Shop
from sandbox.paid import later, raw, refusal, send, told

SESSIONS = "checkout/sessions"
SETUP = {"mode": "setup", "currency": "eur", "success_url": "http://127.0.0.1:9/ok?s={CHECKOUT_SESSION_ID}"}
CARD = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna", "email": "anna@example.com"}


def opened(shop: Shop, **form: str) -> str:
    return send(shop, SESSIONS, **{**SETUP, **form})["id"]


def press(shop: Shop, session_id: str, **fields: str) -> tuple[int, str]:
    answer = shop.http.post(f"/c/pay/{session_id}", data={**CARD, **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


def test_a_session_without_money_holds_a_setup_intent_from_the_start(shop: Shop) -> None:
    session = send(shop, SESSIONS, **SETUP, **{"setup_intent_data[metadata][order]": "12"})
    assert (session["mode"], session["status"], session["payment_status"]) == ("setup", "open", "no_payment_required")
    assert (session["amount_total"], session["total_details"], session["currency"]) == (None, None, "eur")
    setup = raw(shop, f"{SESSIONS}/{session['id']}?expand[]=setup_intent")["setup_intent"]
    assert (setup["status"], setup["metadata"], setup["usage"]) == (
        "requires_payment_method",
        {"order": "12"},
        "off_session",
    )
    assert raw(shop, f"{SESSIONS}/{session['id']}/line_items")["data"] == []
    overview = shop.http.get("/", params={"account": raw(shop, "account")["id"]})
    assert (overview.status_code, session["id"] in overview.text) == (200, True)


def test_a_saved_card_belongs_to_the_customer_and_pays_later(shop: Shop) -> None:
    anna = send(shop, "customers", email="anna@example.com")["id"]
    session_id = opened(shop, customer=anna)
    assert press(shop, session_id) == (303, f"http://127.0.0.1:9/ok?s={session_id}")
    session = raw(shop, f"{SESSIONS}/{session_id}?expand[]=setup_intent.payment_method")
    assert (session["status"], session["payment_status"], session["url"]) == ("complete", "no_payment_required", None)
    assert (session["setup_intent"]["status"], session["payment_intent"]) == ("succeeded", None)
    method = session["setup_intent"]["payment_method"]
    assert (method["customer"], method["card"]["last4"]) == (anna, "4242")
    paid = {"amount": "500", "currency": "eur", "customer": anna, "payment_method": method["id"], "off_session": "true"}
    assert send(shop, "payment_intents", confirm="true", **paid, **{"payment_method_types[]": "card"})["status"] == (
        "succeeded"
    )
    assert shop.events()[:5] == [
        "customer.created",
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_customer_is_made_when_the_session_is_to_have_one(shop: Shop) -> None:
    session_id = opened(shop, customer_creation="always")
    press(shop, session_id)
    session = raw(shop, f"{SESSIONS}/{session_id}?expand[]=customer&expand[]=setup_intent")
    assert session["customer"]["email"] == "anna@example.com"
    assert session["setup_intent"]["customer"] == session["customer"]["id"]


@pytest.mark.parametrize(("result", "status"), [("complete", "complete"), ("fail", "open")])
def test_a_challenge_decides(shop: Shop, result: str, status: str) -> None:
    session_id = opened(shop)
    setup_id = raw(shop, f"{SESSIONS}/{session_id}")["setup_intent"]
    assert press(shop, session_id, number="4000002760003184") == (303, f"/c/authenticate/{setup_id}")
    page = shop.http.get(f"/c/authenticate/{setup_id}").text
    assert ('id="complete"' in page, "€" in page) == (True, False)
    after = shop.http.post(f"/c/authenticate/{setup_id}", data={"result": result}).headers["location"]
    session = raw(shop, f"{SESSIONS}/{session_id}")
    assert session["status"] == status
    if result == "fail":
        assert after == f"/c/pay/{session_id}?failed=1"
        assert 'role="alert"' in shop.http.get(after).text
        assert press(shop, session_id)[0] == 303
        assert raw(shop, f"{SESSIONS}/{session_id}")["status"] == "complete"


def test_the_bank_may_answer_the_challenge_of_a_session(shop: Shop) -> None:
    session_id = opened(shop)
    press(shop, session_id, number="4000002760003184")
    setup_id = raw(shop, f"{SESSIONS}/{session_id}")["setup_intent"]
    shop.control("POST", f"bank/{setup_id}/authenticate")
    assert raw(shop, f"{SESSIONS}/{session_id}")["status"] == "complete"


def test_a_declined_card_leaves_the_session_open(shop: Shop) -> None:
    session_id = opened(shop)
    status, page = press(shop, session_id, number="4000000000000002")
    assert (status, "Your card was declined." in page) == (402, True)
    session = raw(shop, f"{SESSIONS}/{session_id}?expand[]=setup_intent")
    assert session["status"] == "open"
    assert session["setup_intent"]["last_setup_error"]["code"] == "card_declined"


def test_an_expired_session_cancels_its_setup_intent(shop: Shop) -> None:
    session_id = opened(shop)
    later(shop, 24 * 3600 + 1)
    session = raw(shop, f"{SESSIONS}/{session_id}?expand[]=setup_intent")
    assert (session["status"], session["setup_intent"]["status"]) == ("expired", "canceled")
    assert [len(told(shop, name)) for name in ("checkout.session.expired", "setup_intent.canceled")] == [1, 1]


@pytest.mark.parametrize("act", ["confirm", "cancel"])
def test_the_setup_intent_of_an_open_session_is_the_pages(shop: Shop, act: str) -> None:
    setup_id = raw(shop, f"{SESSIONS}/{opened(shop)}")["setup_intent"]
    form = {"payment_method": "pm_card_visa"} if act == "confirm" else {}
    assert refusal(shop, f"setup_intents/{setup_id}/{act}", **form)[:2] == (400, "setup_intent_unexpected_state")
    assert raw(shop, f"setup_intents/{setup_id}")["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"currency": ""}, "parameter_missing", "currency"),
        ({"success_url": ""}, "parameter_missing", "success_url"),
        ({"line_items[0][price]": "price_x", "line_items[0][quantity]": "1"}, None, "line_items"),
        ({"payment_intent_data[description]": "x"}, None, "payment_intent_data"),
        ({"invoice_creation[enabled]": "true"}, None, "invoice_creation"),
        ({"mode": "payment", "setup_intent_data[description]": "x"}, "parameter_missing", "line_items"),
    ],
)
def test_what_a_setup_session_cannot_be_is_refused(
    shop: Shop, form: dict[str, str], code: str | None, param: str
) -> None:
    assert refusal(shop, SESSIONS, **{**SETUP, **form})[:3] == (400, code, param)
    assert raw(shop, SESSIONS)["data"] == []
    assert shop.events() == []
