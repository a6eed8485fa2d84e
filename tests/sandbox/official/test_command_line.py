"""The official command line beside its triggers: plain calls, fixtures of one's own, sending an event again."""

import json
from pathlib import Path

import pytest

from sandbox.harness import Receiver, Shop
from sandbox.official import tools
from sandbox.official.tools import CommandLine

FIXTURES = {
    "_meta": {"template_version": 0},
    "fixtures": [
        {"name": "anna", "path": "/v1/customers", "method": "post", "params": {"name": "Anna"}},
        {
            "name": "payment",
            "path": "/v1/payment_intents",
            "method": "post",
            "params": {
                "amount": 2599,
                "currency": "eur",
                "customer": "${anna:id}",
                "confirm": True,
                "payment_method": "pm_card_visa",
                "payment_method_types": ["card"],
                "metadata": {"order": "7"},
            },
        },
        {
            "name": "refund",
            "path": "/v1/refunds",
            "method": "post",
            "params": {"payment_intent": "${payment:id}", "amount": 599},
        },
    ],
}


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_command_line_fails_in_ci_and_is_said_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(tools, "INSTALLED", tmp_path)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="npm installed no Stripe CLI"):
        tools.command_line()


def test_a_customer_is_posted_and_read_back(cli: CommandLine, shop: Shop) -> None:
    made = json.loads(cli.run("post", "/v1/customers", "-d", "name=Anna", "-d", "metadata[order]=7"))
    listed = json.loads(cli.run("get", "/v1/customers", "-d", "limit=1"))
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert shop.client.v1.customers.retrieve(made["id"]).to_dict()["metadata"] == {"order": "7"}


def test_a_resource_command_creates_what_it_names(cli: CommandLine, shop: Shop) -> None:
    made = json.loads(cli.run("payment_intents", "create", "--amount", "2599", "--currency", "eur"))
    assert shop.client.v1.payment_intents.retrieve(made["id"]).status == "requires_payment_method"


def test_a_trigger_takes_other_values(cli: CommandLine, shop: Shop) -> None:
    cli.run("trigger", "payment_intent.succeeded", "--override", "payment_intent:amount=777")
    assert shop.client.v1.payment_intents.list().data[0].amount_received == 777


def test_fixtures_of_ones_own_run_in_order_with_the_ids_of_each_other(
    cli: CommandLine, shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "purchase.json"
    file.write_text(json.dumps(FIXTURES), encoding="utf-8")
    cli.run("fixtures", str(file))
    charge = shop.client.v1.charges.list().data[0]
    assert (charge.amount, charge.amount_refunded, charge.customer) == (
        2599,
        599,
        shop.client.v1.customers.list().data[0].id,
    )


def test_an_event_is_sent_again_to_an_endpoint(cli: CommandLine, shop: Shop, receiver: Receiver) -> None:
    endpoint = shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    shop.client.v1.customers.create()
    event = receiver.wait_for("customer.created")[0].event
    cli.run("events", "resend", event["id"], "--webhook-endpoint", endpoint.id)
    assert {one.event["id"] for one in receiver.wait_for("customer.created", 2)} == {event["id"]}
