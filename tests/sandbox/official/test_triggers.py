"""`stripe trigger`: every payment, charge, refund, dispute, customer, checkout and setup event that it can cause."""

import pytest

from sandbox.harness import Shop
from sandbox.official.tools import CommandLine

EVENTS = (
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
)
# Their fixtures confirm a SetupIntent without saying where the buyer returns to, as API versions before 2023-08-16 let
# them; what they leave out is added here.
EVENTS_OF_OLD_VERSIONS = ("payment_method.updated", "setup_intent.requires_action")
# The bank of an asynchronous payment takes a minute.
BANK_S = 61


@pytest.mark.parametrize("event", EVENTS)
def test_a_trigger_causes_its_event(cli: CommandLine, shop: Shop, event: str) -> None:
    assert "Trigger succeeded!" in cli.run("trigger", event)
    if ".async_payment_" in event:
        shop.control("POST", "clock", {"advance_s": BANK_S})
    assert event in shop.events()


@pytest.mark.parametrize("event", EVENTS_OF_OLD_VERSIONS)
def test_a_trigger_of_an_old_version_is_refused_as_it_is_and_works_with_what_it_lacks(
    cli: CommandLine, shop: Shop, event: str
) -> None:
    with pytest.raises(AssertionError, match="you must provide a `return_url`"):
        cli.run("trigger", event)
    assert event not in shop.events()
    cli.run("trigger", event, "--add", "setup_intent:return_url=https://shop.example/back")
    assert event in shop.events()
