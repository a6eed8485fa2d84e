"""Explores races schedule by schedule and says what came of them, a line of JSON for each race.

    python -m races.explore DATABASE_URL [--race NAME]... [--preemptions 1] [--most N] [--seed 1] [--controls]
                            [--minutes 60]

It walks through all schedules with so few preemptions; where there are more than ``--most``, a chosen part of those
with the most preemptions.
"""

import argparse
import asyncio
import gc
import json
import logging
import random
import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import structlog

from proof.enumeration import Variant, come_to_rest
from proof.verdict import broken_promises, standing
from proof.world import Kept, World, open_world
from races.pairs import RACES, Race
from races.stepping import Choice, Played, Process, Stage, next_schedules, open_stage

_TIDY_EACH: Final = 200

Schedule = tuple[Choice, ...]


@dataclass
class Found:
    """What the schedules of a race came to."""

    schedules: int = 0
    waiting: int = 0
    violations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    told: Counter[str] = field(default_factory=Counter[str])


async def play(stage: Stage, race: Race, kept: Kept, schedule: Schedule, variant: Variant) -> tuple[Played, list[str]]:
    """One schedule from the kept world on; what it led to, and what is broken then."""
    world = stage.world
    world.put_back(kept)

    def act(actor: Any) -> Any:
        async def acted(process: Process) -> None:
            await actor(world, process)

        return acted

    with variant():
        played = await stage.play([act(actor) for actor in race.actors], schedule)
        await come_to_rest(world)
    broken, reached, end = await broken_promises(world), standing(world), race.ends.get(played.told)
    if end is None:
        broken.append(f"told {played.told}, and it ends as {reached}")
    else:
        broken += [f"{name}: {reached[name]} instead of {end[name]}" for name in end if reached[name] != end[name]]
    return played, broken


async def explore(
    world: World,
    race: Race,
    *,
    preemptions: int,
    most: int | None,
    deadline: float,
    chance: random.Random,
    variant: Variant = nullcontext,
    is_short: bool = False,
) -> Found:
    """All schedules with so few preemptions, or so many of them; stops at the deadline, a short one at a violation."""
    async with world.process():
        for step in race.before:
            await step.act(world)
    kept, found = world.keep(), Found()
    levels: list[list[Schedule]] = [[()], *([] for _ in range(preemptions))]
    async with open_stage(world, len(race.actors)) as stage:
        for level, waiting in enumerate(levels):
            while waiting and (most is None or found.schedules < most) and time.monotonic() < deadline:
                if is_short and found.violations:
                    break
                schedule = waiting.pop(chance.randrange(len(waiting)))
                found.schedules += 1
                try:
                    played, broken = await play(stage, race, kept, schedule, variant)
                except psycopg.ProgrammingError:
                    # A control whose statements can't be read is itself broken: nothing was caught.
                    raise
                except Exception as error:  # noqa: BLE001 - whatever a shop raises, a promise is broken
                    found.violations[str(schedule)] = [f"{type(error).__name__}: {error}"]
                    continue
                found.told[played.told] += 1
                if broken:
                    found.violations[str(schedule)] = broken
                for following, is_preemption in next_schedules(schedule, played):
                    if level + is_preemption <= preemptions:
                        levels[level + is_preemption].append(following)
                if found.schedules % _TIDY_EACH == 0:
                    world.tidy()
            found.waiting += len(waiting)
    world.clear()
    return found


def say(**facts: Any) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def run_race(
    database_url: str,
    race: Race,
    *,
    preemptions: int,
    most: int | None,
    deadline: float,
    chance: random.Random,
    control: bool = False,
) -> Found:
    """Explore one race on an empty, migrated database; as a control, until the broken shop is caught."""
    async with open_world(database_url, **race.settings) as world:
        broken = race.control if control else None
        with broken.unconstrained(world) if broken else nullcontext():
            variant = broken.variant if broken else nullcontext
            return await explore(
                world,
                race,
                preemptions=preemptions,
                most=most,
                deadline=deadline,
                chance=chance,
                variant=variant,
                is_short=control,
            )


def be_quiet() -> None:
    """What shops log in thousands of schedules is not read."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


async def main() -> None:
    """Read the arguments and do what they ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--race", action="append", choices=[*RACES], default=[])
    parser.add_argument("--preemptions", type=int, default=1)
    parser.add_argument("--most", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    deadline = time.monotonic() + given.minutes * 60
    races = [RACES[name] for name in given.race or RACES]
    for number, race in enumerate(races):
        # What a race leaves of its share of the time is for the others.
        mine = time.monotonic() + (deadline - time.monotonic()) / (len(races) - number)
        found = await run_race(
            given.database_url,
            race,
            preemptions=given.preemptions,
            most=given.most,
            deadline=mine,
            chance=random.Random(given.seed),  # noqa: S311 - no secret, the same choice each time
        )
        facts = {"race": race.name, **vars(found)}
        if given.controls and race.control is not None:
            caught = await run_race(
                given.database_url,
                race,
                preemptions=1,
                most=None,
                deadline=deadline,
                chance=random.Random(given.seed),  # noqa: S311 - the same
                control=True,
            )
            facts |= {
                "caught": bool(caught.violations),
                "caught_after": caught.schedules,
                "caught_by": caught.violations,
            }
        say(**facts)


if __name__ == "__main__":
    be_quiet()
    gc.freeze()
    asyncio.run(main())
