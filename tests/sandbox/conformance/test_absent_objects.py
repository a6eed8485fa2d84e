"""Ids that name nothing: 404 in the path, 400 in a list's cursor, with code and param."""

import pytest

from sandbox.conformance.remote import INTENT, SESSION, Form, Remote

IN_PATH: list[tuple[str, str, str, bool]] = [
    ("GET", "customers/cus_x", "id", False),
    ("POST", "customers/cus_x", "id", True),
    ("DELETE", "customers/cus_x", "id", True),
    ("GET", "checkout/sessions/cs_test_x", "session", True),
    ("POST", "checkout/sessions/cs_test_x", "session", True),
    ("POST", "checkout/sessions/cs_test_x/expire", "session", True),
    ("GET", "checkout/sessions/cs_test_x/line_items", "session", True),
    ("GET", "payment_intents/pi_x", "intent", False),
    ("POST", "payment_intents/pi_x", "intent", False),
    ("POST", "payment_intents/pi_x/confirm", "intent", False),
    ("POST", "payment_intents/pi_x/cancel", "intent", False),
    ("POST", "payment_intents/pi_x/capture", "intent", False),
    ("GET", "charges/ch_x", "id", False),
    ("GET", "refunds/re_x", "refund", True),
    ("POST", "refunds/re_x", "refund", True),
    ("GET", "balance_transactions/txn_x", "id", True),
    ("GET", "payment_methods/pm_x", "payment_method", True),
    ("GET", "events/evt_x", "id", True),
    ("GET", "webhook_endpoints/we_x", "webhook_endpoint", True),
    ("DELETE", "webhook_endpoints/we_x", "webhook_endpoint", True),
    ("GET", "disputes/du_x", "dispute", False),
    ("POST", "disputes/du_x", "dispute", False),
    ("POST", "disputes/du_x/close", "dispute", False),
    ("GET", "setup_intents/seti_x", "intent", True),
    ("POST", "setup_intents/seti_x/cancel", "intent", True),
    ("GET", "shipping_rates/shr_x", "shipping_rate_token", True),
    ("POST", "shipping_rates/shr_x", "shipping_rate_token", True),
    ("GET", "tax_rates/txr_x", "tax_rate", True),
    ("POST", "tax_rates/txr_x", "tax_rate", True),
    ("GET", "invoices/in_x", "invoice", True),
    ("GET", "invoices/in_x/lines", "invoice", True),
    ("GET", "invoice_payments/inpay_x", "invoice_payment", True),
    ("GET", "products/prod_x", "id", True),
    ("GET", "prices/price_x", "price", True),
    ("GET", "coupons/x", "coupon", True),
    ("GET", "promotion_codes/promo_x", "promotion_code", True),
    ("GET", "payouts/po_x", "payout", True),
    ("GET", "reviews/prv_x", "review", True),
]


@pytest.mark.parametrize(
    ("method", "path", "param"),
    [pytest.param(*case, marks=pytest.mark.unsure if unsure else ()) for *case, unsure in IN_PATH],
)
def test_an_absent_object_in_the_path_is_404(api: Remote, method: str, path: str, param: str) -> None:
    answer = api.call(method, path, {} if method == "POST" else None)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (404, "resource_missing", param)


@pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
@pytest.mark.parametrize(
    ("path", "absent", "noun"),
    [
        ("customers", "cus_aaa", "customer"),
        ("payment_intents", "pi_aaa", "payment_intent"),
        ("charges", "ch_aaa", "charge"),
        ("refunds", "re_aaa", "refund"),
        ("events", "evt_aaa", "event"),
        ("disputes", "du_aaa", "dispute"),
        ("coupons", "aaa", "coupon"),
        ("products", "prod_aaa", "product"),
        ("prices", "price_aaa", "price"),
        ("invoices", "in_aaa", "invoice"),
        pytest.param("tax_rates", "txr_aaa", "tax rate", marks=pytest.mark.unsure),
        pytest.param("shipping_rates", "shr_aaa", "shipping rate", marks=pytest.mark.unsure),
    ],
)
def test_a_cursor_that_names_nothing_is_400(api: Remote, path: str, absent: str, noun: str, cursor: str) -> None:
    answer = api.call("GET", path, {cursor: absent})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "resource_missing", cursor)
    assert error["message"] == f"No such {noun}: '{absent}'"


@pytest.mark.parametrize(
    "path",
    [
        "customers",
        "payment_intents",
        "charges",
        "refunds",
        "events",
        "checkout/sessions",
        "tax_rates",
        "shipping_rates",
        "invoices",
    ],
)
def test_both_cursors_at_once_are_400(api: Remote, path: str) -> None:
    answer = api.call("GET", path, {"starting_after": "a", "ending_before": "b"})
    assert answer.status_code == 400
    expected = "Received both starting_after and ending_before parameters. Please pass in only one."
    assert answer.json()["error"]["message"] == expected


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
@pytest.mark.parametrize("path", ["customers", "payment_intents", "charges", "events"])
def test_a_limit_is_from_1_to_100(api: Remote, path: str, limit: str) -> None:
    answer = api.call("GET", path, {"limit": limit})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "parameter_invalid_integer", "limit")


@pytest.mark.parametrize(
    ("path", "form", "param"),
    [
        ("payment_intents", {**INTENT, "customer": "cus_nobody"}, "customer"),
        ("payment_intents", {**INTENT, "payment_method": "pm_nobody"}, "payment_method"),
        ("checkout/sessions", {**SESSION, "customer": "cus_nobody"}, "customer"),
    ],
)
def test_an_absent_object_in_a_parameter_is_400(api: Remote, path: str, form: Form, param: str) -> None:
    error = api.refusal(path, form)
    assert (error["code"], error["param"]) == ("resource_missing", param)


@pytest.mark.parametrize(
    ("name", "absent", "param"),
    [
        ("charge", "ch_x", "id"),
        pytest.param("payment_intent", "pi_x", "payment_intent", marks=pytest.mark.unsure),
    ],
)
def test_a_refund_of_nothing_is_404(api: Remote, name: str, absent: str, param: str) -> None:
    error = api.refusal("refunds", {name: absent}, 404)
    assert (error["code"], error["param"]) == ("resource_missing", param)
    assert error["message"] == f"No such {name}: '{absent}'"


def test_a_refund_needs_a_target(api: Remote) -> None:
    error = api.refusal("refunds", {})
    assert (
        error["message"] == "One of the following params should be provided for this request: payment_intent or charge."
    )


def test_an_unknown_route_is_404(api: Remote) -> None:
    answer = api.call("GET", "colours")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
