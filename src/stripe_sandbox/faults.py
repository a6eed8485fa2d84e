"""Faults that a test arms: what goes wrong, on which calls or events, and how often.

Armed through `/_sandbox/faults`, kept with the account, consumed one by one (`count` None: until cleared).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from stripe_sandbox.scenarios.refusal import CONFLICT, Refused
from stripe_sandbox.state.work import Doc, Work

# On API calls: before the effect, after it, or beside it.
REFUSE = "refuse"
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
SHUFFLE = "webhook_shuffle"
DEAD = "webhook_dead"
BAD_SIGNATURE = "webhook_bad_signature"
WEBHOOK_FAULTS = (DROP, DUPLICATE, DELAY, SHUFFLE, DEAD, BAD_SIGNATURE)

# On the making of an event: the same change is told by two Event objects.
TWIN = "webhook_twin"
KINDS = (REFUSE, *API_FAULTS, *WEBHOOK_FAULTS, TWIN)

# What Stripe writes into Stripe-Rate-Limited-Reason (Stripe docs, rate limits); a 429 without it is a lock_timeout.
RATE_LIMIT_REASONS = (
    "global-rate",
    "endpoint-rate",
    "global-concurrency",
    "endpoint-concurrency",
    "resource-specific",
)

KIND = "fault"
ARMED_MAX = 1000


@dataclass(frozen=True)
class FaultWish:
    """What is to be armed. `route` matches `METHOD /path` and `event` the type, both with `*`.

    The first `skip` matches pass unharmed, and of the others each is hit with `probability`, drawn under `seed`, or
    under the account's if that is None. Times in milliseconds or seconds; `for_s` is for `refuse` alone: so long, in
    real time and from now on, nobody is let in at all.
    """

    kind: str
    route: str = "*"
    event: str = "*"
    count: int | None = 1
    ms: int = 0
    delay_s: float = 0.0
    for_s: float = 0.0
    reason: str | None = None
    stored: bool | None = None
    should_retry: bool | None = None
    skip: int = 0
    probability: float = 1.0
    seed: int | None = None


def seeded(wish: FaultWish, seed: int | None, place: int) -> FaultWish:
    """The fault under the seed of its script, unless it has one of its own; each place of a script draws for itself."""
    return wish if seed is None or wish.seed is not None else replace(wish, seed=seed * 1000 + place)


def arm_fault(work: Work, wish: FaultWish) -> Doc:
    """Stores a fault; `struck` says how often it was asked whether it hits. Raises Refused beyond `ARMED_MAX`."""
    if work.count(KIND) >= ARMED_MAX:
        raise Refused(f"At most {ARMED_MAX} faults can be armed at a time.", CONFLICT)
    fault: dict[str, Any] = {"id": work.mint("fault"), "object": KIND, **vars(wish), "struck": 0}
    return work.insert(fault)


def take_faults(work: Work, kinds: Sequence[str], field: str, value: str) -> dict[str, Doc]:
    """The armed faults that match a call (`route`) or a delivery (`event`), by kind, at most one of each.

    Each is counted down.
    """
    taken: dict[str, Doc] = {}
    if work.is_quiet:
        return taken
    for fault in work.select(KIND, order="ASC"):
        matches = fault["kind"] in kinds and fault["kind"] not in taken and fnmatchcase(value, fault[field])
        if matches and not fault.get("for_s") and _strikes(work, fault):
            taken[fault["kind"]] = fault
            _count_down(work, fault)
    return taken


def take_closing(work: Work) -> float:
    """For how many seconds the door is to be shut now, by faults that were armed for that; they are used up."""
    if work.is_quiet:
        return 0.0
    closing = [fault for fault in work.select(KIND) if fault["kind"] == REFUSE and fault.get("for_s")]
    for fault in closing:
        work.delete(fault)
    return max((fault["for_s"] for fault in closing), default=0.0)


def _strikes(work: Work, fault: Doc) -> bool:
    """Whether this match is hit."""
    if fault.get("skip", 0) > 0:
        fault["skip"] -= 1
        work.save(fault)
        return False
    if fault.get("probability", 1) >= 1:
        return True
    # No number of the account's counter: what strikes a webhook must not change the ids of what is made meanwhile.
    seed = f"{work.account.seed}:{fault['id']}" if fault.get("seed") is None else fault["seed"]
    drawn_from = f"{seed}:{fault.get('struck', 0)}"
    fault["struck"] = fault.get("struck", 0) + 1
    work.save(fault)
    return random.Random(drawn_from).random() < fault["probability"]  # noqa: S311 - the same under a seed


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
