"""Crash enumeration: a flow is ended at each of its exchanges in each way, then recovery runs and all is checked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final

from proof.flows import Flow, Step
from proof.knife import WAYS, Exchange, How, Killed, Knife, Stroke
from proof.verdict import broken_promises, standing
from proof.world import LEASE_S, Kept, World
from vivr.errors import VivrError

_TURNS_MAX: Final = 20
_TRIES_MAX: Final = 12
_STROKES_MAX: Final = 5

Variant = Callable[[], AbstractContextManager[object]]
"""Breaks the shop on purpose for the length of a block."""


class NotReachedError(Exception):
    """Things went otherwise side by side, and the point did not come: nothing was tried."""


@dataclass(frozen=True, slots=True)
class Point:
    """One way in which a process ends or is cut off in a step of a flow."""

    step: int
    stroke: Stroke
    exchange: Exchange

    @property
    def is_patient(self) -> bool:
        """After every other point the actor tries again at once; after the others the leases have ended before."""
        return (self.stroke.at + list(How).index(self.stroke.how)) % 2 == 0

    @property
    def name(self) -> str:
        """Names it in reports, and in the file that remembers what was tried."""
        return f"{self.step}.{self.stroke.at}.{self.stroke.how}"


@dataclass
class Recording:
    """A flow as it goes when nothing happens: the world before each step, each step's exchanges, and how it ends."""

    flow: Flow
    before: list[Kept]
    exchanges: list[list[Exchange]]
    end: dict[str, Any]

    def points(self) -> list[Point]:
        """All points of the flow, in its order."""
        return [
            Point(number, Stroke(at, how), exchange)
            for number, exchanges in enumerate(self.exchanges)
            for at, exchange in enumerate(exchanges)
            for how in WAYS[exchange.kind]
        ]


async def record(world: World, flow: Flow, variant: Variant = nullcontext) -> Recording:
    """Let a flow go as it should."""
    before, exchanges = list[Kept](), list[list[Exchange]]()
    for step in flow.before:
        async with world.process():
            await step.act(world)
    for step in flow.steps:
        before.append(world.keep())
        async with world.process() as _:
            knife = world.knife
            assert knife is not None
            if step.is_ours:
                with variant():
                    await knife.run(lambda step=step: step.act(world))
            else:
                await step.act(world)
            exchanges.append(list(knife.exchanges))
    async with world.process():
        with variant():
            await come_to_rest(world)
        assert await broken_promises(world) == []
    end = standing(world)
    assert flow.ends.items() <= end.items(), end
    return Recording(flow, before, exchanges, end)


async def come_to_rest(world: World, end: Mapping[str, Any] | None = None) -> None:
    """Deliver and work until nothing is under way and the end is reached (if one is known), as time goes by.

    Raises:
        AssertionError: something stays under way.
    """
    for _ in range(_TURNS_MAX):
        with suppress(VivrError):
            await world.hear()
        await world.work()
        if world.is_at_rest() and (end is None or standing(world) == end):
            return
        world.clock.advance(seconds=LEASE_S)
    assert world.is_at_rest(), "something stays under way"


async def insist(world: World, step: Step) -> None:
    """Repeat a step as an actor does that is told to come again, while the worker works."""
    refused = ""
    for _ in range(_TRIES_MAX):
        try:
            await step.act(world)
        except VivrError as error:
            refused = error.code
        else:
            return
        world.clock.advance(seconds=LEASE_S)
        await world.work()
    raise AssertionError(f"{step.name} is never done: {refused}")


async def attempt(
    world: World, recording: Recording, point: Point, variant: Variant = nullcontext, *, is_patient: bool = True
) -> list[str]:
    """End a flow at a point, recover, go on to the end; what is broken then.

    Args:
        world: the world, which is put back to the moment before the point's step.
        recording: the flow as it goes.
        point: where and how.
        variant: how the shop is broken, for controls.
        is_patient: whether leases end before the actor tries again, or the actor tries at once.

    Raises:
        NotReachedError: the point did not come.
    """

    async def struck() -> list[str]:
        await strike_at(world, recording, point)
        return await go_on(world, recording, point, Knife(), is_patient=is_patient)

    with variant():
        return await judged(struck)


async def judged(run: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """What is broken after a run; whatever a shop raises at rest, a promise is broken."""
    try:
        return await run()
    except NotReachedError:
        raise
    except Exception as error:  # noqa: BLE001 - any error counts
        return [f"{type(error).__name__}: {error}"]


async def strike_at(world: World, recording: Recording, point: Point) -> None:
    """Let the step be struck at the recorded exchange; where things happen side by side it may take more than one try.

    Raises:
        NotReachedError: that exchange does not come again.
    """
    step, expected = recording.flow.steps[point.step], recording.exchanges[point.step][: point.stroke.at + 1]
    for _ in range(_STROKES_MAX):
        world.put_back(recording.before[point.step])
        knife = Knife(point.stroke)
        await _strike(world, knife, step)
        if knife.has_struck and knife.exchanges[: point.stroke.at + 1] == expected:
            return
    raise NotReachedError(point.name)


async def _strike(world: World, knife: Knife, step: Step) -> None:
    """Let the step be struck; a process that lives on is told, and ends its turn as it can."""
    try:
        async with world.process(knife):
            try:
                await knife.run(lambda: step.act(world))
            except VivrError:
                return
    except Killed:
        return


async def go_on(world: World, recording: Recording, point: Point, knife: Knife, *, is_patient: bool) -> list[str]:
    """Recover from a point in a process with this knife, play the rest of the flow in it, and say what is broken.

    Raises:
        Killed: by the knife.
    """
    step, later = recording.flow.steps[point.step], recording.flow.steps[point.step + 1 :]
    async with world.process(knife):
        await knife.run(lambda: recover(world, step, is_patient=is_patient))
        return await _go_to_end(world, later, recording.end)


async def recover(world: World, step: Step, *, is_patient: bool) -> None:
    """What happens after an end, until the step is done: the worker works, and whoever acted tries again."""
    if is_patient:
        world.clock.advance(seconds=LEASE_S)
        await world.work()
    await insist(world, step)


async def _go_to_end(world: World, later: Sequence[Step], end: Mapping[str, Any]) -> list[str]:
    """Play the rest of a flow, and say what is broken at its end."""
    if later and not world.is_at_rest():
        # What is still on its way arrives before days pass.
        await come_to_rest(world)
    for step in later:
        await insist(world, step)
    await come_to_rest(world, end)
    broken, reached = await broken_promises(world), standing(world)
    return broken + [f"{name}: {reached[name]} instead of {end[name]}" for name in end if reached[name] != end[name]]
