"""The unpublished routes by which the official command line pays a Checkout Session."""

import pytest

from sandbox.harness import Shop


def confirm(
    shop: Shop, session_id: str, method: str = "pm_card_visa", amount: int = 2599
) -> tuple[int, dict[str, str]]:
    answer = shop.http.post(
        f"/v1/payment_pages/{session_id}/confirm", data={"payment_method": method, "expected_amount": str(amount)}
    )
    body = answer.json()
    return answer.status_code, body.get("error", body)


def test_a_page_tells_what_the_session_costs(shop: Shop) -> None:
    session = shop.session()
    page = shop.http.get(f"/v1/payment_pages/{session.id}").json()
    assert (page["object"], page["session_id"], page["amount_total"]) == ("payment_page", session.id, 2599)
    missing = shop.http.get("/v1/payment_pages/cs_test_none").json()["error"]
    assert (missing["code"], missing["param"]) == ("resource_missing", "session")


def test_confirming_a_page_pays_the_session(shop: Shop) -> None:
    session = shop.session()
    status, page = confirm(shop, session.id)
    assert (status, page["status"], page["payment_status"]) == (200, "complete", "paid")
    assert shop.fetch(session.id).payment_status == "paid"
    assert shop.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_declined_confirmation_leaves_the_session_open(shop: Shop) -> None:
    session = shop.session()
    status, error = confirm(shop, session.id, "pm_card_chargeDeclined")
    assert (status, error["code"], error["decline_code"]) == (402, "card_declined", "generic_decline")
    assert shop.fetch(session.id).status == "open"
    assert confirm(shop, session.id)[0] == 200


@pytest.mark.parametrize(
    ("method", "amount", "param"),
    [("pm_card_visa", 2598, "expected_amount"), ("pm_sepaDebit_success_de", 2599, "payment_method")],
)
def test_a_confirmation_that_does_not_fit_changes_nothing(shop: Shop, method: str, amount: int, param: str) -> None:
    session = shop.session(excluded_payment_method_types=["sepa_debit"])
    status, error = confirm(shop, session.id, method, amount)
    assert (status, error["param"]) == (400, param)
    assert shop.fetch(session.id).payment_intent is None
    assert shop.events() == []


def test_a_closed_session_cannot_be_confirmed(shop: Shop) -> None:
    session = shop.session()
    shop.client.v1.checkout.sessions.expire(session.id)
    status, error = confirm(shop, session.id)
    assert (status, error["param"]) == (400, "session")


def test_a_page_without_anything_to_pay_is_confirmed_too(shop: Shop) -> None:
    free = shop.session(0)
    assert confirm(shop, free.id, amount=0)[1]["payment_status"] == "no_payment_required"
    kept = shop.client.v1.checkout.sessions.create(
        params={"mode": "setup", "currency": "eur", "success_url": "http://127.0.0.1:9/ok"}
    )
    assert confirm(shop, kept.id, "pm_card_chargeDeclined", 0)[0] == 402
    assert confirm(shop, kept.id, amount=0)[1]["status"] == "complete"
    assert shop.events()[-1] == "checkout.session.completed"
