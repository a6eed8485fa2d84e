"""Every transaction of a purchase is lost once: before its commit, or after it with nobody told. A repeat finishes it.

Whoever called is only told that the database was away, and calls again; the worker goes on by itself.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pytest

from money_probe import broken_rules, rows, run
from shop_kit import CONTACT, GUEST, WORKER, Kit
from vivr.audit.seal_chain import seal_chain, verify_chain
from vivr.database import Database, Tx
from vivr.errors import Conflict, Unavailable
from vivr.ids import OrderId, ProductId, new_order_id
from vivr.orders.model import BasketItem, OrderState
from vivr.orders.place_order import OrderRequest
from vivr.payments.poll_payments import poll_payments
from vivr.recovery import recover_operations
from vivr.webhooks.events import SUBSCRIBED

T = TypeVar("T")
TRIES_MAX: Final = 6


@dataclass
class Loss:
    """Which transaction is lost, and how; ``None`` loses none and only counts."""

    at: int | None = None
    after_commit: bool = False
    names: list[str] = field(default_factory=list[str])


@pytest.fixture
def loss(monkeypatch: pytest.MonkeyPatch) -> Loss:
    """Loses the transaction that the test names, counted from the moment when ``names`` is cleared."""
    chosen = Loss()
    real: Callable[[Database, str], AbstractAsyncContextManager[Tx]] = Database.transaction

    @asynccontextmanager
    async def losing(self: Database, name: str = "transaction") -> AsyncGenerator[Tx]:
        is_the_tests_own = name == "transaction"
        if not is_the_tests_own:
            chosen.names.append(name)
        is_lost = not is_the_tests_own and len(chosen.names) - 1 == chosen.at
        async with real(self, name) as tx:
            yield tx
            if is_lost and not chosen.after_commit:
                raise Unavailable("database_unavailable")
        if is_lost:
            raise Unavailable("database_unavailable")

    monkeypatch.setattr(Database, "transaction", losing)
    return chosen


async def again(kit: Kit, act: Callable[[], Awaitable[T]]) -> T:
    """Call until it is answered, as one does that is told to try again; meanwhile leases end and the worker works."""
    shop = kit.shop
    for _ in range(TRIES_MAX):
        try:
            return await act()
        except Unavailable:
            await run(kit, "UPDATE operation SET lease_until = now(), next_try_at = now() WHERE ended_at IS NULL")
            with suppress(Unavailable):
                await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)
    raise AssertionError("it never ended")


async def deliver(kit: Kit) -> None:
    """Stripe delivers until it is acked, and the worker works until nothing is left."""
    for event in reversed((await kit.api("GET", "/v1/events?limit=15"))["data"]):
        if event["type"] in SUBSCRIBED:
            for _ in range(TRIES_MAX):
                if await kit.deliver(event) == 200:
                    break
    for _ in range(3):
        await again(kit, kit.process)
        await run(kit, "UPDATE inbox_event SET next_try_at = now(), lease_until = now() WHERE ended_at IS NULL")
    await run(kit, "UPDATE payment SET poll_at = now() WHERE poll_at IS NOT NULL")
    shop, settings = kit.shop, kit.shop.settings
    first, longest = settings.payment_poll_first, settings.payment_poll_max
    await again(
        kit, lambda: poll_payments(shop.database, shop.stripe, shop.clock, WORKER, first=first, longest=longest)
    )


async def buy(kit: Kit, product: ProductId) -> OrderId:
    """A purchase from the basket to the receipt."""
    order_id = new_order_id(kit.shop.clock.now())
    request = OrderRequest((BasketItem(product, 2),), CONTACT, "fr", "http://127.0.0.1:8000")
    await again(kit, lambda: kit.shop.place_order(GUEST, order_id, request))
    link = await again(kit, lambda: kit.shop.start_checkout(GUEST, order_id))
    await kit.pay(link.url)
    await again(kit, lambda: kit.shop.settle_session(GUEST, link.session_id))
    await deliver(kit)
    return order_id


async def cancel(kit: Kit, product: ProductId) -> OrderId:
    """A purchase that the customer cancels on the payment page."""
    order_id = new_order_id(kit.shop.clock.now())
    request = OrderRequest((BasketItem(product, 2),), CONTACT, "fr", "http://127.0.0.1:8000")
    await again(kit, lambda: kit.shop.place_order(GUEST, order_id, request))
    await again(kit, lambda: kit.shop.start_checkout(GUEST, order_id))
    await again(kit, lambda: kit.shop.cancel_order(GUEST, order_id))
    await deliver(kit)
    return order_id


Flow = Callable[[Kit, ProductId], Awaitable[OrderId]]
FLOWS: Final[dict[str, tuple[Flow, OrderState, tuple[int, int]]]] = {
    "buy": (buy, OrderState.PAID, (8, 0)),
    "cancel": (cancel, OrderState.CANCELLED, (10, 0)),
}


async def lose(kit: Kit, loss: Loss, name: str, at: int | None, *, after_commit: bool) -> int:
    """One run of a flow with one loss, and its verdict; how many transactions it had."""
    flow, state, stock = FLOWS[name]
    loss.at = None
    product = await kit.add_product()
    loss.names.clear()
    loss.at, loss.after_commit = at, after_commit
    order_id = await flow(kit, product)
    count, loss.at = len(loss.names), None
    assert (await kit.order(order_id)).state == state
    assert await kit.stock(product) == stock
    assert await broken_rules(kit) == {}
    assert await rows(
        kit,
        """
        SELECT (SELECT count(*) FROM payment WHERE order_id = %(id)s) AS payments,
               (SELECT count(*) FROM ledger_entry WHERE order_id = %(id)s) AS entries,
               (SELECT count(*) FROM email_message WHERE order_id = %(id)s) AS mails,
               (SELECT count(*) FROM money_exception) AS exceptions
        """,
        id=order_id,
    ) == [{"payments": 1, "entries": state == OrderState.PAID, "mails": state == OrderState.PAID, "exceptions": 0}]
    newest = (await kit.api("GET", "/v1/customers?limit=3"))["data"]
    assert len([found for found in newest if found["metadata"]["owner"] == order_id]) == 1
    return count


@pytest.mark.parametrize("after_commit", [False, True], ids=["rolled back", "committed"])
@pytest.mark.parametrize("name", FLOWS)
async def test_any_one_transaction_may_be_lost(kit: Kit, loss: Loss, name: str, *, after_commit: bool) -> None:
    await kit.shop.account.scope()
    count = await lose(kit, loss, name, None, after_commit=after_commit)
    assert count > 15
    for at in range(count):
        try:
            await lose(kit, loss, name, at, after_commit=after_commit)
        except (AssertionError, Conflict) as error:
            raise AssertionError(f"{name}: transaction {at} was lost ({loss.names[at]})") from error
    await seal_chain(kit.shop.database)
    assert await verify_chain(kit.shop.database) is None


async def test_the_same_drill_catches_a_shop_that_gives_each_try_a_new_id(kit: Kit, loss: Loss) -> None:
    product = await kit.add_product()
    loss.names.clear()
    loss.at, loss.after_commit = 0, True
    await again(kit, lambda: kit.place(product, 2))
    assert await kit.stock(product) == (10, 4)
