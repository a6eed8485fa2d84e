"""What a Checkout Session adds up to, what it offers, its two modes, and the rates that it is made of."""

import pytest

from sandbox.conformance.remote import ITEM, SESSION, Doc, Form, Remote

SESSIONS = "checkout/sessions"
SETUP: Form = {"mode": "setup", "currency": "eur", "success_url": "https://shop.example/ok"}
SHIPPING: Form = {"display_name": "Post", "fixed_amount[amount]": "490", "fixed_amount[currency]": "eur"}
TAX: Form = {"display_name": "VAT", "percentage": "20", "inclusive": "true"}
OPTION = "shipping_options[0][shipping_rate_data]"
OPTIONS: Form = {
    f"{OPTION}[display_name]": "Post",
    f"{OPTION}[type]": "fixed_amount",
    f"{OPTION}[fixed_amount][amount]": "490",
    f"{OPTION}[fixed_amount][currency]": "eur",
}
RECOVERY: Form = {"after_expiration[recovery][enabled]": "true"}
INTEGER = "parameter_invalid_integer"
unsure = pytest.mark.unsure


def session(api: Remote, **more: str) -> Doc:
    return api.post(SESSIONS, {**SESSION, **more})


def confirmed(api: Remote, made: Doc) -> Doc:
    """The session after its page was confirmed, as the official command line does it."""
    method = api.post("payment_methods", {"type": "card", "card[token]": "tok_visa"})
    form = {"payment_method": method["id"], "expected_amount": str(made["amount_total"] or 0)}
    api.post(f"payment_pages/{made['id']}/confirm", form)
    return api.get(f"{SESSIONS}/{made['id']}")


@pytest.mark.parametrize("lines", [1, 2, 5])
@pytest.mark.parametrize("quantity", [1, 3])
def test_a_session_adds_its_lines_up(api: Remote, lines: int, quantity: int) -> None:
    form: dict[str, str] = {}
    for index in range(lines):
        line = f"line_items[{index}]"
        form |= {f"{line}[price_data][currency]": "eur", f"{line}[price_data][unit_amount]": "1000"}
        form |= {f"{line}[price_data][product_data][name]": f"Bol {index}", f"{line}[quantity]": str(quantity)}
    made = session(api, **form, **{"expand[]": "line_items"})
    total = 1000 * lines * quantity
    assert (made["amount_subtotal"], made["amount_total"]) == (total, total)
    assert [line["amount_total"] for line in made["line_items"]["data"]] == [1000 * quantity] * lines
    assert (made["status"], made["payment_status"], made["payment_intent"]) == ("open", "unpaid", None)


@pytest.mark.parametrize(
    ("amount", "percentage", "inclusive", "tax", "total"),
    [
        (1000, "20", "false", 200, 1200),
        (1000, "20", "true", 167, 1000),
        (2599, "5.5", "false", 143, 2742),
        (2599, "5.5", "true", 135, 2599),
        (999, "10", "false", 100, 1099),
        (1000, "8.8875", "false", 89, 1089),
        (1000, "0", "false", 0, 1000),
    ],
)
def test_a_tax_is_reckoned_to_the_cent(
    api: Remote, amount: int, percentage: str, inclusive: str, tax: int, total: int
) -> None:
    rate = api.post("tax_rates", {**TAX, "percentage": percentage, "inclusive": inclusive})
    form = {f"{ITEM}[unit_amount]": str(amount), "line_items[0][tax_rates][0]": rate["id"]}
    made = session(api, **form, **{"expand[]": "line_items.data.taxes"})
    assert (made["amount_total"], made["total_details"]["amount_tax"]) == (total, tax)
    (line,) = made["line_items"]["data"]
    assert (line["amount_tax"], line["amount_total"]) == (tax, total)
    assert [(part["amount"], part["rate"]["id"]) for part in line["taxes"]] == [(tax, rate["id"])]


@unsure
def test_the_subtotal_holds_an_inclusive_tax(api: Remote) -> None:
    rate = api.post("tax_rates", TAX)["id"]
    assert session(api, **{"line_items[0][tax_rates][0]": rate})["amount_subtotal"] == 2599


def test_a_discount_comes_off_before_the_tax(api: Remote) -> None:
    rate = api.post("tax_rates", {**TAX, "inclusive": "false"})["id"]
    half = api.post("coupons", {"percent_off": "50"})["id"]
    made = session(
        api,
        **{"line_items[0][tax_rates][0]": rate, "discounts[0][coupon]": half, f"{ITEM}[unit_amount]": "2000"},
        **{"expand[]": "total_details.breakdown"},
    )
    totals = made["total_details"]
    assert (totals["amount_discount"], totals["amount_tax"], made["amount_total"]) == (1000, 200, 1200)
    assert [part["amount"] for part in totals["breakdown"]["taxes"]] == [200]
    assert [part["amount"] for part in totals["breakdown"]["discounts"]] == [1000]


@unsure
def test_the_first_way_of_delivery_is_part_of_the_total(api: Remote) -> None:
    made = session(api, **OPTIONS)
    assert (made["amount_subtotal"], made["amount_total"]) == (2599, 3089)
    assert made["total_details"]["amount_shipping"] == 490
    assert made["shipping_cost"]["shipping_rate"] == made["shipping_options"][0]["shipping_rate"]


def test_a_session_keeps_what_it_collects_and_offers(api: Remote) -> None:
    where = {"shipping_address_collection[allowed_countries][0]": "FR"}
    made = session(api, **OPTIONS, **where, **{"expand[]": "shipping_options.shipping_rate"})
    assert made["shipping_address_collection"] == {"allowed_countries": ["FR"]}
    (option,) = made["shipping_options"]
    assert (option["shipping_amount"], option["shipping_rate"]["display_name"]) == (490, "Post")


def test_a_setup_session_has_no_amount(api: Remote) -> None:
    made = api.post(SESSIONS, SETUP)
    assert (made["mode"], made["status"], made["payment_status"]) == ("setup", "open", "no_payment_required")
    assert (made["amount_total"], made["payment_intent"]) == (None, None)


@unsure
def test_a_setup_session_ends_with_a_setup_intent(api: Remote) -> None:
    customer = api.post("customers", {"email": "anna@example.com"})["id"]
    done = confirmed(api, api.post(SESSIONS, {**SETUP, "customer": customer}))
    assert (done["status"], done["payment_status"]) == ("complete", "no_payment_required")
    setup = api.get(f"setup_intents/{done['setup_intent']}", {"expand[]": "payment_method"})
    assert (setup["status"], setup["payment_method"]["customer"]) == ("succeeded", customer)
    told = api.events_about(setup["id"], done["id"], least=3)
    assert told == ["setup_intent.created", "setup_intent.succeeded", "checkout.session.completed"]


@unsure
def test_an_expired_setup_session_cancels_its_setup_intent(api: Remote) -> None:
    made = api.post(SESSIONS, SETUP)
    assert api.post(f"{SESSIONS}/{made['id']}/expire")["status"] == "expired"
    assert api.get(f"setup_intents/{made['setup_intent']}")["status"] == "canceled"


@unsure
def test_a_paid_session_is_invoiced(api: Remote) -> None:
    wish = {"invoice_creation[enabled]": "true", "invoice_creation[invoice_data][metadata][order]": "12"}
    done = confirmed(api, session(api, **wish))
    invoice = api.get(f"invoices/{done['invoice']}", {"expand[]": "payments"})
    assert (invoice["status"], invoice["total"], invoice["amount_paid"]) == ("paid", 2599, 2599)
    assert (invoice["billing_reason"], invoice["metadata"]) == ("manual", {"order": "12"})
    assert invoice["payments"]["data"][0]["payment"]["payment_intent"] == done["payment_intent"]
    told = api.events_about(invoice["id"], least=4)
    assert told == ["invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded"]


def test_a_recovery_address_comes_with_the_expiry(api: Remote) -> None:
    made = session(api, **RECOVERY)
    assert made["after_expiration"]["recovery"]["url"] is None
    recovery = api.post(f"{SESSIONS}/{made['id']}/expire")["after_expiration"]["recovery"]
    assert recovery["url"].startswith("http")
    assert recovery["expires_at"] > made["created"]


@pytest.mark.parametrize("path", ["tax_rates", "shipping_rates"])
def test_a_rate_is_retired_and_found_among_the_inactive(api: Remote, path: str) -> None:
    made = api.post(path, {**(TAX if path == "tax_rates" else SHIPPING), "metadata[a]": "b"})
    assert (made["active"], made["livemode"], made["metadata"]) == (True, False, {"a": "b"})
    retired = api.post(f"{path}/{made['id']}", {"active": "false", "metadata[a]": "", "metadata[c]": "d"})
    assert (retired["active"], retired["metadata"]) == (False, {"c": "d"})
    assert api.get(f"{path}/{made['id']}") == retired
    assert api.get(path, {"active": "false", "limit": "1"})["data"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    ("path", "base", "change", "code", "param"),
    [
        ("tax_rates", TAX, {"percentage": "20.5x"}, None, "percentage"),
        ("tax_rates", TAX, {"inclusive": "maybe"}, None, "inclusive"),
        ("tax_rates", TAX, {"tax_type": "tithe"}, None, "tax_type"),
        ("tax_rates", TAX, {"colour": "red"}, "parameter_unknown", "colour"),
        ("shipping_rates", SHIPPING, {"type": "by_weight"}, None, "type"),
        ("shipping_rates", SHIPPING, {"fixed_amount[amount]": "-1"}, INTEGER, "fixed_amount[amount]"),
        ("shipping_rates", SHIPPING, {"fixed_amount[colour]": "x"}, "parameter_unknown", "fixed_amount[colour]"),
        (
            "shipping_rates",
            SHIPPING,
            {"delivery_estimate[minimum][unit]": "year", "delivery_estimate[minimum][value]": "1"},
            None,
            "delivery_estimate[minimum][unit]",
        ),
        pytest.param(
            SESSIONS, SESSION, {"line_items[0][tax_rates][0]": "txr_x"}, "resource_missing",
            "line_items[0][tax_rates][0]", marks=unsure,
        ),
        pytest.param(
            SESSIONS, SESSION, {"shipping_options[0][shipping_rate]": "shr_x"}, "resource_missing",
            "shipping_options[0][shipping_rate]", marks=unsure,
        ),
        (SESSIONS, SESSION, {f"{ITEM}[unit_amount_decimal]": "12"}, "parameters_exclusive", f"{ITEM}[unit_amount]"),
        (SESSIONS, SESSION, {"shipping_address_collection[allowed_countries][0]": "XX"}, None, None),
        (SESSIONS, SESSION, {"invoice_creation[enabled]": "maybe"}, None, "invoice_creation[enabled]"),
        (SESSIONS, SESSION, {"after_expiration[recovery][colour]": "x"}, "parameter_unknown", None),
        (SESSIONS, SESSION, {"setup_intent_data[description]": "x"}, None, None),
        (SESSIONS, SETUP, {"payment_intent_data[description]": "x"}, None, None),
        (SESSIONS, SETUP, {"line_items[0][price]": "price_x", "line_items[0][quantity]": "1"}, None, None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    api: Remote, path: str, base: Form, change: Form, code: str | None, param: str | None
) -> None:
    error = api.refusal(path, {**base, **change})
    assert error["type"] == "invalid_request_error"
    if code is not None:
        assert error["code"] == code
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize(
    ("path", "base", "name"),
    [
        ("tax_rates", TAX, "display_name"),
        ("tax_rates", TAX, "percentage"),
        ("tax_rates", TAX, "inclusive"),
        ("shipping_rates", SHIPPING, "display_name"),
        ("shipping_rates", SHIPPING, "fixed_amount[currency]"),
        (SESSIONS, {**SESSION, **OPTIONS}, f"{OPTION}[display_name]"),
        (SESSIONS, {**SESSION, **OPTIONS}, f"{OPTION}[fixed_amount][amount]"),
        (SESSIONS, {**SESSION, **RECOVERY, "after_expiration[recovery][allow_promotion_codes]": "true"},
         "after_expiration[recovery][enabled]"),
        (SESSIONS, {**SESSION, "line_items[0][adjustable_quantity][maximum]": "9"},
         "line_items[0][adjustable_quantity][enabled]"),
    ],
)  # fmt: skip
def test_a_missing_parameter_is_named(api: Remote, path: str, base: Form, name: str) -> None:
    error = api.refusal(path, {key: value for key, value in base.items() if key != name})
    assert (error["code"], error["param"]) == ("parameter_missing", name)
    assert error["message"] == f"Missing required param: {name}."
