"""Refused parameters: the status, code, param and message of each kind, at every depth."""

from typing import Any

import pytest
import stripe

from sandbox.harness import Shop

ITEM = "line_items[0][price_data]"
SESSION: dict[str, str] = {
    "mode": "payment",
    "success_url": "https://shop.example/ok",
    f"{ITEM}[currency]": "eur",
    f"{ITEM}[unit_amount]": "1000",
    f"{ITEM}[product_data][name]": "Bol",
    "line_items[0][quantity]": "1",
}
INTENT: dict[str, str] = {"amount": "1000", "currency": "eur"}


def refusal(shop: Shop, path: str, form: dict[str, str], version: str = "2026-05-27.dahlia") -> dict[str, Any]:
    """The error of a POST that must be refused with 400."""
    answer = shop.http.post(f"/v1/{path}", data=form, headers={"Stripe-Version": version})
    assert answer.status_code == 400, answer.text
    assert answer.headers["Request-Id"].startswith("req_")
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "code", "param", "message"),
    [
        ({"nope": "1"}, "parameter_unknown", "nope", "Received unknown parameter: nope"),
        ({"a": "1", "b": "2"}, "parameter_unknown", "a", "Received unknown parameters: a, b"),
        ({f"{ITEM}[nope]": "1"}, "parameter_unknown", f"{ITEM}[nope]", f"Received unknown parameter: {ITEM}[nope]"),
        (
            {"payment_method_options[card][nope]": "1"},
            "parameter_unknown",
            "payment_method_options[card][nope]",
            "Received unknown parameter: payment_method_options[card][nope]",
        ),
        ({f"{ITEM}[unit_amount]": "abc"}, "parameter_invalid_integer", f"{ITEM}[unit_amount]", "Invalid integer: abc"),
        (
            {f"{ITEM}[unit_amount]": "-1"},
            "parameter_invalid_integer",
            f"{ITEM}[unit_amount]",
            "This value must be greater than or equal to 0.",
        ),
        (
            {f"{ITEM}[currency]": ""},
            "parameter_missing",
            f"{ITEM}[currency]",
            f"Missing required param: {ITEM}[currency].",
        ),
        ({f"{ITEM}[currency]": "xxx"}, None, f"{ITEM}[currency]", "Invalid currency: xxx."),
        ({"mode": "later"}, None, "mode", "Invalid mode: must be one of payment, setup, or subscription"),
        ({"mode": "subscription"}, "sandbox_not_built", "mode", "mode=subscription exists at Stripe but is not built"),
        ({"discounts[0][coupon]": "c"}, "resource_missing", "discounts[0][coupon]", "No such coupon: 'c'"),
        ({"automatic_tax[enabled]": "true"}, "sandbox_not_built", "automatic_tax", "automatic_tax exists at Stripe"),
        ({"adaptive_pricing[enabled]": "yes"}, None, "adaptive_pricing[enabled]", "Invalid boolean: yes"),
        ({"adaptive_pricing": "yes"}, None, "adaptive_pricing", "Invalid object"),
        ({"payment_method_types": "card"}, None, "payment_method_types", "Invalid array"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id", "must be at most 200 characters"),
        ({"success_url": "https://x;script-src/"}, None, "success_url", "Invalid success_url"),
        ({"success_url": "shop"}, None, "success_url", "Invalid success_url: shop"),
        ({"customer[id]": "x"}, None, "customer", "Invalid string: {...}"),
        (
            {"customer": "cus_x", "customer_email": "a@example.com"},
            "parameters_exclusive",
            "customer",
            "You may only specify one of these parameters: customer, customer_email.",
        ),
        ({"customer": "cus_nobody"}, "resource_missing", "customer", "No such customer: 'cus_nobody'"),
        ({"customer_update[name]": "auto"}, None, "customer_update", "only be used with `customer`"),
        (
            {"customer": "cus_x", "customer_creation": "always"},
            None,
            "customer_creation",
            "when `customer` is not given",
        ),
        ({"payment_intent_data[statement_descriptor]": "SHOP"}, None, None, "not supported for card payments"),
        ({"payment_intent_data[statement_descriptor_suffix]": "12345"}, None, None, "Invalid payment_intent_data"),
        ({f"{ITEM}[unit_amount]": "49"}, "amount_too_small", "line_items", "must be at least €0.50 eur"),
        (
            {f"{ITEM}[unit_amount]": "100000000"},
            "amount_too_large",
            "line_items",
            "must be no more than €999,999.99 eur",
        ),
        ({f"{ITEM}[currency]": "isk", f"{ITEM}[unit_amount]": "1050"}, None, f"{ITEM}[unit_amount]", None),
        (
            {"line_items[1][price_data][currency]": "usd", "line_items[1][quantity]": "1"},
            "parameter_missing",
            "line_items[1][price_data][unit_amount]",
            None,
        ),
        ({"line_items[0][quantity]": "0"}, "parameter_invalid_integer", "line_items[0][quantity]", None),
        ({"metadata[a]": "x" * 501}, None, "metadata[a]", "Metadata values can have up to 500 characters"),
        ({"metadata[" + "k" * 41 + "]": "x"}, None, None, "Metadata keys can be at most 40 characters"),
        ({"metadata[a][b]": "x"}, None, "metadata[a]", "Metadata values must be strings."),
        ({"metadata": "x"}, None, "metadata", "Invalid object"),
        ({f"metadata[k{n}]": "x" for n in range(51)}, None, None, "Metadata can have up to 50 keys"),
        ({"expires_at": "1"}, None, "expires_at", "must be at least 30 minutes"),
        ({"expires_at": "99999999999"}, None, "expires_at", "must be less than 24 hours"),
        ({"payment_method_types[]": "ideal"}, "sandbox_not_built", None, "payment_method_types[0]=ideal"),
        ({"payment_method_types[]": "link"}, None, "payment_method_types", "No payment method types are left"),
        ({"ui_mode": "elements"}, "sandbox_not_built", "ui_mode", None),
    ],
)
def test_a_session_with_a_bad_parameter_is_refused(
    shop: Shop, change: dict[str, str], code: str | None, param: str | None, message: str | None
) -> None:
    error = refusal(shop, "checkout/sessions", SESSION | change)
    assert error["type"] == "invalid_request_error"
    assert error.get("code") == code
    if param is not None:
        assert error["param"] == param
    if message is not None:
        assert message in error["message"]
    assert shop.http.get("/v1/checkout/sessions").json()["data"] == []


@pytest.mark.parametrize("name", ["mode", "success_url", f"{ITEM}[unit_amount]", "line_items[0][quantity]"])
def test_a_session_without_a_required_parameter_is_refused(shop: Shop, name: str) -> None:
    error = refusal(shop, "checkout/sessions", {key: value for key, value in SESSION.items() if key != name})
    assert (error["code"], error["param"]) == ("parameter_missing", name)


def test_a_session_takes_at_most_a_hundred_lines_in_one_currency(shop: Shop) -> None:
    lines: dict[str, str] = {}
    for index in range(101):
        lines |= {key.replace("[0]", f"[{index}]"): value for key, value in SESSION.items() if "[0]" in key}
    error = refusal(shop, "checkout/sessions", SESSION | lines)
    assert error["message"] == "Array line_items exceeded maximum 100 allowed elements."
    second = {key.replace("[0]", "[1]"): value for key, value in SESSION.items() if "[0]" in key}
    second["line_items[1][price_data][currency]"] = "usd"
    assert (
        "must use the same currency: received eur, usd"
        in refusal(shop, "checkout/sessions", SESSION | second)["message"]
    )


def test_a_session_line_needs_a_price(shop: Shop) -> None:
    form = {"mode": "payment", "success_url": "https://shop.example/ok", "line_items[0][quantity]": "1"}
    assert refusal(shop, "checkout/sessions", form)["param"] == "line_items[0][price_data]"
    error = refusal(shop, "checkout/sessions", SESSION | {"line_items[0][price]": "price_1"})
    assert (error["code"], error["param"]) == ("parameters_exclusive", "line_items[0][price]")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": ""}, "parameter_missing", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"amount": "12"}, "amount_too_small", "amount"),
        ({"amount": "100000000"}, "amount_too_large", "amount"),
        ({"currency": "kwd", "amount": "1001"}, None, "amount"),
        ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({"customer": "cus_nothing"}, "resource_missing", "customer"),
        ({"statement_descriptor": "SHOP"}, None, "statement_descriptor"),
        ({"receipt_email": "nobody"}, None, "receipt_email"),
        ({"confirm": "true", "payment_method": "pm_card_visa"}, None, "return_url"),
        ({"confirm": "true", "return_url": "https://shop.example"}, "payment_intent_unexpected_state", None),
    ],
)
def test_a_payment_intent_with_a_bad_parameter_is_refused(
    shop: Shop, change: dict[str, str], code: str | None, param: str | None
) -> None:
    error = refusal(shop, "payment_intents", INTENT | change)
    assert (error.get("code"), error.get("param")) == (code, param)
    assert shop.http.get("/v1/payment_intents").json()["data"] == []


def test_payment_method_types_and_automatic_methods_exclude_each_other(shop: Shop) -> None:
    both = {"payment_method_types[]": "card", "automatic_payment_methods[enabled]": "true"}
    assert refusal(shop, "payment_intents", INTENT | both)["code"] == "parameters_exclusive"
    twice = {"payment_method_types[]": "card", "excluded_payment_method_types[]": "link"}
    assert refusal(shop, "checkout/sessions", SESSION | twice)["code"] == "parameters_exclusive"


def test_endive_refuses_payment_method_types_in_its_own_words(shop: Shop) -> None:
    endive = "2026-10-28.endive"
    error = refusal(shop, "payment_intents", INTENT | {"payment_method_types[]": "card"}, endive)
    assert error["code"] == "payment_method_types_no_longer_supported"
    error = refusal(shop, "checkout/sessions", SESSION | {"payment_method_types[]": "card"}, endive)
    assert (error["code"], error["param"]) == ("parameter_unknown", "payment_method_types")
    answer = shop.http.post("/v1/checkout/sessions", data=SESSION, headers={"Stripe-Version": endive})
    assert (answer.status_code, answer.headers["Stripe-Version"]) == (200, endive)


def test_an_api_version_that_is_not_spoken_is_refused(shop: Shop) -> None:
    assert "Invalid Stripe API version: 2020-08-27" in refusal(shop, "customers", {}, "2020-08-27")["message"]


def test_a_call_without_a_version_is_dahlia(shop: Shop) -> None:
    assert shop.http.get("/v1/account").headers["Stripe-Version"] == "2026-05-27.dahlia"


@pytest.mark.parametrize(
    ("path", "param", "noun"),
    [
        ("customers/cus_x", "id", "customer"),
        ("checkout/sessions/cs_x", "session", "checkout.session"),
        ("payment_intents/pi_x", "intent", "payment_intent"),
        ("charges/ch_x", "id", "charge"),
        ("refunds/re_x", "refund", "refund"),
        ("balance_transactions/txn_x", "id", "balance_transaction"),
        ("payment_methods/pm_x", "payment_method", "PaymentMethod"),
        ("events/evt_x", "id", "event"),
        ("webhook_endpoints/we_x", "webhook_endpoint", "webhook endpoint"),
    ],
)
def test_what_does_not_exist_is_404(shop: Shop, path: str, param: str, noun: str) -> None:
    answer = shop.http.get(f"/v1/{path}")
    error = answer.json()["error"]
    assert answer.status_code == 404
    assert (error["code"], error["param"]) == ("resource_missing", param)
    assert error["message"] == f"No such {noun}: '{path.rpartition('/')[2]}'"


def test_an_unknown_route_is_404(shop: Shop) -> None:
    answer = shop.http.get("/v1/subscriptions")
    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/subscriptions)." in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "You did not provide an API key."),
        ("Bearer", "You did not provide an API key."),
        ("Basic !!", "You did not provide an API key."),
        ("Digest x", "You did not provide an API key."),
        ("Bearer sk_live_" + "x" * 20, "refuses live keys"),
        ("Bearer rk_live_" + "x" * 20, "refuses live keys"),
        ("Bearer pk_test_" + "x" * 20, "Invalid API Key provided"),
        ("Bearer sk_test_", "Invalid API Key provided"),
    ],
)
def test_a_call_without_a_test_key_is_401(shop: Shop, header: str, words: str) -> None:
    answer = shop.http.get("/v1/account", headers={"Authorization": header})
    assert answer.status_code == 401
    assert words in answer.json()["error"]["message"]


def test_the_key_may_come_as_basic_user_name(shop: Shop) -> None:
    mine = shop.client.v1.accounts.retrieve_current()
    answer = shop.http.get("/v1/account", headers={"Authorization": ""}, auth=(shop.key, ""))
    assert answer.json()["id"] == mine.id


def test_each_key_is_an_account_of_its_own(shop: Shop) -> None:
    session = shop.session()
    stranger = shop.http.get(
        f"/v1/checkout/sessions/{session.id}", headers={"Authorization": "Bearer sk_test_somebodyelse"}
    )
    assert stranger.status_code == 404


def test_the_official_client_sees_its_own_error_kinds(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.customers.retrieve("cus_x")
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.CardError) as declined:
        shop.client.v1.payment_intents.create(
            params={
                "amount": 1000,
                "currency": "eur",
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "generic_decline"
    assert declined.value.error.payment_intent is not None


def test_a_body_that_is_no_text_is_refused_and_changes_nothing(shop: Shop) -> None:
    for raw in (b"name=\xff\xfe", b"name=%ff"):
        answer = shop.http.post("/v1/customers", content=raw)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert shop.http.get("/v1/customers").json()["data"] == []
