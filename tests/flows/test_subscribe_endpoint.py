"""`vivr webhooks subscribe`: the endpoint asks for what this shop handles; a write that nobody answered is ended."""

from typing import Any

import pytest

from command_kit import vivr_says
from flows.fault_kit import recover
from money_probe import arm, disarm, nothing_changes, rows
from shop_kit import WORKER, Kit
from vivr.clock import SetClock
from vivr.errors import Conflict, Refusal
from vivr.stripe_gateway.answers import StripeUnavailable
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import DOOR
from vivr.webhooks.subscribe_endpoint import find_subscriptions, subscribe_endpoint

ADDRESS = "http://127.0.0.1:8000" + DOOR
UPDATE = "POST /v1/webhook_endpoints/*"


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def add_endpoint(kit: Kit, *events: str, url: str = ADDRESS) -> str:
    fields = {"url": url} | {f"enabled_events[{number}]": event for number, event in enumerate(events)}
    return str((await kit.api("POST", "/v1/webhook_endpoints", fields))["id"])


async def asked_for(kit: Kit, endpoint_id: str) -> list[str]:
    return sorted((await kit.api("GET", f"/v1/webhook_endpoints/{endpoint_id}"))["enabled_events"])


async def subscribe(kit: Kit, endpoint_id: str) -> None:
    shop = kit.shop
    scope = await shop.account.scope()
    await subscribe_endpoint(shop.database, shop.stripe, shop.clock, shop.seals, WORKER, scope, endpoint_id)


async def outcomes(kit: Kit) -> list[dict[str, Any]]:
    return await rows(kit, "SELECT outcome, object_id FROM operation ORDER BY id")


async def test_what_is_missing_and_what_is_too_much_is_told_and_put_right_as_often_as_it_is_due(kit: Kit) -> None:
    ours = await add_endpoint(kit, *SUBSCRIBED[1:], "invoice.paid")
    other = await add_endpoint(kit, "invoice.paid", url="http://127.0.0.1:8000/other")
    (found,) = await find_subscriptions(kit.shop.stripe, ADDRESS)
    assert (found.endpoint_id, found.missing, found.surplus) == (ours, SUBSCRIBED[:1], ("invoice.paid",))
    for _ in range(2):
        await subscribe(kit, ours)
        assert await asked_for(kit, ours) == list(SUBSCRIBED)
        assert [one.fits for one in await find_subscriptions(kit.shop.stripe, ADDRESS)] == [True]
        await kit.api("POST", f"/v1/webhook_endpoints/{ours}", {"enabled_events[0]": "*"})
    (found,) = await find_subscriptions(kit.shop.stripe, ADDRESS)
    assert (found.missing, found.surplus) == ((), ("*",))
    assert await outcomes(kit) == [{"outcome": "succeeded", "object_id": ours}] * 2
    assert await asked_for(kit, other) == ["invoice.paid"]


@pytest.mark.parametrize("hours", [1, 21])
async def test_a_lost_answer_is_ended_by_a_repeat_or_after_the_keys_life_by_a_read(
    kit: Kit, clock: SetClock, hours: int
) -> None:
    ours = await add_endpoint(kit, "invoice.paid")
    await arm(kit, "lose_answer", UPDATE, count=None)
    with pytest.raises(StripeUnavailable):
        await subscribe(kit, ours)
    await disarm(kit)
    assert await outcomes(kit) == [{"outcome": "unknown", "object_id": None}]
    with pytest.raises(Conflict, match="operation_in_progress"):
        await subscribe(kit, ours)
    clock.advance(hours=hours)
    assert await recover(kit) == 1
    assert await outcomes(kit) == [{"outcome": "succeeded", "object_id": ours}]
    assert await asked_for(kit, ours) == list(SUBSCRIBED)


async def test_an_endpoint_that_is_not_there_is_refused(kit: Kit) -> None:
    with pytest.raises(Refusal, match="endpoint_refused"):
        await subscribe(kit, "we_none")
    assert [row["outcome"] for row in await outcomes(kit)] == ["failed"]


async def test_the_command_says_what_it_changes_and_a_dry_run_changes_nothing(
    kit: Kit, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    assert (await vivr_says(capsys, "webhooks", "subscribe"))[0] == 1
    ours = await add_endpoint(kit, *SUBSCRIBED[1:], "invoice.paid")
    await kit.shop.account.scope()
    async with nothing_changes(kit):
        status, said = await vivr_says(capsys, "webhooks", "subscribe", "--dry-run")
        assert (status, said.split()) == (0, [f"{ours}:", "+", SUBSCRIBED[0], "-", "invoice.paid"])
    assert SUBSCRIBED[0] not in await asked_for(kit, ours)
    assert (await vivr_says(capsys, "webhooks", "subscribe"))[0] == 0
    assert await asked_for(kit, ours) == list(SUBSCRIBED)
    status, said = await vivr_says(capsys, "webhooks", "subscribe")
    assert (status, ours in said, "+" in said) == (0, True, False)
    assert len(await outcomes(kit)) == 1
