"""What no webhook brought is found in Stripe's list of events: a dead endpoint or a wrong address heals by itself."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from money_probe import arm, broken_rules, open_checkout, rows
from shop_kit import WORKER, Kit, open_kit
from vivr.clock import SetClock
from vivr.errors import Unavailable
from vivr.orders.model import OrderState
from vivr.webhooks.fill_gaps import fill_gaps


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox's begins at the true time too."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop on a clock that the test moves, whose first comparison is behind it."""
    async with open_kit(database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0") as opened:
        assert await fill(opened) == 0
        yield opened


async def fill(kit: Kit) -> int:
    """Compare, if it is due."""
    shop = kit.shop
    return await fill_gaps(shop.database, shop.stripe, shop.clock, WORKER, await shop.account.scope())


async def test_a_payment_of_which_no_webhook_came_is_settled_from_the_list(kit: Kit, clock: SetClock) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    assert await fill(kit) == 0, "not due yet"
    clock.advance(minutes=5)
    missing = await fill(kit)
    assert missing >= 2
    assert await kit.process() == missing
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
    clock.advance(minutes=5)
    assert await fill(kit) == 0


async def test_what_the_inbox_holds_is_left_alone(kit: Kit, clock: SetClock) -> None:
    _, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    await kit.deliver_all("checkout.session.completed")
    before = await rows(kit, "SELECT * FROM inbox_event")
    assert len(before) == 1
    clock.advance(minutes=5)
    missing = await fill(kit)
    assert missing >= 1
    assert await rows(kit, "SELECT * FROM inbox_event WHERE type = 'checkout.session.completed'") == before
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE deliveries <> 1") == 0
    assert await kit.count("SELECT count(*) FROM inbox_event") == 1 + missing


async def test_what_could_not_be_read_is_read_the_next_time_from_the_same_place(kit: Kit, clock: SetClock) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    clock.advance(hours=5)
    filled_to = await rows(kit, "SELECT filled_to FROM gap_fill")
    await arm(kit, kind="error_before", route="GET /v1/events")
    with pytest.raises(Unavailable):
        await fill(kit)
    assert await rows(kit, "SELECT filled_to FROM gap_fill") == filled_to
    assert await kit.count("SELECT count(*) FROM inbox_event") == 0
    clock.advance(minutes=5)
    assert await fill(kit) >= 2
    await kit.process()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await rows(kit, "SELECT filled_to FROM gap_fill") == [{"filled_to": clock.now()}]


async def test_more_events_than_one_page_holds_are_all_found(kit: Kit, clock: SetClock) -> None:
    form = {"amount": "500", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    form |= {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
    for _ in range(103):
        await kit.api("POST", "/v1/payment_intents", form)
    clock.advance(minutes=5)
    found = await fill(kit)
    # Of each its charge is told of as well, and on a slow machine that its balance transaction came meanwhile.
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE type <> 'charge.updated'") == 206
    await kit.process()
    # They are no business of this shop, and each says so.
    assert await rows(kit, "SELECT state, count(*) AS events FROM inbox_event GROUP BY state") == [
        {"state": "IGNORED", "events": found}
    ]


async def test_a_gap_over_thirty_days_alerts_and_asks_about_every_open_payment(kit: Kit, clock: SetClock) -> None:
    await open_checkout(kit)
    clock.advance(days=31)
    await fill(kit)
    assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'webhook.gap_too_long'") == 1
    assert await rows(kit, "SELECT poll_at <= %(now)s AS is_due FROM payment", now=clock.now()) == [{"is_due": True}]


async def test_two_workers_compare_once(kit: Kit, clock: SetClock) -> None:
    clock.advance(minutes=5)
    await fill(kit)
    first = await rows(kit, "SELECT * FROM gap_fill")
    await fill(kit)
    assert await rows(kit, "SELECT * FROM gap_fill") == first
