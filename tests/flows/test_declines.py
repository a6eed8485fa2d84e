"""Who tries stolen cards is slowed down, then stopped; who was declined now and then is not."""

from datetime import UTC, datetime, timedelta

import pytest

from money_probe import broken_rules, rows
from shop_kit import GUEST, WORKER, Kit
from vivr.caller import Caller
from vivr.checkout.close_needless import close_tried_out
from vivr.clock import SetClock
from vivr.errors import Conflict
from vivr.ids import OrderId, RequestId
from vivr.payments.decline_rules import DeclineTerms
from vivr.payments.shield import check_declines, forget_clients

DECLINED = "4000000000000002"
OTHER = "4000000000009995"
VISA = "4242424242424242"
FEW = pytest.mark.set_clock(DECLINES_FREE="1", DECLINES_MAX="4")


def caller(name: str, address: bytes) -> Caller:
    """A guest at an address."""
    return Caller(f"guest:{name}", "guest", RequestId("req_guest"), client_digest=address)


async def decline(kit: Kit, times: int, card: str = DECLINED, who: Caller = GUEST) -> OrderId:
    """An order on whose page a card is declined so often."""
    order = await kit.place(await kit.add_product(), caller=who)
    link = await kit.shop.start_checkout(who, order.id)
    for _ in range(times):
        assert (await kit.pay(link.url, card)).status_code == 402
    await kit.deliver_all()
    return order.id


async def retry_after(kit: Kit, order_id: OrderId, who: Caller) -> int:
    """For how many seconds there is no new way to pay an order."""
    try:
        await kit.shop.start_checkout(who, order_id)
    except Conflict as refusal:
        return int(str(refusal.details["retry_after_s"]))
    return 0


async def another(kit: Kit, who: Caller) -> OrderId:
    """Another order, without a way to pay yet."""
    return (await kit.place(await kit.add_product(), caller=who)).id


@FEW
async def test_declines_of_one_address_slow_its_next_orders_down_then_stop_them_for_a_day(
    kit: Kit, clock: SetClock
) -> None:
    thief, neighbour = caller("thief", b"thief"), caller("neighbour", b"elsewhere")
    await decline(kit, 3, who=thief)
    assert await retry_after(kit, await another(kit, thief), thief) == 0
    await decline(kit, 2, OTHER, who=caller("again", b"thief"))
    waiting = await another(kit, caller("once more", b"thief"))
    # The sandbox's clock runs while the shop's stands.
    assert 0 < await retry_after(kit, waiting, thief) <= 180
    assert await kit.count("SELECT count(*) FROM payment WHERE order_id = %(id)s", id=waiting) == 0
    assert await retry_after(kit, await another(kit, neighbour), neighbour) == 0
    clock.advance(minutes=6)
    assert await retry_after(kit, waiting, thief) == 0
    assert await broken_rules(kit) == {}


@FEW
async def test_a_page_on_which_too_many_cards_were_declined_is_closed_and_its_order_waits_for_a_day(
    kit: Kit, clock: SetClock
) -> None:
    shop = kit.shop
    order_id = await decline(kit, 3)
    assert await close_tried_out(shop.database, shop.stripe, clock, shop.seals, WORKER, DeclineTerms(1, 4)) == 0
    [page] = await rows(kit, "SELECT session_url FROM payment")
    await kit.pay(page["session_url"], OTHER)
    await kit.deliver_all()
    assert await close_tried_out(shop.database, shop.stripe, clock, shop.seals, WORKER, DeclineTerms(1, 4)) == 1
    assert [row["state"] for row in await rows(kit, "SELECT state FROM payment")] == ["CANCELLED"]
    assert (await kit.pay(page["session_url"], VISA)).status_code != 200
    assert 86_000 < await retry_after(kit, order_id, GUEST) <= 86_700
    assert (await kit.order(order_id)).state == "PENDING"
    assert await broken_rules(kit) == {}


@FEW
async def test_a_card_that_is_declined_on_many_orders_stops_each_of_them(kit: Kit) -> None:
    orders = [await decline(kit, 1, who=caller(f"guest{number}", bytes([number]))) for number in range(4)]
    shop = kit.shop
    for order_id in orders:
        async with shop.database.transaction() as tx:
            with pytest.raises(Conflict, match="too_many_declines"):
                await check_declines(tx, DeclineTerms(1, 4), shop.clock.now(), order_id, "cus_none", None)
    noted = await rows(kit, "SELECT DISTINCT card_fingerprint FROM payment_attempt")
    assert len(noted) == 1
    assert noted[0]["card_fingerprint"] is not None


async def test_a_few_declines_cost_a_customer_nothing_and_the_purchase_ends_well(kit: Kit) -> None:
    order_id = await decline(kit, 3, who=caller("anna", b"home"))
    assert await retry_after(kit, order_id, GUEST) == 0
    [page] = await rows(kit, "SELECT session_url FROM payment")
    await kit.pay(page["session_url"], VISA)
    await kit.deliver_all()
    assert (await kit.order(order_id)).state == "PAID"
    assert await broken_rules(kit) == {}


@FEW
async def test_where_a_payment_was_begun_is_forgotten_when_its_declines_count_no_more(
    kit: Kit, clock: SetClock
) -> None:
    await decline(kit, 1, who=caller("anna", b"home"))
    assert await forget_clients(kit.shop.database, clock) == 0
    clock.time = datetime.now(UTC) + timedelta(days=9)
    assert await forget_clients(kit.shop.database, clock) == 1
    assert await kit.count("SELECT count(*) FROM payment_client") == 0
