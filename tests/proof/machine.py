"""A whole shop under chaos, step by step as hypothesis chooses: buyers, staff, Stripe's faults, crashes, lost webhooks.

    python -m proof.machine DATABASE_URL [--runs 40] [--steps 50] [--seed N [--minutes 5]] [--control NAME] [--shrink]

After each step the rules hold that hold at any time; at the end everything comes to rest, all promises hold, and what
the books say of each payment is what Stripe has of it: that is the model of money, and it is Stripe's own.
"""

import argparse
import asyncio
import gc
import json
import logging
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, nullcontext, suppress
from typing import Any, Final, LiteralString

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from money_probe import SEPA_FAILS, SEPA_OK, arm, broken_rules, disarm
from proof.controls import makes_a_key_for_each_try
from proof.enumeration import Variant, come_to_rest
from proof.knife import How, Killed, Stroke
from proof.verdict import broken_promises
from proof.world import World, open_world
from refund_kit import FAILING_REFUND, PENDING_REFUND, STAFF, VISA, asked
from shop_kit import CONTACT, GUEST
from vivr.errors import VivrError
from vivr.ids import new_order_id
from vivr.orders.model import BasketItem
from vivr.orders.place_order import OrderRequest
from vivr.refunds.model import Wish
from vivr.webhooks.events import SUBSCRIBED

DECLINED: Final = "4000000000000002"
FAULTS: Final = ("lose_answer", "error_before", "error_after", "reset", "rate_limit")
CONTROLS: Final = {"a key for each try": makes_a_key_for_each_try}

_BATCH: Final = 5
"""So many runs are played between two looks at the time."""

_BOOKS: Final[LiteralString] = """
    SELECT intent_id, captured_minor, refunded_minor FROM payment WHERE captured_minor > 0 ORDER BY intent_id
"""
_STRIPES: Final = """
    SELECT json_extract(intent.body, '$.id'), json_extract(intent.body, '$.amount_received'),
           (SELECT coalesce(sum(json_extract(refund.body, '$.amount')), 0) FROM object AS refund
            WHERE refund.kind = 'refund' AND json_extract(refund.body, '$.status') = 'succeeded'
              AND json_extract(refund.body, '$.payment_intent') = json_extract(intent.body, '$.id'))
    FROM object AS intent
    WHERE intent.kind = 'payment_intent' AND json_extract(intent.body, '$.amount_received') > 0 ORDER BY 1
"""

_MADE_TWICE: Final = """
    SELECT kind, json_extract(body, '$.metadata.operation') FROM object
    WHERE kind IN ('customer', 'checkout.session', 'refund') AND json_extract(body, '$.metadata.operation') IS NOT NULL
    GROUP BY 1, 2 HAVING count(*) > 1
"""

which = st.integers(0, 1000)
stroke = st.none() | st.builds(Stroke, st.integers(0, 45), st.sampled_from(list(How)))


class Shopping(RuleBasedStateMachine):
    """One shop; every act of its own may be struck by a crash or a lost connection."""

    world: World
    loop: asyncio.AbstractEventLoop
    empty: Any

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Any] = []
        self.links: dict[Any, Any] = {}
        self.stack = AsyncExitStack()

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Run something to its end."""
        return self.loop.run_until_complete(act)

    @initialize()
    def begin(self) -> None:
        """An empty shop with one product."""
        self.world.put_back(self.empty)
        self.do(self._open())
        self.product = self.do(self.world.kit.add_product(stock=5))

    async def _open(self) -> None:
        await self.stack.enter_async_context(self.world.process())

    async def _acted(self, act: Callable[[], Awaitable[Any]], struck: Stroke | None) -> Any:
        """Do something in the present process, which may end in it; another one is started then."""
        knife = self.world.knife
        assert knife is not None
        knife.stroke, knife.has_struck = struck, False
        knife.exchanges.clear()
        try:
            return await knife.run(act)
        except VivrError:
            return None
        except Killed:
            with suppress(Killed):
                await self.stack.aclose()
            self.stack = AsyncExitStack()
            await self._open()
            return None
        finally:
            knife.stroke = None

    def act(self, act: Callable[[], Awaitable[Any]], struck: Stroke | None) -> Any:
        """One act of the shop, and the rules that hold at any time."""
        made = self.do(self._acted(act, struck))
        assert self.do(broken_rules(self.world.kit)) == {}
        return made

    @rule(quantity=st.integers(1, 3), struck=stroke)
    def place(self, quantity: int, struck: Stroke | None) -> None:
        """Somebody orders."""
        order_id = new_order_id(self.world.clock.now())
        request = OrderRequest((BasketItem(self.product, quantity),), CONTACT, "fr", "http://127.0.0.1:8000")
        if self.act(lambda: self.world.kit.shop.place_order(GUEST, order_id, request), struck) is not None:
            self.orders.append(order_id)

    @precondition(lambda self: self.orders)
    @rule(one=which, struck=stroke)
    def start(self, one: int, struck: Stroke | None) -> None:
        """Somebody goes to pay."""
        order_id = self.orders[one % len(self.orders)]
        link = self.act(lambda: self.world.kit.shop.start_checkout(GUEST, order_id), struck)
        if link is not None:
            self.links[order_id] = link

    @precondition(lambda self: self.links)
    @rule(one=which, card=st.sampled_from([VISA, VISA, DECLINED, FAILING_REFUND, PENDING_REFUND]))
    def pay(self, one: int, card: str) -> None:
        """Somebody pays on the hosted page, in time or late."""
        self.do(self.world.kit.pay(self._link(one).url, card))

    @precondition(lambda self: self.links)
    @rule(one=which, iban=st.sampled_from([SEPA_OK, SEPA_FAILS]))
    def pay_by_debit(self, one: int, iban: str) -> None:
        """Somebody pays from a bank account."""
        form = {"method": "sepa_debit", "iban": iban, "name": "Anna Martin"}
        self.do(self.world.kit.sandbox.post(self._link(one).url, data=form))

    @precondition(lambda self: self.links)
    @rule(one=which, struck=stroke)
    def look(self, one: int, struck: Stroke | None) -> None:
        """Somebody comes back to the shop's page."""
        session_id = self._link(one).session_id
        self.act(lambda: self.world.kit.shop.settle_session(GUEST, session_id), struck)

    @precondition(lambda self: self.orders)
    @rule(one=which, struck=stroke)
    def cancel(self, one: int, struck: Stroke | None) -> None:
        """Somebody cancels."""
        order_id = self.orders[one % len(self.orders)]
        self.act(lambda: self.world.kit.shop.cancel_order(GUEST, order_id), struck)

    @precondition(lambda self: self.links)
    @rule(one=which, amount=st.none() | st.integers(1, 6000), struck=stroke)
    def refund(self, one: int, amount: int | None, struck: Stroke | None) -> None:
        """Staff gives something back."""
        request = asked(self.world.kit, self._order(one), Wish(amount_minor=amount))
        self.act(lambda: self.world.kit.shop.request_refund(STAFF, request), struck)

    @precondition(lambda self: self.links)
    @rule(one=which, amount=st.integers(1, 3000))
    def refund_at_stripe(self, one: int, amount: int) -> None:
        """The merchant gives something back in Stripe's dashboard, which meets none of the API's faults."""
        self.do(disarm(self.world.kit))
        intents = self.world.box.store.connection.execute("SELECT id FROM object WHERE kind = 'payment_intent'")
        found = [str(row[0]) for row in intents]
        if found:
            data = {"payment_intent": found[one % len(found)], "amount": str(amount)}
            self.do(self.world.kit.sandbox.post("/v1/refunds", data=data))

    @rule(chosen=st.lists(which, min_size=1, max_size=4), struck=stroke)
    def hear(self, chosen: list[int], struck: Stroke | None) -> None:
        """Stripe delivers some events, in any order, again or for the first time; others stay lost."""

        async def deliver() -> None:
            events = await self.world.kit.events(*SUBSCRIBED)
            for number in chosen if events else ():
                event = events[number % len(events)]
                if await self.world.kit.deliver(event) == 200:
                    self.world.scene.acked.add(event["id"])

        self.act(deliver, struck)

    @rule(struck=stroke, names=st.sampled_from([("inbox",), ("inbox",), ("operations",), ("poller",), ()]))
    def work(self, struck: Stroke | None, names: tuple[str, ...]) -> None:
        """The worker works."""
        self.act(lambda: self.world.work(*names), struck)

    @rule(minutes=st.sampled_from([1, 2, 6, 45, 1500, 6000]))
    def wait(self, minutes: int) -> None:
        """Time goes by."""
        self.world.clock.advance(minutes=minutes)

    @rule(kind=st.sampled_from(FAULTS))
    def spoil(self, kind: str) -> None:
        """Stripe fails at the next write."""
        self.do(arm(self.world.kit, kind, "POST *"))

    def _order(self, one: int) -> Any:
        return list(self.links)[one % len(self.links)]

    def _link(self, one: int) -> Any:
        return self.links[self._order(one)]

    def teardown(self) -> None:
        """Faults stop; everything comes to rest, and the books say what Stripe says."""
        try:
            if self.world.knife is not None and sys.exc_info()[0] is None:
                self.do(self._end())
        finally:
            self.do(self.stack.aclose())

    async def _end(self) -> None:
        await disarm(self.world.kit)
        await come_to_rest(self.world)
        # Whatever the last round left for its next turn: polls of what is pending, and the gap filler's five minutes.
        for _ in range(3):
            self.world.clock.advance(hours=2)
            await come_to_rest(self.world)
        assert await broken_promises(self.world) == []
        books = [tuple(row) for row in self.world.janitor.execute(_BOOKS)]
        stripes = [tuple(row) for row in self.world.box.store.connection.execute(_STRIPES)]
        assert books == stripes
        assert self.world.box.store.connection.execute(_MADE_TWICE).fetchall() == []


def play(given: argparse.Namespace, seed: int | None, runs: int) -> str | None:
    """Let hypothesis play; what it found."""
    how = settings(
        max_examples=runs,
        stateful_step_count=given.steps,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink] if given.shrink else [Phase.generate],
        print_blob=True,
    )
    machine = Shopping if seed is None else seeded(seed)(Shopping)
    variant: Variant = CONTROLS[given.control] if given.control else nullcontext
    try:
        with variant():
            run_state_machine_as_test(machine, settings=how)
    except Exception as error:  # noqa: BLE001 - whatever is found is told
        notes = "\n".join(getattr(error, "__notes__", ()))
        return f"seed {seed}, {type(error).__name__}: {error}\n{notes}"
    return None


def play_on(given: argparse.Namespace) -> tuple[int, str | None]:
    """Play until the runs are done, the time is over, or something is found; how many runs, and what was found.

    Without a seed it is always the same; with one, every batch has a seed of its own.
    """
    if given.seed is None:
        return given.runs, play(given, None, given.runs)
    deadline, done = time.monotonic() + given.minutes * 60, 0
    while done < given.runs and time.monotonic() < deadline:
        runs = min(_BATCH, given.runs - done)
        found = play(given, given.seed + done, runs)
        done += runs
        if found is not None:
            return done, found
    return done, None


def main() -> None:
    """Read the arguments, play, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--control", choices=[*CONTROLS])
    parser.add_argument("--shrink", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with asyncio.Runner() as runner:
        loop, stack = runner.get_loop(), AsyncExitStack()
        world = loop.run_until_complete(stack.enter_async_context(open_world(given.database_url)))
        Shopping.world, Shopping.loop, Shopping.empty = world, loop, world.keep()
        runs, found = play_on(given)
        world.clear()
        loop.run_until_complete(stack.aclose())
    sys.stdout.write(json.dumps({"runs": runs, "steps": given.steps, "found": found}) + "\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.freeze()
    main()
