"""What is refused before anything happens: status 400, exact code, exact param, and that nothing was kept."""

import pytest

from sandbox.conformance.remote import ENDPOINT, INTENT, ITEM, SESSION, Form, Remote

UNKNOWN = "parameter_unknown"
MISSING = "parameter_missing"
INTEGER = "parameter_invalid_integer"
BASES: dict[str, Form] = {
    "customers": {},
    "payment_intents": INTENT,
    "checkout/sessions": SESSION,
    "refunds": {"payment_intent": "pi_nobody"},
    "webhook_endpoints": ENDPOINT,
}

UNKNOWN_NAMES: list[tuple[str, str]] = [
    *(("customers", name) for name in ("colour", "Email", "emails", "address[street]")),
    *(("customers", name) for name in ("shipping[colour]", "id", "object", "created", "livemode")),
    *(("payment_intents", name) for name in ("colour", "status", "client_secret", "latest_charge", "id")),
    *(("payment_intents", name) for name in ("shipping[colour]", "receipt_mail")),
    *(("payment_intents", name) for name in ("automatic_payment_methods[colour]", "payment_method_options[colour]")),
    ("payment_intents", "payment_method_options[card][colour]"),
    *(("checkout/sessions", name) for name in ("colour", "status", "payment_status", "payment_intent", "url")),
    *(("checkout/sessions", name) for name in ("line_items[0][colour]", f"{ITEM}[colour]", f"{ITEM}[amount]")),
    *(("checkout/sessions", name) for name in (f"{ITEM}[product_data][colour]", "payment_intent_data[colour]")),
    *(("checkout/sessions", name) for name in ("payment_intent_data[amount]", "payment_intent_data[shipping][colour]")),
    *(("checkout/sessions", name) for name in ("customer_update[email]", "adaptive_pricing[colour]")),
    *(
        ("checkout/sessions", name)
        for name in ("payment_method_options[card][colour]", "payment_method_options[colour]")
    ),
    *(("refunds", name) for name in ("colour", "status", "amount_refunded", "id")),
    *(("webhook_endpoints", name) for name in ("colour", "secret", "status", "events")),
]


@pytest.mark.parametrize(("path", "name"), UNKNOWN_NAMES)
def test_an_unknown_parameter_is_named(api: Remote, path: str, name: str) -> None:
    error = api.refusal(path, {**BASES[path], name: "x"})
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", UNKNOWN, name)
    assert error["message"] == f"Received unknown parameter: {name}"


@pytest.mark.parametrize(
    "path",
    [
        "customers",
        "payment_intents",
        "checkout/sessions",
        "charges",
        "refunds",
        "events",
        "webhook_endpoints",
        "balance_transactions",
    ],
)
def test_an_unknown_filter_is_named(api: Remote, path: str) -> None:
    answer = api.call("GET", path, {"colour": "red"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, UNKNOWN, "colour")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("payment_intents", "amount"),
        ("payment_intents", "currency"),
        ("checkout/sessions", f"{ITEM}[currency]"),
        ("checkout/sessions", f"{ITEM}[product_data][name]"),
        ("webhook_endpoints", "url"),
        ("webhook_endpoints", "enabled_events"),
    ],
)
def test_a_missing_parameter_is_named(api: Remote, path: str, name: str) -> None:
    rest = {key: value for key, value in BASES[path].items() if key.removesuffix("[]") != name}
    if name.endswith("[name]"):
        rest[f"{ITEM}[product_data][description]"] = "A bowl"
    error = api.refusal(path, rest)
    assert (error["code"], error["param"]) == (MISSING, name)
    assert error["message"] == f"Missing required param: {name}."


@pytest.mark.parametrize("value", ["abc", "1.5", "1e3", "0x10", "12 34", "ten"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("payment_intents", "amount"),
        ("checkout/sessions", f"{ITEM}[unit_amount]"),
        ("checkout/sessions", "line_items[0][quantity]"),
        ("checkout/sessions", "expires_at"),
        ("refunds", "amount"),
    ],
)
def test_what_is_no_integer_is_told(api: Remote, path: str, name: str, value: str) -> None:
    error = api.refusal(path, {**BASES[path], name: value})
    assert (error["code"], error["param"], error["message"]) == (INTEGER, name, f"Invalid integer: {value}")


@pytest.mark.parametrize("value", ["0", "-1", "-2599"])
@pytest.mark.parametrize("path", ["payment_intents", "refunds"])
def test_an_amount_is_at_least_one(api: Remote, path: str, value: str) -> None:
    error = api.refusal(path, {**BASES[path], "amount": value})
    assert (error["code"], error["param"]) == (INTEGER, "amount")
    assert error["message"] == "This value must be greater than or equal to 1."


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("payment_intents", "capture_method", "later"),
        ("payment_intents", "setup_future_usage", "maybe"),
        ("payment_intents", "confirm", "yes"),
        ("payment_intents", "automatic_payment_methods[enabled]", "1"),
        ("payment_intents", "currency", "zzz"),
        ("payment_intents", "shipping", "here"),
        ("payment_intents", "metadata", "x"),
        ("checkout/sessions", "mode", "later"),
        ("checkout/sessions", "submit_type", "steal"),
        ("checkout/sessions", "locale", "tlh"),
        ("checkout/sessions", "customer_creation", "never"),
        ("checkout/sessions", "adaptive_pricing", "on"),
        ("checkout/sessions", "adaptive_pricing[enabled]", "on"),
        ("checkout/sessions", "payment_intent_data[capture_method]", "later"),
        ("checkout/sessions", f"{ITEM}[currency]", "zzz"),
        ("checkout/sessions", f"{ITEM}[tax_behavior]", "none"),
        ("checkout/sessions", "metadata", "x"),
        ("customers", "tax_exempt", "maybe"),
        ("customers", "metadata", "x"),
        ("refunds", "reason", "boredom"),
        ("refunds", "metadata", "x"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(api: Remote, path: str, name: str, value: str) -> None:
    error = api.refusal(path, {**BASES[path], name: value})
    assert (error["type"], error["param"]) == ("invalid_request_error", name)


@pytest.mark.unsure
@pytest.mark.parametrize(
    ("currency", "least"),
    [
        ("usd", 50),
        ("eur", 50),
        ("gbp", 30),
        ("chf", 50),
        ("cad", 50),
        ("aud", 50),
        ("jpy", 50),
        ("sek", 300),
        ("nok", 300),
        ("dkk", 250),
        ("pln", 200),
        ("czk", 1500),
        ("huf", 17500),
        ("ron", 200),
        ("mxn", 1000),
    ],
)
def test_less_than_the_smallest_amount_of_a_currency_is_refused(api: Remote, currency: str, least: int) -> None:
    # Stripe compares with the minimum of the settlement currency; the published table is of 2024.
    error = api.refusal("payment_intents", {**INTENT, "currency": currency, "amount": str(least - 1)})
    assert (error["code"], error["param"]) == ("amount_too_small", "amount")


@pytest.mark.parametrize("currency", ["eur", "usd", "gbp", "jpy"])
def test_more_than_the_largest_amount_is_refused(api: Remote, currency: str) -> None:
    error = api.refusal("payment_intents", {**INTENT, "currency": currency, "amount": "100000000"})
    assert (error["code"], error["param"]) == ("amount_too_large", "amount")


@pytest.mark.parametrize("path", ["customers", "payment_intents", "checkout/sessions", "webhook_endpoints"])
def test_metadata_holds_fifty_keys_of_forty_characters_and_values_of_five_hundred(api: Remote, path: str) -> None:
    kept = {f"metadata[{index:02d}{'k' * 38}]": "v" * 500 for index in range(50)}
    assert len(api.post(path, {**BASES[path], **kept})["metadata"]) == 50
    for wrong in ({"metadata[one]": "v" * 501}, {f"metadata[{'k' * 41}]": "v"}, {**kept, "metadata[more]": "v"}):
        assert api.refusal(path, {**BASES[path], **wrong})["type"] == "invalid_request_error"


def test_the_newest_version_has_no_payment_method_types(api: Remote) -> None:
    endive = "2026-10-28.endive"
    error = api.refusal("payment_intents", INTENT, version=endive)
    assert error["code"] == "payment_method_types_no_longer_supported"
    error = api.refusal("checkout/sessions", {**SESSION, "payment_method_types[]": "card"}, version=endive)
    assert (error["code"], error["param"]) == (UNKNOWN, "payment_method_types")
