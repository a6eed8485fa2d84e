"""SetupIntents: a card proves itself once and belongs to its customer afterwards."""

import pytest

from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send
from sandbox.shapes import Table, differences

PATH = "setup_intents"
BACK = {"return_url": "https://shop.example/back"}
_OFTEN_NULL = (
    "application automatic_payment_methods cancellation_reason customer customer_account description "
    "excluded_payment_method_types flow_directions last_setup_error latest_attempt mandate next_action on_behalf_of "
    "payment_method payment_method_configuration_details payment_method_options single_use_mandate"
)
SETUP_INTENT: Table = {
    **dict.fromkeys(
        _OFTEN_NULL.split(),
        "any",
    ),
    "id": "str",
    "object": "str",
    "client_secret": "str",
    "created": "int",
    "livemode": "bool",
    "metadata": "dict",
    "payment_method_types": "list",
    "status": "str",
    "usage": "str",
}


def confirmed(shop: Shop, method: str, **form: str) -> dict[str, object]:
    return send(shop, PATH, confirm="true", payment_method=method, **BACK, **form)


def test_a_card_is_set_up_and_belongs_to_its_customer(shop: Shop) -> None:
    anna = send(shop, "customers")["id"]
    setup = confirmed(shop, "pm_card_visa", customer=anna)
    assert differences(setup, SETUP_INTENT) == []
    assert (setup["status"], setup["usage"], setup["next_action"]) == ("succeeded", "off_session", None)
    assert raw(shop, f"payment_methods/{setup['payment_method']}")["customer"] == anna
    assert shop.events()[1:] == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]
    assert raw(shop, f"{PATH}?customer={anna}")["data"] == [setup]


def test_a_setup_may_be_confirmed_in_a_second_step(shop: Shop) -> None:
    setup = send(shop, PATH, **{"automatic_payment_methods[enabled]": "true", "metadata[a]": "1"})
    assert setup["status"] == "requires_payment_method"
    assert refusal(shop, f"{PATH}/{setup['id']}/confirm")[2] == "return_url"
    named = send(shop, f"{PATH}/{setup['id']}", payment_method="pm_card_visa")
    assert named["status"] == "requires_confirmation"
    assert send(shop, f"{PATH}/{setup['id']}/confirm", **BACK)["status"] == "succeeded"
    for verb in ("confirm", "cancel"):
        status, code, _, message = refusal(shop, f"{PATH}/{setup['id']}/{verb}")
        assert (status, code) == (400, "setup_intent_unexpected_state")
        assert message == f"You cannot {verb} this SetupIntent because it has a status of succeeded."


@pytest.mark.parametrize(
    ("result", "status", "event"),
    [
        ("complete", "succeeded", "setup_intent.succeeded"),
        ("fail", "requires_payment_method", "setup_intent.setup_failed"),
    ],
)
def test_a_challenge_decides_on_its_page(shop: Shop, result: str, status: str, event: str) -> None:
    setup = confirmed(shop, "pm_card_authenticationRequired")
    assert setup["status"] == "requires_action"
    assert shop.http.get(f"/c/authenticate/{setup['id']}").status_code == 200
    answer = shop.http.post(f"/c/authenticate/{setup['id']}", data={"result": result})
    assert answer.headers["location"].startswith(f"https://shop.example/back?setup_intent={setup['id']}&setup_intent_")
    seen = raw(shop, f"{PATH}/{setup['id']}")
    assert (seen["status"], shop.events()[-1]) == (status, event)
    if result == "fail":
        assert seen["last_setup_error"]["code"] == "setup_intent_authentication_failure"


def test_a_decline_is_402_and_leaves_the_setup_open(shop: Shop) -> None:
    form = {"confirm": "true", "payment_method": "pm_card_chargeDeclined", **BACK}
    answer = shop.http.post(f"/v1/{PATH}", data=form)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"], error["decline_code"]) == (
        402,
        "card_error",
        "card_declined",
        "generic_decline",
    )
    setup = error["setup_intent"]
    assert (setup["status"], setup["payment_method"]) == ("requires_payment_method", None)
    assert shop.events() == ["setup_intent.created", "setup_intent.setup_failed"]
    assert raw(shop, "charges")["data"] == []


def test_a_canceled_setup_keeps_its_reason(shop: Shop) -> None:
    setup = send(shop, PATH, **{"payment_method_types[]": "card"})
    canceled = send(shop, f"{PATH}/{setup['id']}/cancel", cancellation_reason="abandoned")
    assert (canceled["status"], canceled["cancellation_reason"]) == ("canceled", "abandoned")
    assert shop.events()[-1] == "setup_intent.canceled"


@pytest.mark.parametrize("set_up", ["by_setup", "by_payment", "never"])
def test_a_card_that_was_set_up_pays_without_its_buyer(shop: Shop, set_up: str) -> None:
    name = "pm_card_authenticationRequiredOnSetup"
    anna = send(shop, "customers")["id"]
    money = {"amount": "900", "currency": "eur", "confirm": "true", "customer": anna, **BACK}
    if set_up == "by_setup":
        first = confirmed(shop, name, customer=anna)
    elif set_up == "by_payment":
        first = send(shop, "payment_intents", **money, payment_method=name, setup_future_usage="off_session")
    else:
        kept = send(shop, f"payment_methods/{name}/attach", customer=anna)
        form = {**money, "payment_method": kept["id"], "off_session": "true"}
        answer = shop.http.post("/v1/payment_intents", data=form)
        assert (answer.status_code, answer.json()["error"]["code"]) == (402, "authentication_required")
        return
    method = str(first["payment_method"])
    shop.control("POST", f"bank/{first['id']}/authenticate")
    paid = send(shop, "payment_intents", **money, payment_method=method, off_session="true")
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"customer": "cus_x"}, "resource_missing", "customer"),
        ({"payment_method": "pm_x"}, "resource_missing", "payment_method"),
        ({"usage": "later"}, None, "usage"),
        ({"nope": "1"}, "parameter_unknown", "nope"),
        ({"single_use[amount]": "1"}, "sandbox_not_built", "single_use"),
    ],
)
def test_a_setup_that_cannot_be_is_refused(shop: Shop, form: dict[str, str], code: str | None, param: str) -> None:
    assert refusal(shop, PATH, **form)[:3] == (400, code, param)
    assert raw(shop, PATH)["data"] == []


def test_a_setup_that_does_not_exist_is_named(shop: Shop) -> None:
    error = raw(shop, f"{PATH}/seti_x")["error"]
    assert (error["code"], error["param"]) == ("resource_missing", "intent")
