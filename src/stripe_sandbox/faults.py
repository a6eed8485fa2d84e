"""Faults that a test arms: what goes wrong, on which calls or events, and how often.

Armed through `/_sandbox/faults`, kept with the account, consumed one by one (`count` None: until cleared).
"""

import random
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from stripe_sandbox.state.work import Doc, Work

# On API calls: before the effect, after it, or beside it.
RESET = "reset"
LOSE_ANSWER = "lose_answer"
ERROR_BEFORE = "error_before"
ERROR_AFTER = "error_after"
RATE_LIMIT = "rate_limit"
SLOW = "slow"
TRUNCATE = "truncate"
API_FAULTS = (RESET, LOSE_ANSWER, ERROR_BEFORE, ERROR_AFTER, RATE_LIMIT, SLOW, TRUNCATE)

# On webhook deliveries.
DROP = "webhook_drop"
DUPLICATE = "webhook_duplicate"
DELAY = "webhook_delay"
BAD_SIGNATURE = "webhook_bad_signature"
WEBHOOK_FAULTS = (DROP, DUPLICATE, DELAY, BAD_SIGNATURE)

# On the making of an event: the same change is told by two Event objects.
TWIN = "webhook_twin"
KINDS = (*API_FAULTS, *WEBHOOK_FAULTS, TWIN)

KIND = "fault"


@dataclass(frozen=True)
class FaultWish:
    """What is to be armed. `route` matches `METHOD /path` and `event` the type, both with `*`.

    The first `skip` matches pass unharmed, and of the others each is hit with `probability`, drawn under the account's
    seed. Times in milliseconds or seconds.
    """

    kind: str
    route: str = "*"
    event: str = "*"
    count: int | None = 1
    ms: int = 0
    delay_s: float = 0.0
    reason: str | None = None
    stored: bool | None = None
    should_retry: bool | None = None
    skip: int = 0
    probability: float = 1.0


def arm_fault(work: Work, wish: FaultWish) -> Doc:
    """Stores a fault."""
    fault: dict[str, Any] = {"id": work.mint("fault"), "object": KIND, **vars(wish)}
    return work.insert(fault)


def take_faults(work: Work, kinds: tuple[str, ...], field: str, value: str) -> list[Doc]:
    """The armed faults that match a call (`route`) or a delivery (`event`), at most one of each kind.

    Each is counted down.
    """
    taken: dict[str, Doc] = {}
    for fault in work.select(KIND, order="ASC"):
        matches = fault["kind"] in kinds and fault["kind"] not in taken and fnmatchcase(value, fault[field])
        if matches and _strikes(work, fault):
            taken[fault["kind"]] = fault
            _count_down(work, fault)
    return list(taken.values())


def _strikes(work: Work, fault: Doc) -> bool:
    """Whether this match is hit."""
    if fault.get("skip", 0) > 0:
        fault["skip"] -= 1
        work.save(fault)
        return False
    if fault.get("probability", 1) >= 1:
        return True
    draw = random.Random(f"{work.account.seed}:{work.next_number()}").random()  # noqa: S311 - the same under a seed
    return draw < fault["probability"]


def _count_down(work: Work, fault: Doc) -> None:
    if fault["count"] is None:
        return
    fault["count"] -= 1
    if fault["count"] <= 0:
        work.delete(fault)
    else:
        work.save(fault)


def list_faults(work: Work) -> list[Doc]:
    """All armed faults, oldest first."""
    return work.select(KIND, order="ASC")


def clear_faults(work: Work) -> int:
    """Disarms all; gives how many there were."""
    armed = list_faults(work)
    for fault in armed:
        work.delete(fault)
    return len(armed)
