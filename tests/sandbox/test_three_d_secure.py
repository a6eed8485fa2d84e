"""The 3-D Secure challenge, passed and failed, on the hosted page and through the API."""

import pytest
import stripe

from sandbox.harness import Shop

CHALLENGED = ["4000002500003155", "4000002760003184", "4000000000003220", "4000003800000446"]


def challenge(shop: Shop, session: stripe.checkout.Session, number: str = "4000002760003184") -> str:
    """Pays up to the challenge; gives its path."""
    answer = shop.pay(session, number)
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert path.startswith("/c/authenticate/pi_3")
    return path


@pytest.mark.parametrize("number", CHALLENGED)
def test_a_passed_challenge_completes_the_payment(shop: Shop, number: str) -> None:
    session = shop.session(locale="en")
    path = challenge(shop, session, number)
    waiting = shop.fetch(session.id)
    assert waiting.status == "open"
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert waiting.payment_intent.status == "requires_action"
    assert waiting.payment_intent.latest_charge is None
    assert waiting.payment_intent.next_action is not None
    page = shop.http.get(path)
    assert "€25.99" in page.text
    assert f"•••• {number[-4:]}" in page.text
    done = shop.http.post(path, data={"result": "complete"})
    assert (done.status_code, done.headers["location"]) == (303, f"http://127.0.0.1:9/ok?session_id={session.id}")
    charge = shop.client.v1.charges.list().data[0]
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.three_d_secure is not None
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"
    assert shop.events() == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_failed_challenge_leads_back_to_the_page_and_another_card_pays(shop: Shop) -> None:
    session = shop.session(locale="fr")
    path = challenge(shop, session)
    failed = shop.http.post(path, data={"result": "fail"})
    assert failed.status_code == 303
    page = shop.http.get(failed.headers["location"])
    assert page.status_code == 200
    assert "Nous n&#39;avons pas pu authentifier" in page.text
    intent = shop.fetch(session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert shop.client.v1.charges.list().data == []
    assert shop.events()[-1] == "payment_intent.payment_failed"
    assert shop.pay(session).status_code == 303
    assert shop.fetch(session.id).payment_status == "paid"


@pytest.mark.parametrize("number", ["4000008260003178", "4000008400001629"])
def test_a_card_may_be_declined_after_its_challenge(shop: Shop, number: str) -> None:
    session = shop.session()
    failed = shop.http.post(challenge(shop, session, number), data={"result": "complete"})
    page = shop.http.get(failed.headers["location"])
    assert 'role="alert"' in page.text
    assert shop.events()[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    assert shop.fetch(session.id).status == "open"


def test_a_reloaded_payment_page_may_take_another_card_while_a_challenge_waits(shop: Shop) -> None:
    session = shop.session()
    path = challenge(shop, session)
    assert shop.pay(session).status_code == 303
    over = shop.http.post(path, data={"result": "complete"})
    assert over.headers["location"].endswith(session.id)
    assert len(shop.client.v1.charges.list().data) == 1
    assert "Nothing to authenticate" in shop.http.get(path).text


def test_a_challenge_that_outlives_its_session_takes_no_money(shop: Shop) -> None:
    session = shop.session()
    path = challenge(shop, session)
    shop.client.v1.checkout.sessions.expire(session.id)
    answer = shop.http.post(path, data={"result": "complete"})
    assert answer.headers["location"] == f"/c/pay/{session.id}?failed=1"
    assert shop.http.get(answer.headers["location"]).status_code == 410
    assert shop.client.v1.charges.list().data == []


@pytest.mark.parametrize(
    ("number", "asked", "result"),
    [
        ("4000000000003055", "automatic", None),
        ("4000000000003055", "any", "challenge"),
        ("4000000000003097", "automatic", None),
        ("4000000000003097", "challenge", "declined"),
        ("4242424242424242", "any", "attempt_acknowledged"),
        ("378282246310005", "any", None),
        ("4000000032200000", "automatic", "authenticated"),
    ],
)
def test_the_shop_may_ask_for_3d_secure(shop: Shop, number: str, asked: str, result: str | None) -> None:
    session = shop.session(payment_method_options={"card": {"request_three_d_secure": asked}})
    answer = shop.pay(session, number, cvc="1234" if number.startswith("37") else "123")
    if result == "challenge":
        assert answer.headers["location"].startswith("/c/authenticate/")
        return
    if result == "declined":
        assert answer.status_code == 402
        return
    assert answer.status_code == 303
    charge = shop.http.get("/v1/charges").json()["data"][0]
    shown = charge["payment_method_details"]["card"]["three_d_secure"]
    assert (shown["result"] if shown else None) == result


def test_a_payment_intent_without_a_session_returns_to_its_return_url(shop: Shop) -> None:
    intent = shop.client.v1.payment_intents.create(
        params={
            "amount": 900,
            "currency": "eur",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://shop.example/back?order=1",
        }
    )
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    url = intent.next_action.redirect_to_url.url
    assert url == f"{shop.url}/c/authenticate/{intent.id}"
    answer = shop.http.post(str(url), data={"result": "complete"})
    assert answer.headers["location"].startswith(f"https://shop.example/back?order=1&payment_intent={intent.id}&")
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_without_a_return_url_the_challenge_ends_on_a_plain_page(shop: Shop) -> None:
    intent = shop.client.v1.payment_intents.create(
        params={
            "amount": 900,
            "currency": "eur",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    assert intent.next_action is not None
    assert intent.next_action.type == "use_stripe_sdk"
    answer = shop.http.post(f"/c/authenticate/{intent.id}", data={"result": "fail"})
    assert answer.status_code == 200
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("pm_card_authenticationRequired", "declined"), ("pm_card_authenticationRequiredSetupForOffSession", "succeeded")],
)
def test_without_the_buyer_a_card_that_needs_him_is_declined(shop: Shop, name: str, outcome: str) -> None:
    form = {"amount": "900", "currency": "eur", "payment_method": name, "confirm": "true", "off_session": "true"}
    answer = shop.http.post("/v1/payment_intents", data={**form, "return_url": "https://shop.example"})
    if outcome == "declined":
        assert answer.status_code == 402
        assert answer.json()["error"]["code"] == "authentication_required"
        assert shop.events()[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    else:
        assert answer.json()["status"] == "succeeded"


@pytest.mark.parametrize(("act", "status"), [("authenticate", "succeeded"), ("refuse", "requires_payment_method")])
def test_the_control_can_answer_a_challenge(shop: Shop, act: str, status: str) -> None:
    session = shop.session()
    path = challenge(shop, session)
    intent_id = path.rpartition("/")[2]
    assert shop.control("POST", f"bank/{intent_id}/{act}")["status"] == status
    assert shop.fetch(session.id).status == ("complete" if act == "authenticate" else "open")


def test_the_control_answers_a_challenge_without_a_session_too(shop: Shop) -> None:
    intent = shop.client.v1.payment_intents.create(
        params={
            "amount": 900,
            "currency": "eur",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://shop.example",
        }
    )
    assert shop.control("POST", f"bank/{intent.id}/authenticate")["status"] == "succeeded"


def test_an_unknown_challenge_is_a_clear_page(shop: Shop) -> None:
    assert shop.http.get("/c/authenticate/pi_x").status_code == 404
    assert shop.http.post("/c/authenticate/pi_x").status_code == 404
