"""Fourteen objects of Stripe's test mode: the sandbox's have the same keys and types at every depth.

``golden.json`` holds the shapes alone, as recorded in September 2026: a type, ``[]`` for a list that was empty, and
``@name`` for another shape of the file. Each is compared with what the same story gives here.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest

from sandbox.harness import Shop
from sandbox.paid import raw, send

GOLDEN: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "golden.json").read_text("utf-8"))
KINDS: Final[dict[type, str]] = {bool: "boolean", int: "integer", str: "string", type(None): "null"}


def differences(value: Any, shape: Any, place: str = "") -> Iterator[str]:
    """Every key that is missing or too many, and every other type."""
    if isinstance(shape, str) and shape.startswith("@"):
        yield from differences(value, GOLDEN[shape[1:]], place)
    elif isinstance(shape, dict) and isinstance(value, dict):
        wanted, given = cast("dict[str, Any]", shape), cast("dict[str, Any]", value)
        yield from (f"{place}{name}: missing" for name in wanted.keys() - given.keys())
        yield from (f"{place}{name}: unknown" for name in given.keys() - wanted.keys())
        for name in wanted.keys() & given.keys():
            yield from differences(given[name], wanted[name], f"{place}{name}.")
    elif isinstance(shape, list) and isinstance(value, list):
        for number, item in enumerate(cast("list[Any]", value)):
            for wanted in cast("list[Any]", shape[:1]):
                yield from differences(item, wanted, f"{place}{number}.")
    elif (kind := KINDS.get(type(cast("object", value)), "nested")) != shape:
        yield f"{place.rstrip('.')}: {kind}, not {shape}"


def intent(shop: Shop, **form: str) -> dict[str, Any]:
    """A PaymentIntent of 49 dollars by card alone, confirmed."""
    wish = {"amount": "4900", "currency": "usd", "confirm": "true", "payment_method_types[]": "card", **form}
    return send(shop, "payment_intents", **wish)


def charge_of(shop: Shop, made: dict[str, Any]) -> dict[str, Any]:
    return raw(shop, f"charges/{made['latest_charge']}")


def decline(shop: Shop) -> dict[str, Any]:
    wish = {"amount": "4900", "currency": "usd", "confirm": "true", "payment_method_types[]": "card"}
    answer = shop.http.post("/v1/payment_intents", data={**wish, "payment_method": "pm_card_visa_chargeDeclined"})
    assert answer.status_code == 402
    return answer.json()


def dispute(shop: Shop) -> dict[str, Any]:
    made = intent(shop, payment_method="pm_card_createDispute")
    (found,) = raw(shop, f"disputes?payment_intent={made['id']}")["data"]
    return found


def complete_session(shop: Shop) -> dict[str, Any]:
    session = shop.session(customer_email="")
    shop.pay(session, email="anna@example.com", country="US")
    return raw(shop, f"checkout/sessions/{session.id}")


SCENES: Final[dict[str, Callable[[Shop], dict[str, Any]]]] = {
    "payment_method.card": lambda shop: send(shop, "payment_methods", **{"type": "card", "card[token]": "tok_visa"}),
    "customer": lambda shop: send(shop, "customers", email="anna@example.com"),
    "payment_intent.created": lambda shop: send(
        shop, "payment_intents", **{"amount": "4900", "currency": "usd", "automatic_payment_methods[enabled]": "true"}
    ),
    "payment_intent.succeeded": lambda shop: intent(shop, payment_method="pm_card_visa"),
    "payment_intent.requires_capture": lambda shop: intent(
        shop, payment_method="pm_card_visa", capture_method="manual"
    ),
    "payment_intent.after_decline": lambda shop: raw(
        shop, f"payment_intents/{decline(shop)['error']['payment_intent']['id']}"
    ),
    "charge.succeeded": lambda shop: charge_of(shop, intent(shop, payment_method="pm_card_visa")),
    "charge.authorized": lambda shop: charge_of(
        shop, intent(shop, payment_method="pm_card_visa", capture_method="manual")
    ),
    "charge.failed": lambda shop: raw(shop, f"charges/{decline(shop)['error']['charge']}"),
    "error.402": decline,
    "refund.succeeded": lambda shop: send(
        shop, "refunds", payment_intent=intent(shop, payment_method="pm_card_visa")["id"], amount="700"
    ),
    "dispute.chargeback": dispute,
    "balance_transaction.dispute": lambda shop: raw(
        shop, f"balance_transactions/{dispute(shop)['balance_transactions'][0]['id']}"
    ),
    "checkout.session.complete": complete_session,
}


def test_no_shape_is_left_out() -> None:
    assert set(SCENES) == set(GOLDEN)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_an_object_has_the_recorded_keys_and_types(shop: Shop, name: str) -> None:
    assert sorted(differences(SCENES[name](shop), GOLDEN[name])) == []


def test_the_comparison_catches_what_is_broken(shop: Shop) -> None:
    real = decline(shop)
    method = real["error"]["payment_method"]
    del method["card"]["last4"]
    method["card"]["checks"]["colour"] = None
    method["created"] = "today"
    real["error"]["payment_intent"]["payment_method_types"] = [7]
    assert sorted(differences(real, GOLDEN["error.402"])) == [
        "error.payment_intent.payment_method_types.0: integer, not string",
        "error.payment_method.card.checks.colour: unknown",
        "error.payment_method.card.last4: missing",
        "error.payment_method.created: string, not integer",
    ]
