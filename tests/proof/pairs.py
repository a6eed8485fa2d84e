"""Two ends of processes in one flow: the second one at every exchange of the recovery from the first.

There are tens of thousands of pairs, and few different worlds that they leave behind. What happens after the second end
follows from what is durable then, and from who tries again and when: so each durable state that a pair leads to is run
to its end once, and stands for all pairs that lead to it. Nothing of that is taken on trust:

- A first end is one of a class only if it leaves that class's state, and its recovery makes the very same exchanges.
- The states between the exchanges of a recovery are looked at in a run that nobody ends; a pair that is really run must
  then leave the state that was foreseen for it, otherwise it stands for nothing.
- Pairs that others stand for are drawn by lot and run all the same.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from proof.durable_state import Witness, durable_state
from proof.enumeration import NotReachedError, Point, Recording, go_on, judged, recover, strike_at
from proof.knife import How, Killed, Knife, Stroke
from proof.world import World

_DRAWN: Final = 100
_TRIES_MAX: Final = 5
_HOW: Final = (How.KILL_BEFORE, How.KILL_AFTER)


@dataclass(frozen=True)
class Pair:
    """A first end, the second one in its recovery, and the state that it is foreseen to leave."""

    first: Point
    second: Stroke
    leaves: str

    @property
    def future(self) -> str:
        """What everything after it follows from."""
        return _future(self.first, self.leaves)

    @property
    def name(self) -> str:
        """Names it in reports."""
        return f"{self.first.name}+{self.second.at}.{self.second.how}"


def _future(point: Point, state: str) -> str:
    return f"{point.step} {'patient' if point.is_patient else 'at once'} {state}"


@dataclass
class Pairs:
    """The pairs of one flow.

    Attributes:
        memory: what is known of them, to be kept from run to run: ``ends``, the class of each first end;
            ``recoveries``, the states before and after each exchange of a class's recovery; ``futures``, what held.
        count_one: is called after each run.
    """

    world: World
    recording: Recording
    memory: dict[str, Any]
    count_one: Callable[[], None]
    violations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    drawn: int = 0

    def __post_init__(self) -> None:
        for part in ("ends", "recoveries", "futures"):
            self.memory.setdefault(part, {})

    async def enumerate(self, deadline: float) -> None:
        """Go on until all is tried or the time is over."""
        for point in self.recording.points():
            if time.monotonic() > deadline:
                return
            if point.name not in self.memory["ends"]:
                await self._learn(point)
        pairs = [*self._pairs()]
        for pair in pairs:
            if time.monotonic() > deadline:
                return
            if pair.future not in self.memory["futures"] and pair.name not in self.violations:
                await self._try(pair)
        lot = random.Random(1)  # noqa: S311 - a fixed draw
        for pair in lot.sample(pairs, min(_DRAWN, len(pairs))):
            if time.monotonic() > deadline:
                return
            self.drawn += await self._try(pair)

    def report(self) -> dict[str, Any]:
        """What exists, what was tried, by how many states, and what is broken.

        Before all first ends are known, their pairs are not.
        """
        pairs, futures = [*self._pairs()], self.memory["futures"]
        open_ones = {pair.future for pair in pairs} - {*futures}
        return {
            "existing": len(pairs),
            "tried": sum(pair.future in futures for pair in pairs),
            "states": len({pair.future for pair in pairs} & {*futures}),
            "of_states": len({pair.future for pair in pairs}),
            "drawn": self.drawn,
            "first_ends": f"{len(self.memory['ends'])} of {len(self.recording.points())}",
            "not_reached": sorted(open_ones)[:10] if self.drawn else [],
            "violations": self.violations,
        }

    def _pairs(self) -> Iterator[Pair]:
        """All pairs that are known of."""
        for point in self.recording.points():
            known = self.memory["ends"].get(point.name)
            if known is not None:
                for at, states in enumerate(self.memory["recoveries"][known]):
                    for how, state in zip(_HOW, states, strict=True):
                        yield Pair(point, Stroke(at, how), state)

    async def _learn(self, point: Point) -> None:
        """Find the class of a first end: by what it leaves, and by the exchanges of the recovery from that."""
        world, recoveries, may_be_known = self.world, self.memory["recoveries"], True
        for _ in range(_TRIES_MAX):
            try:
                await strike_at(world, self.recording, point)
            except NotReachedError:
                return
            future = _future(point, durable_state(world))
            is_known = may_be_known and any(known.startswith(future) for known in recoveries)
            witness = None if is_known else Witness(world)
            knife = witness or Knife()
            if not await self._holds(point.name, point, knife):
                return
            exchanges = "".join(f"{exchange.kind} {exchange.text};" for exchange in knife.exchanges)
            recovery = f"{future} {hashlib.sha256(exchanges.encode()).hexdigest()[:20]}"
            if witness is not None:
                recoveries.setdefault(recovery, witness.states)
                self.memory["futures"][future] = point.name
            if recovery in recoveries:
                self.memory["ends"][point.name] = recovery
                return
            # Side by side, things went in another order: that recovery has to be looked at by itself.
            may_be_known = False

    async def _try(self, pair: Pair) -> bool:
        """Run a pair to its end; whether what was foreseen came, and held."""
        world = self.world
        for _ in range(_TRIES_MAX):
            try:
                await strike_at(world, self.recording, pair.first)
            except NotReachedError:
                return False
            knife = Knife(pair.second)
            try:
                async with world.process(knife):
                    step = self.recording.flow.steps[pair.first.step]
                    await knife.run(lambda step=step: recover(world, step, is_patient=pair.first.is_patient))
            except Killed:
                if durable_state(world) == pair.leaves:
                    break
        else:
            return False
        if await self._holds(pair.name, pair.first, Knife()):
            self.memory["futures"][pair.future] = pair.name
            return True
        return False

    async def _holds(self, name: str, point: Point, knife: Knife) -> bool:
        """Recover and go to the end; whether all holds then."""
        broken = await judged(lambda: go_on(self.world, self.recording, point, knife, is_patient=point.is_patient))
        self.count_one()
        if broken:
            self.violations[name] = broken
        return not broken
