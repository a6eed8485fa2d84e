"""Payments that fail: each try is noted once, and the customer is called back once, when he is no longer at it."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from capture_kit import mails
from money_probe import SEPA_FAILS, broken_rules, control, let_bank, open_checkout, pay_by_debit, rows
from shop_kit import GUEST, Kit, open_kit
from vivr.clock import SetClock
from vivr.orders.model import OrderState
from vivr.payments.note_failures import QUIET, tell_failures
from vivr.timeline import order_timeline

DECLINED = "4000000000009995"
STOLEN = "4000000000009979"


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop whose time is moved by hand."""
    async with open_kit(database_url, sandbox_url, clock=clock) as opened:
        yield opened


async def tell(kit: Kit) -> int:
    """One turn of the step that writes to customers."""
    return await tell_failures(kit.shop.database, kit.shop.clock)


async def test_each_failed_try_is_noted_once_and_told_when_it_is_quiet(kit: Kit, clock: SetClock) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url, DECLINED)
    await kit.pay(link.url, STOLEN)
    await kit.deliver_all()
    noted = await rows(kit, "SELECT code, decline_code FROM payment_attempt ORDER BY decline_code")
    assert [row["decline_code"] for row in noted] == ["insufficient_funds", "stolen_card"]
    assert {row["code"] for row in noted} == {"card_declined"}
    await kit.deliver_all()
    assert await kit.count("SELECT count(*) FROM payment_attempt") == 2
    async with kit.shop.database.transaction() as tx:
        told = [item.text for item in await order_timeline(tx, order.id)]
    assert "a try failed: card_declined (stolen_card)" in told
    clock.advance(seconds=QUIET.total_seconds() - 1)
    assert (await tell(kit), await mails(kit, order.id)) == (0, [])
    clock.advance(seconds=2)
    assert (await tell(kit), await mails(kit, order.id)) == (1, ["payment_failed"])
    await kit.pay(link.url, DECLINED)
    await kit.deliver_all()
    clock.advance(minutes=11)
    assert (await tell(kit), await mails(kit, order.id)) == (1, ["payment_failed"])
    assert await broken_rules(kit) == {}


async def test_who_succeeds_at_the_next_try_hears_of_no_failure(kit: Kit, clock: SetClock) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url, DECLINED)
    await kit.deliver_all()
    await kit.pay(link.url)
    await kit.deliver_all()
    clock.advance(minutes=11)
    assert (await tell(kit), await mails(kit, order.id)) == (1, ["order_confirmation"])


async def test_a_debit_that_fails_days_later_gives_a_real_second_chance(kit: Kit, clock: SetClock) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url, DECLINED)
    await kit.deliver_all()
    clock.advance(minutes=11)
    assert (await tell(kit), await mails(kit, order.id)) == (1, ["payment_failed"])
    await pay_by_debit(kit, link.url, SEPA_FAILS)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    clock.advance(days=5)
    await let_bank(kit, link.session_id, "fail")
    await kit.deliver_all()
    waits = await kit.order(order.id)
    assert (waits.state, waits.deadline_at - clock.now(), waits.sessions_made) == (
        OrderState.PENDING,
        timedelta(hours=24),
        0,
    )
    assert (await tell(kit), await mails(kit, order.id)) == (1, ["payment_failed"] * 2)
    await control(kit, "POST", "clock", {"advance_s": 5 * 86_400})
    again = await kit.shop.start_checkout(GUEST, order.id)
    assert again.session_id != link.session_id
    await kit.pay(again.url)
    await kit.shop.settle_session(GUEST, again.session_id)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert (await kit.stock(product), await broken_rules(kit)) == ((9, 0), {})


async def test_a_customer_who_was_deleted_at_stripe_gets_another_one(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    first = (await rows(kit, "SELECT customer_id FROM stripe_customer"))[0]["customer_id"]
    await control(kit, "GET", "requests")
    deleted = await kit.sandbox.request("DELETE", f"/v1/customers/{first}")
    assert deleted.status_code == 200
    await kit.deliver_all("customer.deleted")
    assert await kit.count("SELECT count(*) FROM stripe_customer") == 0
    await kit.sandbox.post(f"/v1/checkout/sessions/{link.session_id}/expire")
    await kit.deliver_all("checkout.session.expired")
    again = await kit.shop.start_checkout(GUEST, order.id)
    second = (await rows(kit, "SELECT customer_id FROM stripe_customer"))[0]["customer_id"]
    assert (second != first, again.session_id != link.session_id) == (True, True)
    await kit.pay(again.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
