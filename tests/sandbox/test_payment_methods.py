"""Payment methods kept for a customer: made, attached, changed, listed, detached; and who cannot be kept."""

import pytest

from sandbox.harness import Shop
from sandbox.paid import pay, raw, refusal, send, told
from sandbox.payment_shapes import PAYMENT_METHOD
from sandbox.shapes import differences


def card(shop: Shop, name: str = "tok_visa", **form: str) -> str:
    return send(shop, "payment_methods", **{"type": "card", "card[token]": name, **form})["id"]


def customer(shop: Shop, **form: str) -> str:
    return send(shop, "customers", **form)["id"]


def test_a_token_makes_a_card_with_its_buyer(shop: Shop) -> None:
    form = {"billing_details[name]": "Anna", "billing_details[address][city]": "Lyon", "metadata[a]": "1"}
    made = raw(shop, f"payment_methods/{card(shop, 'tok_mastercard', **form)}")
    assert differences(made, PAYMENT_METHOD) == []
    assert (made["card"]["brand"], made["customer"], made["metadata"]) == ("mastercard", None, {"a": "1"})
    assert (made["billing_details"]["name"], made["billing_details"]["address"]["city"]) == ("Anna", "Lyon")


def test_a_test_iban_makes_a_debit(shop: Shop) -> None:
    form = {"type": "sepa_debit", "sepa_debit[iban]": "DE89 3704 0044 0532 0130 00"}
    made = send(shop, "payment_methods", **form)
    assert (made["type"], made["sepa_debit"]["last4"]) == ("sepa_debit", "3000")
    real = {**form, "sepa_debit[iban]": "GB33BUKB20201555555555"}
    assert refusal(shop, "payment_methods", **real)[1:3] == ("invalid_bank_account_iban", "sepa_debit[iban]")


def test_an_attached_card_is_the_customers(shop: Shop) -> None:
    anna, method = customer(shop), card(shop)
    attached = send(shop, f"payment_methods/{method}/attach", customer=anna)
    assert attached["customer"] == anna
    assert [row["id"] for row in raw(shop, f"customers/{anna}/payment_methods")["data"]] == [method]
    assert [row["id"] for row in raw(shop, f"payment_methods?customer={anna}&type=card")["data"]] == [method]
    assert raw(shop, f"payment_methods?customer={anna}&type=sepa_debit")["data"] == []
    assert raw(shop, f"customers/{anna}/payment_methods/{method}")["id"] == method
    assert shop.events()[-1] == "payment_method.attached"
    send(shop, f"payment_methods/{method}/attach", customer=anna)
    assert shop.events().count("payment_method.attached") == 1


def test_a_test_name_can_be_attached_by_itself(shop: Shop) -> None:
    anna = customer(shop)
    attached = send(shop, "payment_methods/pm_card_visa/attach", customer=anna)
    assert (attached["id"].startswith("pm_1"), attached["customer"]) == (True, anna)
    assert pay(shop, attached["id"], customer=anna)["customer"] == anna


def test_a_card_has_one_customer(shop: Shop) -> None:
    anna, boris, method = customer(shop), customer(shop), card(shop)
    send(shop, f"payment_methods/{method}/attach", customer=anna)
    message = "The payment method you provided has already been attached to a customer."
    assert refusal(shop, f"payment_methods/{method}/attach", customer=boris) == (400, None, None, message)
    assert raw(shop, f"payment_methods/{method}")["customer"] == anna


def test_a_detached_card_is_spent(shop: Shop) -> None:
    anna, method = customer(shop), card(shop)
    send(shop, f"payment_methods/{method}/attach", customer=anna)
    assert send(shop, f"payment_methods/{method}/detach")["customer"] is None
    assert told(shop, "payment_method.detached")[0]["previous_attributes"] == {"customer": anna}
    assert raw(shop, f"customers/{anna}/payment_methods")["data"] == []
    status, code, _, message = refusal(shop, f"payment_methods/{method}/attach", customer=anna)
    assert (status, code) == (400, "payment_method_unexpected_state")
    assert message.endswith("you must attach it to a Customer first.")
    assert "detachment is impossible" in refusal(shop, f"payment_methods/{method}/detach")[3]


@pytest.mark.parametrize(
    ("token", "code", "decline"),
    [
        ("tok_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("tok_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("tok_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("tok_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("tok_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_card_that_declines_cannot_be_attached(shop: Shop, token: str, code: str, decline: str | None) -> None:
    anna, method = customer(shop), card(shop, token)
    answer = shop.http.post(f"/v1/payment_methods/{method}/attach", data={"customer": anna})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"], error.get("decline_code")) == (
        402,
        "card_error",
        code,
        decline,
    )
    assert raw(shop, f"payment_methods/{method}")["customer"] is None
    assert raw(shop, "charges")["data"] == []


@pytest.mark.parametrize("token", ["tok_chargeCustomerFail", "tok_authenticationRequired", "tok_radarBlock"])
def test_a_card_made_to_fail_later_can_be_attached(shop: Shop, token: str) -> None:
    anna = customer(shop)
    assert send(shop, f"payment_methods/{card(shop, token)}/attach", customer=anna)["customer"] == anna


def test_what_is_known_of_a_card_can_change(shop: Shop) -> None:
    method = card(shop)
    form = {"card[exp_month]": "3", "card[exp_year]": "2034", "billing_details[email]": "a@example.com"}
    changed = send(shop, f"payment_methods/{method}", **form)
    assert (changed["card"]["exp_month"], changed["card"]["exp_year"], changed["card"]["last4"]) == (3, 2034, "4242")
    assert changed["billing_details"]["email"] == "a@example.com"
    assert set(told(shop, "payment_method.updated")[0]["previous_attributes"]) == {"card", "billing_details"}


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_missing", "type"),
        ({"type": "card"}, "parameter_missing", "card"),
        ({"type": "card", "card[number]": "4242424242424242"}, "parameter_missing", "card[token]"),
        ({"type": "card", "card[token]": "tok_nope"}, "resource_missing", "card[token]"),
        ({"type": "ideal"}, "sandbox_not_built", "type"),
        ({"type": "card", "card[token]": "tok_visa", "nope": "1"}, "parameter_unknown", "nope"),
    ],
)
def test_a_method_that_cannot_be_made_is_refused(shop: Shop, form: dict[str, str], code: str, param: str) -> None:
    assert refusal(shop, "payment_methods", **form)[:3] == (400, code, param)
    assert raw(shop, "payment_methods")["data"] == []


def test_attaching_needs_a_customer_and_a_method_that_exist(shop: Shop) -> None:
    method = card(shop)
    assert refusal(shop, f"payment_methods/{method}/attach")[1:3] == ("parameter_missing", "customer")
    assert refusal(shop, f"payment_methods/{method}/attach", customer="cus_x")[:3] == (
        400,
        "resource_missing",
        "customer",
    )
    assert refusal(shop, "payment_methods/pm_x/attach", customer=customer(shop)) == (
        404,
        "resource_missing",
        "payment_method",
        "No such PaymentMethod: 'pm_x'",
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('email:"anna@example.com"', ["anna"]),
        ("email:'ANNA@example.com'", ["anna"]),
        ('metadata["shop_id"]:"7"', ["boris"]),
        ('email~"example"', ["boris", "anna"]),
        ('email:"anna@example.com" AND name:"Nobody"', []),
        ('email:"anna@example.com" OR metadata["shop_id"]:"7"', ["boris", "anna"]),
        ('-email:"anna@example.com"', ["boris"]),
        ("created>0", ["boris", "anna"]),
        ('phone:null name:"anna"', ["anna"]),
    ],
)
def test_customers_are_found_by_what_is_known_of_them(shop: Shop, query: str, found: list[str]) -> None:
    customer(shop, email="anna@example.com", name="anna")
    customer(shop, email="b@example.com", name="boris", **{"metadata[shop_id]": "7"})
    answer = shop.http.get("/v1/customers/search", params={"query": query}).json()
    assert (answer["object"], answer["has_more"], answer["url"]) == ("search_result", False, "/v1/customers/search")
    assert [row["name"] for row in answer["data"]] == found


def test_a_search_is_read_page_by_page_and_forgets_the_deleted(shop: Shop) -> None:
    made = [customer(shop, email="a@example.com") for _ in range(4)]
    shop.http.delete(f"/v1/customers/{made[0]}")
    wish = {"query": 'email:"a@example.com"', "limit": "2"}
    first = shop.http.get("/v1/customers/search", params=wish).json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == ([made[3], made[2]], True)
    second = shop.http.get("/v1/customers/search", params={**wish, "page": first["next_page"]}).json()
    assert ([row["id"] for row in second["data"]], second["next_page"]) == ([made[1]], None)


@pytest.mark.parametrize("query", ['colour:"red"', "email", 'email:"a" AND name:"b" OR name:"c"', 'email["x"]:"a"'])
def test_a_query_that_cannot_be_read_is_refused(shop: Shop, query: str) -> None:
    answer = shop.http.get("/v1/customers/search", params={"query": query})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "query")


def test_payments_are_found_by_metadata(shop: Shop) -> None:
    charge = pay(shop, "pm_card_visa", 3000, **{"metadata[order]": "42"})
    query = 'metadata["order"]:"42" AND status:"succeeded" AND amount>2999'
    answer = shop.http.get("/v1/payment_intents/search", params={"query": query}).json()
    assert [row["id"] for row in answer["data"]] == [charge["payment_intent"]]
