"""Mandates given with a confirmation, and PaymentIntents that the shop confirms by hand."""

import stripe

from sandbox.harness import Shop

ACCEPTED = {"customer_acceptance": {"type": "online", "online": {"ip_address": "127.0.0.1", "user_agent": "test"}}}


def debit(shop: Shop, **more: object) -> stripe.PaymentIntent:
    params = {
        "amount": 1000,
        "currency": "eur",
        "payment_method": "pm_sepaDebit_success_de",
        "payment_method_types": ["sepa_debit"],
        "confirm": True,
        "expand": ["latest_charge"],
        **more,
    }
    return shop.client.v1.payment_intents.create(params=params)  # pyright: ignore[reportArgumentType]


def test_a_debit_names_the_mandate_that_came_with_it(shop: Shop) -> None:
    charge = debit(shop, mandate_data=ACCEPTED).latest_charge
    assert isinstance(charge, stripe.Charge)
    mandate_id = charge.to_dict()["payment_method_details"]["sepa_debit"]["mandate"]
    mandate = shop.client.v1.mandates.retrieve(mandate_id)
    assert (mandate.type, mandate.status, mandate.payment_method) == ("single_use", "active", charge.payment_method)
    assert mandate.single_use is not None
    assert (mandate.single_use.amount, mandate.single_use.currency) == (1000, "eur")
    later = debit(shop, mandate_data=ACCEPTED, setup_future_usage="off_session").latest_charge
    assert isinstance(later, stripe.Charge)
    kept = shop.client.v1.mandates.retrieve(later.to_dict()["payment_method_details"]["sepa_debit"]["mandate"])
    assert kept.type == "multi_use"


def test_a_debit_without_one_names_none_and_a_card_takes_none(shop: Shop) -> None:
    charge = debit(shop).latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.to_dict()["payment_method_details"]["sepa_debit"]["mandate"] is None
    refused = shop.http.post(
        "/v1/payment_intents",
        data={
            "amount": "1000",
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "payment_method_types[]": "card",
            "confirm": "true",
            "mandate_data[customer_acceptance][type]": "offline",
        },
    )
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "mandate_data")
    assert shop.http.get("/v1/mandates/mandate_none").json()["error"]["code"] == "resource_missing"


def test_a_manual_confirmation_is_asked_for_again_after_the_challenge(shop: Shop) -> None:
    intents = shop.client.v1.payment_intents
    intent = intents.create(
        params={
            "amount": 1000,
            "currency": "eur",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
            "confirmation_method": "manual",
            "payment_method": "pm_card_authenticationRequired",
        }
    )
    assert intent.status == "requires_action"
    assert shop.control("POST", f"bank/{intent.id}/authenticate")["status"] == "requires_confirmation"
    assert "charge.succeeded" not in shop.events()
    paid = intents.confirm(intent.id)
    assert (paid.status, paid.confirmation_method) == ("succeeded", "manual")
