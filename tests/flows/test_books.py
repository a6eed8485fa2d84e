"""The books and Stripe's balance: each movement posted once, in whatever order the two sides came to know of it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from books_kit import MovedClock, books, later, standing, stop_time
from money_probe import arm, broken_at_rest, calls, control, disarm, pay_intent, rows, run
from refund_kit import FAILING_REFUND, STAFF, paid_order, refund
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.audit.seal_chain import seal_chain
from vivr.errors import Unavailable
from vivr.ids import OrderId
from vivr.reconciliation.post_movements import post_movements
from vivr.refunds.model import Wish

# 29.80 at 1.5 % and 25 cents.
FEE = 70
SALE = {"sales EUR": -2075, "shipping_sales EUR": -408, "vat_payable EUR": -497}


@pytest.fixture
async def kit(database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop whose time a test moves."""
    async with open_kit(database_url, sandbox_url, clock=MovedClock()) as opened:
        await stop_time(opened)
        yield opened


async def all_is_well(kit: Kit) -> bool:
    """Whether every invariant holds."""
    while await seal_chain(kit.shop.database):
        pass
    return await broken_at_rest(kit) == {}


async def test_a_sale_is_cleared_by_its_balance_transaction_and_the_fee_is_seen(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    assert await standing(kit) == {"fx_clearing EUR": 2980, **SALE}
    await later(kit, seconds=3)
    assert await books(kit) == 1
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    entry = (await rows(kit, "SELECT order_id, payment_id FROM ledger_entry WHERE kind = 'balance_transaction'"))[0]
    assert (entry["order_id"], entry["payment_id"] is None) == (order.id, False)
    assert await books(kit) == 0
    assert await all_is_well(kit)


async def test_a_balance_transaction_that_is_read_before_its_capture_waits_for_it(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    await later(kit, seconds=3)
    assert await books(kit) == 0
    assert await standing(kit) == {}
    await kit.deliver_all()
    assert await books(kit) == 1
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    assert await all_is_well(kit)


async def test_the_fee_that_stripe_keeps_on_refunds_is_seen_and_returns_when_they_fail(kit: Kit) -> None:
    order, _ = await paid_order(kit, card=FAILING_REFUND)
    await refund(kit, order.id, Wish(amount_minor=1000), STAFF)
    await later(kit, seconds=3)
    assert await books(kit) == 2
    stand = await standing(kit)
    assert (stand["stripe_fees EUR"], stand["fees_kept_on_refunds EUR"]) == (47, 23)
    await refund(kit, order.id, Wish(amount_minor=1980), STAFF)
    await books(kit)
    assert await standing(kit) == {"stripe_balance EUR": -FEE, "fees_kept_on_refunds EUR": FEE}
    await later(kit, seconds=61)
    await kit.deliver_all()
    await books(kit)
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    assert await all_is_well(kit)


async def test_a_refund_before_the_charge_was_settled_ends_in_the_same_books(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    await refund(kit, order.id)
    assert await books(kit) == 1
    assert await standing(kit) == {"stripe_balance EUR": -2980, "fx_clearing EUR": 2980}
    await later(kit, seconds=3)
    assert await books(kit) == 1
    assert await standing(kit) == {"stripe_balance EUR": -FEE, "fees_kept_on_refunds EUR": FEE}
    assert await all_is_well(kit)


async def test_two_workers_post_each_movement_once(kit: Kit) -> None:
    await paid_order(kit)
    await later(kit, seconds=3)
    await run(kit, "DELETE FROM balance_reading")
    await asyncio.gather(*(books(kit) for _ in range(4)), return_exceptions=False)
    shop = kit.shop
    await asyncio.gather(*(post_movements(shop.database, shop.clock, WORKER) for _ in range(4)))
    assert await kit.count("SELECT count(*) FROM ledger_entry WHERE kind = 'balance_transaction'") == 1
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}


async def test_what_is_not_ours_is_listed_and_not_posted(kit: Kit) -> None:
    fields = {"amount": "5000", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    back = {"return_url": "http://127.0.0.1:8000/"}
    await pay_intent(kit, fields | back)
    await pay_intent(kit, fields | back | {"metadata[shop]": "another-shop"})
    await later(kit, seconds=3)
    await run(kit, "INSERT INTO balance_reading SELECT account, livemode, now(), now() FROM stripe_account")
    assert await books(kit) == 0
    await later(kit, hours=1, seconds=1)
    assert await books(kit) == 0
    found = await rows(kit, "SELECT state, reason FROM balance_transaction ORDER BY reason")
    assert [(row["state"], row["reason"]) for row in found] == [
        ("foreign", "It belongs to another shop that shares this Stripe account."),
        ("foreign", "Its payment carries none of this shop's metadata."),
    ]
    assert await standing(kit) == {}
    assert await all_is_well(kit)


async def test_a_movement_of_ours_that_the_books_never_saw_is_held_until_they_do(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    await later(kit, seconds=3)
    await books(kit)
    await later(kit, hours=1, seconds=1)
    await books(kit)
    held = await rows(kit, "SELECT kind, state, amount_minor, currency FROM money_exception")
    assert [tuple(row.values()) for row in held] == [("ledger_mismatch", "open", 2980, "EUR")]
    await kit.deliver_all()
    assert await books(kit) == 1
    assert [row["state"] for row in await rows(kit, "SELECT state FROM money_exception")] == ["resolved"]
    assert await all_is_well(kit)


async def test_a_balance_transaction_that_the_list_missed_is_found_by_its_source(kit: Kit) -> None:
    await paid_order(kit)
    await later(kit, seconds=3)
    await later(kit, hours=2)
    await run(
        kit, "INSERT INTO balance_reading SELECT account, livemode, now() + interval '9 h', now() FROM stripe_account"
    )
    assert await books(kit) == 1
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    assert await kit.count("SELECT count(*) FROM money_exception") == 0
    assert await all_is_well(kit)


async def test_a_capture_without_balance_transaction_is_alerted_once_and_asked_about_every_hour(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    ahead = kit.shop.clock
    assert isinstance(ahead, MovedClock)
    ahead.ahead += timedelta(hours=2)
    for _ in range(3):
        await books(kit)
    held = await rows(kit, "SELECT kind, order_id, amount_minor, state FROM money_exception")
    assert [tuple(row.values()) for row in held] == [("ledger_mismatch", order.id, 2980, "open")]
    assert (await calls(kit, "GET /v1/balance_transactions"))[0] == 4
    await later(kit, hours=1, seconds=3)
    assert await books(kit) == 1
    assert [row["state"] for row in await rows(kit, "SELECT state FROM money_exception")] == ["resolved"]
    assert await all_is_well(kit)


async def test_while_stripe_is_away_nothing_is_lost_and_the_next_turn_goes_on(kit: Kit) -> None:
    await paid_order(kit)
    await later(kit, seconds=3)
    await arm(kit, "error_before", "GET /v1/balance_transactions", count=None)
    with pytest.raises(Unavailable):
        await books(kit)
    await disarm(kit)
    assert await books(kit) == 1
    assert await all_is_well(kit)


async def settled(kit: Kit) -> None:
    """A sale whose money may be paid out."""
    await paid_order(kit)
    await later(kit, seconds=3)
    await later(kit, days=7, seconds=1)
    await books(kit)


async def test_a_payout_leaves_the_balance_is_on_its_way_and_arrives(kit: Kit) -> None:
    await settled(kit)
    (payout,) = (await control(kit, "POST", "payouts"))["payouts"]
    await later(kit, seconds=61)
    await kit.deliver_all("payout.reconciliation_completed")
    await books(kit)
    assert await standing(kit) == {"payouts_in_transit EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    parts = await rows(
        kit, "SELECT type, net_minor FROM balance_transaction WHERE payout_id = %(id)s ORDER BY type", id=payout["id"]
    )
    assert [(row["type"], row["net_minor"]) for row in parts] == [("charge", 2980 - FEE), ("payout", FEE - 2980)]
    await later(kit, days=3)
    await kit.deliver_all()
    await books(kit)
    assert await standing(kit) == {"bank EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'payout.paid'") == 1
    assert await all_is_well(kit)


@pytest.mark.parametrize("order_of_events", ["as they came", "the failure first"])
async def test_a_payout_that_came_back_after_it_arrived_is_in_the_balance_again(kit: Kit, order_of_events: str) -> None:
    await settled(kit)
    (payout,) = (await control(kit, "POST", "payouts"))["payouts"]
    await control(kit, "POST", f"bank/{payout['id']}/pay")
    if order_of_events == "as they came":
        await kit.deliver_all("payout.paid")
    await control(kit, "POST", f"bank/{payout['id']}/fail")
    await kit.deliver_all("payout.failed")
    await kit.deliver_all()
    await books(kit)
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    found = (await rows(kit, "SELECT state, failure_code FROM payout"))[0]
    assert tuple(found.values()) == ("failed", "account_closed")
    assert await all_is_well(kit)


async def test_a_canceled_payout_never_left(kit: Kit) -> None:
    await settled(kit)
    payout = await kit.api("POST", "/v1/payouts", {"amount": "1000", "currency": "eur"})
    await books(kit)
    assert (await standing(kit))["payouts_in_transit EUR"] == 1000
    await kit.api("POST", f"/v1/payouts/{payout['id']}/cancel")
    await kit.deliver_all()
    await books(kit)
    assert await standing(kit) == {"stripe_balance EUR": 2980 - FEE, "stripe_fees EUR": FEE, **SALE}
    assert await all_is_well(kit)


async def test_an_event_about_a_payout_of_another_account_is_ignored(kit: Kit) -> None:
    await settled(kit)
    await control(kit, "POST", "payouts")
    (event,) = await kit.events("payout.created")
    event |= {"id": "evt_other", "type": "payout.paid"}
    event["data"]["object"]["id"] = "po_unknown"
    assert await kit.deliver(event) == 200
    await kit.process()
    found = await rows(kit, "SELECT state, reason FROM inbox_event WHERE id = 'evt_other'")
    assert tuple(found[0].values()) == ("IGNORED", "Stripe has no such object in this account.")


async def sold_in_dollars(kit: Kit) -> OrderId:
    """An order of 29.80 dollars, paid on the first day of the week of the sandbox's rates, which rise from there on."""
    await control(kit, "POST", "settings", {"settlement": "account"})
    await later(kit, days=-(int(kit.shop.clock.now().timestamp()) // 86400) % 7)
    product = await kit.add_product()
    price = "INSERT INTO product_price (product_id, currency, amount_minor) VALUES (%(id)s, 'USD', 2490)"
    await run(kit, price, id=product)
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    await later(kit, seconds=3)
    return order.id


async def test_a_sale_in_dollars_is_settled_in_euros_and_meets_itself_in_the_clearing_account(
    database_url: str, sandbox_url: str
) -> None:
    async with open_kit(database_url, sandbox_url, clock=MovedClock(), PAYMENT_CURRENCY="USD") as kit:
        await stop_time(kit)
        order_id = await sold_in_dollars(kit)
        assert await books(kit) == 1
        # 29.80 USD at 0.91724 are 27.33 EUR, of which Stripe takes 1.5 % and 25 cents.
        assert await standing(kit) == {
            "fx_clearing EUR": -2733,
            "fx_clearing USD": 2980,
            "sales USD": -2075,
            "shipping_sales USD": -408,
            "stripe_balance EUR": 2667,
            "stripe_fees EUR": 66,
            "vat_payable USD": -497,
        }
        assert await all_is_well(kit)
        await later(kit, days=1)
        await refund(kit, order_id)
        await kit.deliver_all()
        assert await books(kit) == 1
        # A day later they cost 27.36 EUR: 3 cents were lost by exchanging there and back, and the fee is kept.
        assert await standing(kit) == {
            "fees_kept_on_refunds EUR": 66,
            "fx_clearing EUR": 3,
            "stripe_balance EUR": -69,
        }
        assert await all_is_well(kit)
