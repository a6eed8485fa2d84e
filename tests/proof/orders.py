"""Every order in which a story's events can come, each of them twice: one final state.

    python -m proof.orders DATABASE_URL [--least 1] [--most 4] [--timings] [--controls] [--minutes 5]
                           [--state FILE]

A story happens without the shop hearing of it; then its events are delivered in each order, and processed one by one.
The shop reads Stripe's present word, so what an event says matters to nobody. In the other variant events are heard
while the story goes on: each event at every moment from its making to the end.
"""

import argparse
import asyncio
import gc
import itertools
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from money_probe import SEPA_FAILS
from proof.enumeration import come_to_rest, insist
from proof.flows import (
    DEBIT,
    DECLINED,
    DISPUTED,
    LOOK,
    ORDERED,
    PAY,
    REFUND_AT_STRIPE,
    Step,
    debit_of,
    later,
    paid_with,
    refund,
)
from proof.verdict import broken_promises, standing
from proof.world import Kept, World, open_world
from refund_kit import FAILING_REFUND, PENDING_REFUND
from vivr.webhooks.events import SUBSCRIBED


@dataclass(frozen=True)
class Story:
    """What happens while nothing is heard.

    Attributes:
        before: known to the shop already.
        steps: what its events tell of.
        told_in_time: the mail that only a shop sends that hears in time: a customer is told to try again while trying
            helps.
    """

    name: str
    steps: tuple[Step, ...]
    before: tuple[Step, ...] = ORDERED
    told_in_time: str | None = None


STORIES: Final = (
    Story("bought", (PAY,)),
    Story("declined, then bought", (paid_with(DECLINED), PAY)),
    Story("debit that succeeds", (DEBIT, later(days=6))),
    Story("debit that fails", (debit_of(SEPA_FAILS), later(days=6)), told_in_time="payment_failed 1"),
    Story("expired", (later(hours=25),)),
    Story("bought, refunded at Stripe", (PAY, LOOK, REFUND_AT_STRIPE)),
    Story("refunded", (*refund(1980),), (*ORDERED, PAY, LOOK)),
    Story("refunded twice", (*refund(1980), *refund(1000)), (*ORDERED, PAY, LOOK)),
    Story("refund that fails later", (*refund(), later(days=40)), (*ORDERED, paid_with(FAILING_REFUND), LOOK)),
    Story("declined, bought, refunded at Stripe", (paid_with(DECLINED), PAY, LOOK, REFUND_AT_STRIPE)),
    Story("bought, refunded at Stripe twice", (PAY, LOOK, REFUND_AT_STRIPE, REFUND_AT_STRIPE)),
    Story("bought and disputed", (paid_with(DISPUTED),)),
    Story("refund that is pending", (*refund(), later(days=40)), (*ORDERED, paid_with(PENDING_REFUND), LOOK)),
)
CONTROL: Final = next(story for story in STORIES if story.name == "debit that fails")


@dataclass
class Told:
    """A story that happened: its events, and the world at the moment when each was made and at the end."""

    story: Story
    events: list[dict[str, Any]]
    made: list[int]
    moments: list[Kept]
    end: dict[str, Any]

    def orders(self) -> list[tuple[int, ...]]:
        """Every order of the events."""
        return list(itertools.permutations(range(len(self.events))))

    def timings(self) -> list[tuple[int, ...]]:
        """For each event the step after which it is heard, in every combination."""
        last = len(self.moments) - 1
        return list(itertools.product(*(range(made, last + 1) for made in self.made)))


async def tell(world: World, story: Story) -> Told:
    """Let a story happen; its end is what the shop comes to when it hears everything in time."""
    for step in story.before:
        await step.act(world)
    # What was heard before belongs to no order.
    await world.hear()
    await world.work("inbox")
    known, events, made, moments = set(world.scene.acked), list[dict[str, Any]](), list[int](), list[Kept]()
    for number, step in enumerate(story.steps):
        await step.act(world)
        for event in await world.kit.events(*SUBSCRIBED):
            if event["id"] not in known:
                known.add(event["id"])
                events.append(event)
                made.append(number)
        moments.append(world.keep())
    await world.hear()
    await settle(world)
    assert await broken_promises(world) == []
    return Told(story, events, made, moments, standing(world))


async def settle(world: World) -> None:
    """Come to rest, and once more after two days: every deadline has passed then, whenever it was set."""
    await come_to_rest(world)
    world.clock.advance(days=2)
    await come_to_rest(world)


async def hear(world: World, event: dict[str, Any]) -> None:
    """One delivery, and what the worker makes of it."""
    assert await world.kit.deliver(event) == 200
    world.scene.acked.add(event["id"])
    await world.work("inbox")


async def judge(world: World, told: Told, told_in_time: str | None = None) -> list[str]:
    """What is wrong at the end; one mail may come or not where that is said, and no other and none twice."""
    await settle(world)
    if told_in_time is None:
        await come_to_rest(world, told.end)
    found, end = await broken_promises(world), standing(world)
    allowed: list[Any] = [([], []), ([told_in_time], ["send_email 1"])]
    if told_in_time is not None and all((one["mails"], one["jobs"]) in allowed for one in (end, told.end)):
        end |= {name: told.end[name] for name in ("mails", "jobs")}
    return found + [f"{name}: {end[name]} instead of {told.end[name]}" for name in end if end[name] != told.end[name]]


async def in_order(world: World, told: Told, order: Sequence[int], *, as_old: bool = False) -> list[str]:
    """Hear a story's events in an order, and all of them again backwards; what is wrong then.

    Args:
        world: the world.
        told: the story.
        order: the events' numbers.
        as_old: broken on purpose: for each event, Stripe's word is as old as the event is.
    """
    world.put_back(told.moments[-1])
    for number in [*order, *reversed(order)]:
        if as_old:
            told.moments[told.made[number]].sandbox.backup(world.box.store.connection)
        await hear(world, told.events[number])
    if as_old:
        end = standing(world)
        return [name for name in ("orders", "payments", "stock") if end[name] != told.end[name]]
    return await judge(world, told)


async def while_it_goes_on(world: World, start: Kept, told: Told, timing: Sequence[int]) -> list[str]:
    """Let the story happen again, and hear each event after the step that the timing says; what is wrong then."""
    world.put_back(start)
    known = set(world.scene.acked)
    waiting: dict[int, list[dict[str, Any]]] = {}
    count = 0
    for number, step in enumerate(told.story.steps):
        await insist(world, step)
        for event in await world.kit.events(*SUBSCRIBED):
            if event["id"] not in known:
                known.add(event["id"])
                slot = timing[count] if count < len(timing) else number
                waiting.setdefault(max(slot, number), []).append(event)
                count += 1
        for event in reversed(waiting.pop(number, [])):
            await hear(world, event)
    return await judge(world, told, told.story.told_in_time)


@dataclass
class Memory:
    """Which orders and timings held already, remembered in a file; a story with other events begins anew."""

    file: Path | None
    held: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def read(cls, file: Path | None) -> "Memory":
        """As it was left."""
        return cls(file, json.loads(file.read_text("utf-8")) if file and file.exists() else {})

    def of(self, told: Told, existing: int) -> list[str]:
        """What held of a story; if all did, it is tried once more."""
        key = " ".join([told.story.name, *(event["type"] for event in told.events)])
        if len(self.held.get(key, [])) >= existing:
            self.held[key] = []
        return self.held.setdefault(key, [])

    def write(self) -> None:
        """Remember."""
        if self.file is not None:
            self.file.write_text(json.dumps(self.held), "utf-8")


async def run_story(world: World, story: Story, given: argparse.Namespace, deadline: float, memory: Memory) -> None:
    """All orders and all timings of a story, and what came of them."""
    async with world.process():
        empty = world.keep()
        for step in story.before:
            await step.act(world)
        await world.hear()
        await world.work("inbox")
        start = world.keep()
        world.put_back(empty)
        told = await tell(world, story)
        if not given.least <= len(told.events) <= given.most:
            return
        orders, timings = told.orders(), told.timings() if given.timings else []
        every = [("order", order) for order in orders] + [("timing", timing) for timing in timings]
        violations, held = dict[str, list[str]](), memory.of(told, len(every))
        for kind, numbers in every:
            name = f"{kind} {numbers}"
            if name in held:
                continue
            if time.monotonic() > deadline:
                break
            if kind == "order":
                broken = await in_order(world, told, numbers)
            else:
                broken = await while_it_goes_on(world, start, told, numbers)
            if broken:
                violations[name] = broken
            else:
                held.append(name)
        memory.write()
    tried = [sum(name.startswith(kind) for name in [*held, *violations]) for kind in ("order", "timing")]
    say(
        story=story.name,
        events=[event["type"] for event in told.events],
        existing=[len(orders), len(timings)],
        tried=tried,
        violations=violations,
    )


async def run_control(world: World) -> None:
    """A shop that believes what an event says must come to other ends."""
    async with world.process():
        told = await tell(world, CONTROL)
        orders = told.orders()
        caught = sum([bool(await in_order(world, told, order, as_old=True)) for order in orders])
    say(control="believes the event", story=CONTROL.name, existing=len(orders), caught=caught)


def say(**facts: Any) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Read the arguments and do what they ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--least", type=int, default=1)
    parser.add_argument("--most", type=int, default=6)
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--timings", action="store_true")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    deadline, memory = time.monotonic() + given.minutes * 60, Memory.read(given.state)
    async with open_world(given.database_url) as world:
        empty = world.keep()
        for story in STORIES:
            if time.monotonic() > deadline:
                break
            world.put_back(empty)
            await run_story(world, story, given, deadline, memory)
        if given.controls:
            world.put_back(empty)
            await run_control(world)
        world.clear()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.freeze()
    asyncio.run(main())
