"""What tests of the books share: Stripe's time and the shop's moved together, turns of the worker, and what stands."""

from datetime import datetime, timedelta

from money_probe import control, rows, run
from shop_kit import WORKER, Kit
from vivr.caller import Caller
from vivr.clock import Clock, SystemClock
from vivr.reconciliation.keep_books import keep_books


class MovedClock(Clock):
    """The machine's clock and what a test added."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The present time, moved."""
        return SystemClock().now() + self.ahead


async def stop_time(kit: Kit) -> None:
    """Let Stripe's time pass only as a test moves it: a balance transaction comes seconds after its charge."""
    await control(kit, "POST", "clock", {"speed": 0})


async def later(kit: Kit, **span: float) -> None:
    """Let time pass at Stripe and in the shop."""
    moved = timedelta(**span)
    clock = kit.shop.clock
    assert isinstance(clock, MovedClock)
    clock.ahead += moved
    await control(kit, "POST", "clock", {"advance_s": moved.total_seconds()})


async def books(kit: Kit, caller: Caller = WORKER) -> int:
    """One turn of the worker's step, whenever the last one was; how many movements were posted."""
    shop = kit.shop
    await run(kit, "UPDATE balance_reading SET next_at = '-infinity'")
    scope = await shop.account.scope()
    return await keep_books(shop.database, shop.stripe, shop.clock, caller, scope, shop.settings.shop_id)


async def standing(kit: Kit) -> dict[str, int]:
    """Account and currency -> what stands there, without what is zero."""
    found = await rows(
        kit,
        """
        SELECT ledger_account, currency, sum(amount_minor)::int AS total FROM ledger_posting
        GROUP BY ledger_account, currency HAVING sum(amount_minor) <> 0 ORDER BY ledger_account, currency
        """,
    )
    return {f"{row['ledger_account']} {row['currency']}": row["total"] for row in found}
