"""Staff's word on events: replayed, tried dry, left; from the command line too."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from command_kit import vivr_says
from money_probe import broken_rules, open_checkout, rows
from shop_kit import WORKER, Kit, open_kit
from vivr.caller import Caller
from vivr.errors import Conflict, NotFound
from vivr.ids import RequestId
from vivr.orders.model import OrderState
from vivr.webhooks.model import InboxEvent
from vivr.webhooks.replay_event import find_event, ignore_event, preview_event, replay_dead, replay_event

STAFF = Caller("staff:per_1", "owner", RequestId("req_staff"))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop."""
    async with open_kit(database_url, sandbox_url) as opened:
        yield opened


async def paid_event(kit: Kit) -> tuple[Any, InboxEvent]:
    """An order that was paid, and its event, which waits in the inbox."""
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    event = (await kit.events("checkout.session.completed"))[0]
    assert await kit.deliver(event) == 200
    return order, await find_event(kit.shop.database, await kit.shop.account.scope(), event["id"])


async def again(kit: Kit, event: InboxEvent) -> InboxEvent:
    """The event as it stands now."""
    return await find_event(kit.shop.database, await kit.shop.account.scope(), event.id)


async def test_a_dry_run_says_what_would_happen_and_changes_nothing(kit: Kit) -> None:
    order, event = await paid_event(kit)
    standing = "SELECT state, settles FROM payment UNION ALL SELECT state, NULL FROM orders"
    before = await rows(kit, standing)
    shop = kit.shop
    seen = await preview_event(shop.database, shop.stripe, shop.clock, STAFF, shop.settings.shop_id, event)
    assert (seen.order_before, seen.order_after) == (OrderState.PENDING, OrderState.PAID)
    assert seen.handled.order_id == order.id
    assert await rows(kit, standing) == before
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 0
    assert await again(kit, event) == event
    assert await kit.process() == 1
    seen = await preview_event(shop.database, shop.stripe, shop.clock, STAFF, shop.settings.shop_id, event)
    assert (seen.order_before, seen.order_after) == (OrderState.PAID, OrderState.PAID)
    assert await broken_rules(kit) == {}


async def test_an_ended_event_is_processed_again_and_changes_nothing_twice(kit: Kit) -> None:
    _, event = await paid_event(kit)
    await kit.process()
    entries = await rows(kit, "SELECT * FROM ledger_entry")
    await replay_event(kit.shop.database, kit.shop.clock, STAFF, await again(kit, event))
    assert await kit.process() == 1
    assert await rows(kit, "SELECT * FROM ledger_entry") == entries
    assert (
        await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.replayed' AND actor = 'staff:per_1'")
        == 1
    )
    assert await broken_rules(kit) == {}


async def test_dead_events_get_all_their_tries_again(kit: Kit) -> None:
    order, event = await paid_event(kit)
    async with kit.shop.database.transaction() as tx:
        await tx.connection.execute("UPDATE inbox_event SET state = 'DEAD', reason = 'It failed.', tries = 12")
    assert await kit.process() == 0
    assert await replay_dead(kit.shop.database, kit.shop.clock, WORKER) == 1
    assert (await again(kit, event)).tries == 0
    assert await kit.process() == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await replay_dead(kit.shop.database, kit.shop.clock, WORKER) == 0


async def test_an_event_that_a_worker_has_is_left_to_it(kit: Kit) -> None:
    _, event = await paid_event(kit)
    async with kit.shop.database.transaction() as tx:
        await tx.connection.execute("UPDATE inbox_event SET lease_until = now() + interval '1 minute'")
    shop = kit.shop
    with pytest.raises(Conflict, match="event_in_progress"):
        await replay_event(shop.database, shop.clock, STAFF, event)
    with pytest.raises(Conflict, match="event_in_progress"):
        await ignore_event(shop.database, shop.clock, STAFF, event, "It is a test.")
    assert await kit.count("SELECT count(*) FROM audit_row WHERE starts_with(action, 'webhook.')") == 0


async def test_what_staff_ignores_is_not_processed_until_they_replay_it(kit: Kit) -> None:
    order, event = await paid_event(kit)
    shop = kit.shop
    await ignore_event(shop.database, shop.clock, STAFF, event, "It is a test.")
    assert await kit.process() == 0
    ignored = await again(kit, event)
    assert (ignored.state, ignored.reason) == ("IGNORED", "Staff: It is a test.")
    with pytest.raises(Conflict, match="event_already_ended"):
        await ignore_event(shop.database, shop.clock, STAFF, ignored, "Again.")
    await replay_event(shop.database, shop.clock, STAFF, ignored)
    assert await kit.process() == 1
    assert (await kit.order(order.id)).state == OrderState.PAID


async def test_an_event_that_is_not_there_is_not_found(kit: Kit) -> None:
    with pytest.raises(NotFound, match="event_not_found"):
        await find_event(kit.shop.database, await kit.shop.account.scope(), "evt_none")


async def test_the_command_line_lists_shows_tries_and_replays(
    kit: Kit, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    _, event = await paid_event(kit)
    status, said = await vivr_says(capsys, "webhooks", "list", "--state", "RECEIVED")
    assert status == 0
    assert event.id in said
    assert (await vivr_says(capsys, "webhooks", "list", "--state", "LOST"))[0] == 2
    status, said = await vivr_says(capsys, "webhooks", "show", event.id)
    assert status == 0
    assert "checkout.session.completed" in said
    status, said = await vivr_says(capsys, "webhooks", "replay", event.id, "--dry-run")
    assert (status, "PENDING → PAID" in said) == (0, True)
    assert (await vivr_says(capsys, "webhooks", "ignore", event.id, "--reason", "It is a test."))[0] == 0
    assert (await vivr_says(capsys, "webhooks", "ignore", event.id, "--reason", "Again."))[0] == 1
    assert (await vivr_says(capsys, "webhooks", "replay", event.id))[0] == 0
    assert (await vivr_says(capsys, "webhooks", "replay-dead"))[0] == 0
    assert (await vivr_says(capsys, "webhooks", "show", "evt_none"))[0] == 1
    assert await kit.process() == 1
