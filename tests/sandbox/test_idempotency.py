"""Idempotency keys, as the official clients count on them."""

import pytest
import stripe

from sandbox.harness import Shop


def headers(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_the_first_answer_is_given_again(shop: Shop) -> None:
    first = shop.http.post("/v1/customers", data={"name": "Anna"}, headers=headers("k1"))
    again = shop.http.post("/v1/customers", data={"name": "Anna"}, headers=headers("k1"))
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    assert again.headers["Idempotency-Key"] == "k1"
    assert len(shop.client.v1.customers.list().data) == 1
    assert shop.events() == ["customer.created"]


def test_the_same_key_with_other_parameters_is_refused(shop: Shop) -> None:
    shop.client.v1.customers.create(params={"name": "Anna"}, options={"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        shop.client.v1.customers.create(params={"name": "Berta"}, options={"idempotency_key": "k"})
    assert refused.value.http_status == 400
    assert refused.value.user_message == (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        "Try using a key other than 'k' if you meant to execute a different request."
    )
    assert len(shop.client.v1.customers.list().data) == 1


def test_the_same_key_on_another_route_is_refused(shop: Shop) -> None:
    shop.http.post("/v1/customers", headers=headers("k"))
    answer = shop.http.post("/v1/payment_intents", data={"amount": "900", "currency": "eur"}, headers=headers("k"))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"


def test_a_decline_is_kept_with_its_effects(shop: Shop) -> None:
    form = {
        "amount": "900",
        "currency": "eur",
        "payment_method": "pm_card_visa_chargeDeclined",
        "confirm": "true",
        "return_url": "https://shop.example",
    }
    first = shop.http.post("/v1/payment_intents", data=form, headers=headers("k"))
    again = shop.http.post("/v1/payment_intents", data=form, headers=headers("k"))
    assert (first.status_code, again.status_code) == (402, 402)
    assert again.json() == first.json()
    assert len(shop.client.v1.charges.list().data) == 1


def test_a_refused_parameter_is_not_kept(shop: Shop) -> None:
    wrong = shop.http.post("/v1/customers", data={"nope": "1"}, headers=headers("k"))
    assert wrong.status_code == 400
    right = shop.http.post("/v1/customers", data={"name": "Anna"}, headers=headers("k"))
    assert right.status_code == 200


def test_a_refusal_by_the_objects_state_is_kept(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session)
    path = f"/v1/checkout/sessions/{session.id}/expire"
    first = shop.http.post(path, headers=headers("k"))
    again = shop.http.post(path, headers=headers("k"))
    assert (first.status_code, again.status_code) == (400, 400)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_lives_for_a_day(shop: Shop) -> None:
    first = shop.http.post("/v1/customers", headers=headers("k")).json()
    shop.control("POST", "clock", {"advance_s": 23 * 3600})
    assert shop.http.post("/v1/customers", headers=headers("k")).json()["id"] == first["id"]
    shop.control("POST", "clock", {"advance_s": 2 * 3600})
    assert shop.http.post("/v1/customers", headers=headers("k")).json()["id"] != first["id"]


def test_keys_belong_to_one_account_and_to_post_alone(shop: Shop) -> None:
    mine = shop.http.post("/v1/customers", headers=headers("k")).json()
    other = {"Authorization": "Bearer sk_test_somebodyelse2", **headers("k")}
    assert shop.http.post("/v1/customers", headers=other).json()["id"] != mine["id"]
    listed = shop.http.get("/v1/customers", headers=headers("k"))
    assert listed.status_code == 200
    assert "Idempotency-Key" not in listed.headers


def test_a_key_of_more_than_255_characters_is_refused(shop: Shop) -> None:
    assert shop.http.post("/v1/customers", headers=headers("k" * 256)).status_code == 400
    assert shop.http.post("/v1/customers", headers=headers("k" * 255)).status_code == 200


def test_expansion_works_in_a_kept_answer(shop: Shop) -> None:
    customer = shop.client.v1.customers.create()
    session = shop.session(customer=customer.id, customer_email="", expand=["customer", "line_items"])
    assert isinstance(session.customer, stripe.Customer)
    assert session.line_items is not None
    assert session.line_items.data[0].amount_total == 2599
