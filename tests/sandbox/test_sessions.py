"""Checkout Sessions: what is kept of the parameters, lists, lines, expiry, and manual capture."""

import time

import pytest
import stripe

from sandbox.harness import Shop


def test_a_session_keeps_what_it_was_made_with(shop: Shop) -> None:
    customer = shop.client.v1.customers.create(params={"email": "anna@example.com"})
    expires_at = int(time.time()) + 45 * 60
    session = shop.session(
        customer=customer.id,
        customer_email="",
        client_reference_id="order-1",
        metadata={"order": "1", "empty": ""},
        locale="fr",
        expires_at=expires_at,
        submit_type="pay",
        adaptive_pricing={"enabled": False},
        automatic_tax={"enabled": False},
        allow_promotion_codes=False,
        invoice_creation={"enabled": False},
        payment_method_options={"card": {"request_three_d_secure": "any"}},
    )
    assert session.url == f"{shop.url}/c/pay/{session.id}"
    assert (session.customer, session.client_reference_id) == (customer.id, "order-1")
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"order": "1"}
    assert (session.locale, session.expires_at, session.submit_type) == ("fr", expires_at, "pay")
    assert session.adaptive_pricing is not None
    assert session.adaptive_pricing.enabled is False
    assert session.allow_promotion_codes is False
    assert session.customer_details is not None
    assert session.customer_details.email == "anna@example.com"
    assert (session.amount_total, session.currency, session.mode) == (2599, "eur", "payment")


def test_the_payment_intent_gets_what_the_session_holds_for_it(shop: Shop) -> None:
    shipping = {
        "name": "Anna",
        "address": {"line1": "1 rue X", "city": "Lyon", "country": "FR", "postal_code": "69001"},
    }
    session = shop.session(
        metadata={"only": "session"},
        payment_intent_data={
            "metadata": {"order": "1"},
            "description": "Order 1",
            "statement_descriptor_suffix": "ORDER 1",
            "receipt_email": "anna@example.com",
            "shipping": shipping,
            "setup_future_usage": "off_session",
        },
    )
    shop.pay(session)
    intent = shop.http.get("/v1/payment_intents").json()["data"][0]
    assert intent["metadata"] == {"order": "1"}
    assert (intent["description"], intent["receipt_email"]) == ("Order 1", "anna@example.com")
    assert intent["shipping"]["address"]["city"] == "Lyon"
    charge = shop.http.get("/v1/charges").json()["data"][0]
    assert charge["calculated_statement_descriptor"] == "STRIPE* ORDER 1"
    assert charge["metadata"] == {"order": "1"}
    assert intent["customer"] is not None


def test_lines_are_listed_in_order_with_cursors(shop: Shop) -> None:
    lines = [
        {"price_data": {"currency": "eur", "unit_amount": 100, "product_data": {"name": f"Line {n}"}}, "quantity": n}
        for n in (1, 2, 3)
    ]
    session = shop.session(line_items=lines)
    assert session.amount_total == 600
    first = shop.client.v1.checkout.sessions.line_items.list(session.id, params={"limit": 2})
    assert [(line.description, line.quantity, line.amount_total) for line in first.data] == [
        ("Line 1", 1, 100),
        ("Line 2", 2, 200),
    ]
    assert first.has_more
    rest = shop.client.v1.checkout.sessions.line_items.list(session.id, params={"starting_after": first.data[1].id})
    assert [line.description for line in rest.data] == ["Line 3"]
    before = shop.client.v1.checkout.sessions.line_items.list(session.id, params={"ending_before": rest.data[0].id})
    assert [line.description for line in before.data] == ["Line 1", "Line 2"]
    assert [line.id for line in first.auto_paging_iter()] == [line.id for line in [*first.data, *rest.data]]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.checkout.sessions.line_items.list(session.id, params={"starting_after": "li_x"})
    assert refused.value.code == "resource_missing"


def test_lines_may_be_sent_in_racks_form(shop: Shop) -> None:
    body = (
        "mode=payment&success_url=https://shop.example/ok"
        "&line_items[][price_data][currency]=eur&line_items[][price_data][unit_amount]=100"
        "&line_items[][price_data][product_data][name]=A&line_items[][quantity]=1"
        "&line_items[][price_data][currency]=eur&line_items[][price_data][unit_amount]=250"
        "&line_items[][price_data][product_data][name]=B&line_items[][quantity]=2"
    )
    answer = shop.http.post(
        "/v1/checkout/sessions", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.json()["amount_total"] == 600


def test_sessions_are_found_by_customer_payment_intent_email_status_and_time(shop: Shop) -> None:
    customer = shop.client.v1.customers.create()
    mine = shop.session(customer=customer.id, customer_email="")
    guest = shop.session()
    shop.pay(guest)
    sessions = shop.client.v1.checkout.sessions
    intent = shop.fetch(guest.id)["payment_intent"]["id"]
    assert [found.id for found in sessions.list(params={"customer": customer.id}).data] == [mine.id]
    assert [found.id for found in sessions.list(params={"payment_intent": intent}).data] == [guest.id]
    assert [found.id for found in sessions.list(params={"status": "complete"}).data] == [guest.id]
    by_email = sessions.list(params={"customer_details": {"email": "buyer@example.com"}})
    assert [found.id for found in by_email.data] == [guest.id]
    assert sessions.list(params={"created": {"gt": mine.created + 60}}).data == []
    assert len(sessions.list(params={"created": {"gte": mine.created}}).data) == 2


def test_metadata_of_a_session_can_be_changed_and_deleted(shop: Shop) -> None:
    session = shop.session(metadata={"a": "1", "b": "2"})
    sessions = shop.client.v1.checkout.sessions
    changed = sessions.update(session.id, params={"metadata": {"b": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}
    assert shop.http.post(f"/v1/checkout/sessions/{session.id}", data={"metadata": ""}).json()["metadata"] == {}


def test_an_open_session_can_be_expired_once(shop: Shop) -> None:
    session = shop.session(locale="fr")
    expired = shop.client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    assert shop.events() == ["checkout.session.expired"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.checkout.sessions.expire(session.id)
    assert refused.value.http_status == 400
    assert "has a status of expired" in str(refused.value)
    assert shop.events() == ["checkout.session.expired"]
    page = shop.http.get(f"/c/pay/{session.id}")
    assert page.status_code == 410
    assert "Cette page de paiement a expiré" in page.text
    assert 'href="http://127.0.0.1:9/basket"' in page.text
    assert shop.pay(session).status_code == 410
    assert shop.client.v1.charges.list().data == []


def test_a_complete_session_cannot_be_expired(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session)
    with pytest.raises(stripe.InvalidRequestError, match="has a status of complete"):
        shop.client.v1.checkout.sessions.expire(session.id)
    assert shop.fetch(session.id).payment_status == "paid"
    page = shop.http.get(f"/c/pay/{session.id}")
    assert page.status_code == 200
    assert "This payment is complete" in page.text


def test_a_session_expires_at_its_time_and_takes_the_failed_payment_with_it(shop: Shop) -> None:
    session = shop.session(expires_at=int(time.time()) + 1800)
    shop.pay(session, "4000000000000002")
    shop.control("POST", "clock", {"advance_s": 1801})
    assert shop.fetch(session.id).status == "expired"
    intent = shop.http.get("/v1/payment_intents").json()["data"][0]
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "automatic")
    assert shop.events()[-2:] == ["checkout.session.expired", "payment_intent.canceled"]


@pytest.mark.parametrize("setting", ["unpaid", "paid"])
def test_manual_capture_completes_the_session_at_authorisation(shop: Shop, setting: str) -> None:
    if setting == "paid":
        shop.control("POST", "settings", {"manual_capture_payment_status": "paid"})
    session = shop.session(payment_intent_data={"capture_method": "manual"})
    assert "sepa_debit" not in (session.payment_method_types or [])
    shop.pay(session)
    held = shop.fetch(session.id)
    assert (held.status, held.payment_status) == ("complete", setting)
    intent = held.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 2599, 0)
    captured = shop.client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 2000})
    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 2000, 0)
    charge = shop.client.v1.charges.list().data[0]
    assert (charge.captured, charge.amount_captured, charge.amount_refunded) == (True, 2000, 0)
    assert charge.balance_transaction is not None
    assert shop.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
        "charge.captured",
        "payment_intent.succeeded",
    ]


def test_an_unknown_session_is_a_clear_page(shop: Shop) -> None:
    assert shop.http.get("/c/pay/cs_test_x").status_code == 404
    assert shop.http.post("/c/pay/cs_test_x").status_code == 404


def test_the_page_follows_the_sessions_locale_else_the_browser(shop: Shop) -> None:
    french = shop.http.get(f"/c/pay/{shop.session(locale='fr').id}", headers={"Accept-Language": "en"}).text
    assert '<html lang="fr">' in french
    assert "Payer 25,99" in french
    auto = f"/c/pay/{shop.session(locale='auto').id}"
    assert '<html lang="fr">' in shop.http.get(auto, headers={"Accept-Language": "fr-FR,fr;q=0.9"}).text
    english = shop.http.get(auto, headers={"Accept-Language": "de"}).text
    assert '<html lang="en">' in english
    assert "Pay €25.99" in english


def test_pages_carry_a_strict_policy_that_lets_the_form_end_at_the_shop(shop: Shop) -> None:
    policy = shop.http.get(f"/c/pay/{shop.session().id}").headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://127.0.0.1:9; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
