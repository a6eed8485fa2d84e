"""Rule, click, command and dashboard at once: held money goes back once or settles one order, and every cent is booked.

A resolution is stopped at each of its points outside a transaction while another process does one thing from beginning
to end; several are let loose at the same moment; and without lock and guard the same check sees two decisions.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Final

import pytest

from exception_kit import (
    SUPPORT,
    deliver_refunds,
    held_in_ledger,
    late_money,
    refunds_at_stripe,
    the_exception,
    unknown_money,
    wait_a_day,
)
from money_probe import arm, broken_rules, run
from races.interleaving import OtherProcess, at_point
from refund_kit import OTHER_STAFF, STAFF
from shop_kit import WORKER, Kit
from vivr.crash_points import POINTS
from vivr.database import Sql
from vivr.errors import Conflict, VivrError
from vivr.money_exceptions import store
from vivr.money_exceptions.model import Action, MoneyException
from vivr.money_exceptions.model import refuse as judge
from vivr.recovery import recover_operations
from vivr.resolutions import give_back

Act = Callable[[Kit, MoneyException], Awaitable[object]]


async def click(kit: Kit, held: MoneyException) -> object:
    """Somebody else gives it back."""
    return await kit.shop.give_back(OTHER_STAFF, held.id)


async def accept(kit: Kit, held: MoneyException) -> object:
    """Somebody else accepts it."""
    return await kit.shop.accept_money(OTHER_STAFF, held.id)


async def rule(kit: Kit, held: MoneyException) -> object:
    """The rule's turn comes."""
    del held
    return await kit.shop.apply_exception_rule(WORKER)


async def dashboard(kit: Kit, held: MoneyException) -> object:
    """All that Stripe still has is refunded in the dashboard, and the shop hears of it."""
    with suppress(AssertionError):  # nothing is left there
        await kit.api("POST", "/v1/refunds", {"payment_intent": held.object_id})
    return await hear(kit, held)


async def hear(kit: Kit, held: MoneyException) -> object:
    """Stripe's words arrive, those that were put back too."""
    await run(kit, "UPDATE inbox_event SET next_try_at = now() WHERE state = 'RETRYING'")
    await deliver_refunds(kit, held.object_id)
    return None


async def recover(kit: Kit, held: MoneyException) -> object:
    """The worker finishes what stopped, as if a minute had passed."""
    del held
    await run(kit, "UPDATE operation SET lease_until = now(), next_try_at = now() WHERE ended_at IS NULL")
    shop = kit.shop
    return await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


ACTS: Final[tuple[Act, ...]] = (click, accept, rule, dashboard, recover)


async def rest(kit: Kit, held: MoneyException) -> None:
    """Let everything come to rest, and hold it to the books: all is back, or it settles one order."""
    for _ in range(2):
        await recover(kit, held)
        await hear(kit, held)
    ended = await the_exception(kit)
    back = sum(made["amount"] for made in await refunds_at_stripe(kit, held.object_id) if made["status"] == "succeeded")
    assert ended.state == "resolved"
    assert back in {0, 2980}
    assert (ended.resolution == "refunded") == (back == 2980 and ended.accepted_order_id is None)
    assert await held_in_ledger(kit) == 0
    assert await kit.count("SELECT count(*) FROM orders WHERE state <> 'CANCELLED'") == int(
        ended.accepted_order_id is not None
    )
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')") == 0
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("point", ["refund.after_reserve", "exception.before_reserve"])
async def test_whatever_happens_while_late_money_is_given_back(
    kit: Kit, other: OtherProcess, point: str, act: Act
) -> None:
    await late_money(kit)
    await wait_a_day(kit)
    held = await the_exception(kit)

    async def interfere(theirs: Kit) -> None:
        with suppress(VivrError):
            await act(theirs, held)

    with at_point(point, lambda: other.run(interfere)) as reached, suppress(VivrError):
        await kit.shop.give_back(SUPPORT, held.id)
    assert point in reached
    await rest(kit, held)


@pytest.mark.parametrize("act", [click, dashboard])
@pytest.mark.parametrize("point", ["exception.before_accept", "exception.after_accept"])
async def test_whatever_happens_while_late_money_is_accepted(
    kit: Kit, other: OtherProcess, point: str, act: Act
) -> None:
    await late_money(kit)
    held = await the_exception(kit)

    async def interfere(theirs: Kit) -> None:
        with suppress(VivrError):
            await act(theirs, held)

    with at_point(point, lambda: other.run(interfere)) as reached, suppress(VivrError):
        await kit.shop.accept_money(SUPPORT, held.id)
    assert point in reached or act is dashboard
    if act is dashboard and (await the_exception(kit)).resolution == "accepted":
        # It settled an order when it was refunded, so that order is refunded now.
        await hear(kit, held)
        assert await kit.count("SELECT count(*) FROM orders WHERE state = 'REFUNDED'") == 1
    await rest(kit, held)


async def test_rule_click_and_command_at_the_same_moment_give_back_once(kit: Kit, second: Kit) -> None:
    await late_money(kit)
    await wait_a_day(kit)
    held = await the_exception(kit)
    said = await asyncio.gather(
        kit.shop.give_back(SUPPORT, held.id),
        second.shop.give_back(STAFF, held.id),
        second.shop.apply_exception_rule(WORKER),
        kit.shop.apply_exception_rule(WORKER),
        kit.shop.give_back(SUPPORT, held.id),
        return_exceptions=True,
    )
    assert not any(isinstance(one, BaseException) for one in said)
    assert await kit.count("SELECT count(*) FROM operation WHERE kind = 'create_refund'") == 1
    await rest(kit, held)


async def test_accepting_and_giving_back_at_the_same_moment_do_one_of_both(kit: Kit, second: Kit) -> None:
    await late_money(kit)
    held = await the_exception(kit)
    said = await asyncio.gather(
        kit.shop.accept_money(SUPPORT, held.id),
        second.shop.give_back(STAFF, held.id),
        second.shop.accept_money(STAFF, held.id),
        return_exceptions=True,
    )
    assert all(isinstance(one, MoneyException | Conflict) for one in said)
    await rest(kit, held)


def between_read_and_write(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody act once after this thread has judged the exception and before it writes its decision."""
    here, done = threading.get_ident(), list[object]()

    def judge_then_wait(exception: MoneyException, action: Action) -> Conflict | None:
        refusal = judge(exception, action)
        if threading.get_ident() == here and not done:
            done.append(True)
            Context().run(act)  # the other process knows nothing of this one's open transaction
        return refusal

    monkeypatch.setattr(give_back, "refuse", judge_then_wait)


async def decisions(kit: Kit) -> int:
    """How many refunds of held money were reserved."""
    return await kit.count("SELECT count(*) FROM operation WHERE kind = 'refund_held'")


@pytest.mark.parametrize("guarded", [True, False])
async def test_without_the_lock_the_guard_holds_and_without_both_two_decisions_are_seen(
    kit: Kit, other: OtherProcess, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    await unknown_money(kit)
    held = await the_exception(kit)
    lock, decide = store._LOCK, store._DECIDE  # pyright: ignore[reportPrivateUsage] - what is taken away
    monkeypatch.setattr(store, "_LOCK", Sql(lock.name, lock.purpose, "SELECT * FROM money_exception WHERE id = %(id)s"))
    if not guarded:
        careless = """
            UPDATE money_exception
            SET state = 'resolving', decided_by = %(decided_by)s, refund_id = %(refund_id)s, rounds = rounds + 1
            WHERE id = %(id)s RETURNING *"""
        monkeypatch.setattr(store, "_DECIDE", Sql(decide.name, decide.purpose, careless))
    await arm(kit, "lose_answer", "POST /v1/refunds", count=None)  # the first decision stays under way
    between_read_and_write(monkeypatch, lambda: other.run(lambda theirs: theirs.shop.give_back(OTHER_STAFF, held.id)))
    with suppress(VivrError):
        await kit.shop.give_back(SUPPORT, held.id)
    assert await decisions(kit) == (1 if guarded else 2)


def test_every_point_of_a_resolution_stands_in_a_test() -> None:
    assert {point for point in POINTS if point.startswith("exception.")} == {
        "exception.before_reserve",
        "exception.after_reserve",
        "exception.after_call",
        "exception.after_record",
        "exception.before_accept",
        "exception.in_accept",
        "exception.after_accept",
    }
