"""Steps of a scenario: kept with the account until their event, their call or their time comes."""

from fnmatch import fnmatchcase
from typing import Any

from stripe_sandbox.state.work import Doc, Work

KIND = "scenario_step"
ACT = "play_step"
# How often a step comes whose count is null: one that causes its own event would never end.
COMINGS_MAX = 1000
# How many steps that are over are shown.
OVER_MAX = 100


def arm_step(work: Work, wish: dict[str, Any]) -> Doc:
    """Stores a step; one that waits for no event and no call is due `after_s` from now.

    `count` says how often it may still come, `outcomes` what came of it: `done`, or why it could not be.
    """
    step: Doc = {
        "id": work.mint("step"),
        "object": KIND,
        "at_event": None,
        "at_route": None,
        "after_s": 0,
        "skip": 0,
        "count": 1,
        "on": None,
        "with": {},
        **wish,
        "outcomes": [],
    }
    if step["count"] is None:
        step["count"] = COMINGS_MAX
    work.insert(step)
    if step["at_event"] is None and step["at_route"] is None:
        _come(work, step, step["on"])
    return step


def list_steps(work: Work) -> list[Doc]:
    """All steps, oldest first, those that are over as well."""
    return work.select(KIND, order="ASC")


def forget_old_steps(work: Work) -> None:
    """Forgets the oldest of those that are over."""
    over = [step for step in list_steps(work) if step["count"] == 0 and step["outcomes"]]
    for step in over[: max(0, len(over) - OVER_MAX)]:
        work.delete(step)


def forget_steps(work: Work) -> int:
    """Forgets all steps and what they would still do; gives how many there were."""
    steps = list_steps(work)
    for step in steps:
        work.delete(step)
    work.tx.execute("DELETE FROM timer WHERE account = ? AND act = ?", (work.account.id, ACT))
    return len(steps)


def notice(work: Work, field: str, value: str, object_id: str | None = None) -> bool:
    """Something happened (`at_event` with its object, or `at_route`): says whether a step comes of it."""
    found = False
    if work.is_quiet:
        return found
    for step in list_steps(work):
        pattern: str | None = step[field]
        if pattern is None or step["count"] == 0 or not fnmatchcase(value, pattern):
            continue
        if step["skip"] > 0:
            step["skip"] -= 1
            work.save(step)
        else:
            _come(work, step, step["on"] or object_id)
            found = True
    return found


def _come(work: Work, step: Doc, object_id: str | None) -> None:
    step["count"] -= 1
    work.save(step)
    work.set_timer(step["after_s"], ACT, f"{step['id']} {object_id or ''}")
