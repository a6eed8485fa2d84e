"""Reads scenarios as they are sent, and plays their steps when they come."""

from typing import Any, cast

from stripe_sandbox import faults
from stripe_sandbox.scenarios import steps
from stripe_sandbox.scenarios.acts import ACT_NAMES, play_act_around
from stripe_sandbox.scenarios.refusal import Refused
from stripe_sandbox.scenarios.stories import STORIES
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.errors import StripeError

STEPS_MAX = 100
CLOSED_MAX_S = 600
DEEDS = ("fault", "bank", "story", "clear_faults")

_NONE = type(None)
_FAULT_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "route": (str,),
    "event": (str,),
    "count": (int, _NONE),
    "ms": (int,),
    "delay_s": (int, float),
    "for_s": (int, float),
    "reason": (str, _NONE),
    "stored": (bool, _NONE),
    "should_retry": (bool, _NONE),
    "skip": (int,),
    "probability": (int, float),
    "seed": (int, _NONE),
}
_STEP_TYPES: dict[str, tuple[type, ...]] = {
    "at_event": (str,),
    "at_route": (str,),
    "after_s": (int, float),
    "skip": (int,),
    "count": (int, _NONE),
    "on": (str,),
    "with": (dict,),
    "fault": (dict,),
    "bank": (str,),
    "story": (str,),
    "clear_faults": (bool,),
}


def _check_types(body: dict[str, Any], types: dict[str, tuple[type, ...]], noun: str) -> None:
    unknown = sorted(set(body) - set(types))
    if unknown:
        raise Refused(f"Unknown: {', '.join(unknown)}. A {noun} has: {', '.join(types)}.")
    for name, value in body.items():
        if not isinstance(value, types[name]) or (isinstance(value, bool) and bool not in types[name]):
            raise Refused(f"{name} cannot be {value!r}.")
        if isinstance(value, int | float) and value < 0:
            raise Refused(f"{name} cannot be negative.")


def read_fault(body: dict[str, Any]) -> faults.FaultWish:
    """One fault as it was asked for; raises Refused for what no fault has."""
    if body.get("kind") not in faults.KINDS:
        raise Refused(f"kind must be one of {', '.join(faults.KINDS)}.")
    _check_types(body, _FAULT_TYPES, "fault")
    if body.get("probability", 1) > 1:
        raise Refused("probability must be a number from 0 to 1.")
    if body.get("reason") not in (None, *faults.RATE_LIMIT_REASONS):
        raise Refused(f"reason must be one of {', '.join(faults.RATE_LIMIT_REASONS)}.")
    if "for_s" in body and (set(body) != {"kind", "for_s"} or body["kind"] != faults.REFUSE):
        raise Refused("for_s is for refuse alone, without anything else: nobody is let in, whatever is called.")
    if body.get("for_s", 0) > CLOSED_MAX_S:
        raise Refused(f"for_s must be a number from 0 to {CLOSED_MAX_S}.")
    return faults.FaultWish(**body)


def read_step(body: dict[str, Any]) -> dict[str, Any]:
    """One step as it was asked for: when it comes, and the one thing that it does."""
    _check_types(body, _STEP_TYPES, "step")
    if sum(deed in body for deed in DEEDS) != 1:
        raise Refused(f"A step does one thing: {', '.join(DEEDS)}.")
    if "at_event" in body and "at_route" in body:
        raise Refused("A step waits for an event or for a call, not for both.")
    if "fault" in body:
        read_fault(body["fault"])
    if body.get("bank", next(iter(ACT_NAMES))) not in ACT_NAMES:
        raise Refused(f"bank must be one of {', '.join(sorted(ACT_NAMES))}.")
    if body.get("story", next(iter(STORIES))) not in STORIES:
        raise Refused(f"story must be one of {', '.join(STORIES)}.")
    if ("bank" in body or "story" in body) and not ("on" in body or "at_event" in body):
        raise Refused("Say on which object, by its id in on, or wait for an event of it.")
    return body


def play_scenario(work: Work, body: dict[str, Any]) -> dict[str, Any]:
    """Arms all of `{"faults": [...], "steps": [...], "seed": 7}`, or of one step alone; raises Refused for a wrong one.

    Steps that come at once are played; one that then cannot be done refuses the whole. Under a `seed` its faults strike
    the same calls whatever else happens.
    """
    if not {"faults", "steps"} & set(body):
        body = {"steps": [body]}
    if set(body) - {"name", "seed", "faults", "steps"} or not isinstance(body.get("seed", 0), int):
        raise Refused("A scenario has faults or steps, which are lists, and may have a name and a seed.")
    seed: int | None = body.get("seed")
    wanted = [read_fault(wish) for wish in _list(body, "faults")]
    following = [read_step(wish) for wish in _list(body, "steps")]
    steps.forget_old_steps(work)
    armed = [faults.arm_fault(work, faults.seeded(wish, seed, place)) for place, wish in enumerate(wanted)]
    waiting: list[Doc] = []
    for place, wish in enumerate(following):
        if seed is not None and "fault" in wish:
            wish["fault"] = vars(faults.seeded(read_fault(wish["fault"]), seed, len(wanted) + place))
        if set(wish) & {"at_event", "at_route"} or wish.get("after_s", 0):
            waiting.append(steps.arm_step(work, wish))
        else:
            _do(work, wish, wish.get("on"))
    return {"faults": armed, "steps": waiting}


def _list(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name, [])
    if not isinstance(found, list):
        raise Refused(f"{name} must be a list.")
    listed = cast("list[Any]", found)
    if len(listed) > STEPS_MAX or not all(isinstance(one, dict) for one in listed):
        raise Refused(f"{name} must be at most {STEPS_MAX} objects.")
    return listed


def play_step(work: Work, target: str) -> None:
    """The timer: a step's time has come; what it could not do stands in its outcomes, and nothing of it is kept."""
    step_id, _, object_id = target.partition(" ")
    step = work.find(steps.KIND, step_id)
    if step is None:
        return
    work.tx.execute("SAVEPOINT step")
    try:
        _do(work, step, object_id or None)
    except (Refused, StripeError) as error:
        work.tx.execute("ROLLBACK TO step")
        outcome = str(error)
    else:
        outcome = "done"
    work.tx.execute("RELEASE step")
    step["outcomes"] = [*step["outcomes"], outcome][-STEPS_MAX:]
    work.save(step)


def _do(work: Work, step: dict[str, Any], object_id: str | None) -> None:
    if step.get("clear_faults"):
        faults.clear_faults(work)
    elif step.get("fault") is not None:
        faults.arm_fault(work, faults.FaultWish(**step["fault"]))
    elif step.get("story") is not None:
        STORIES[step["story"]](work, object_id or "", step.get("with", {}))
    else:
        play_act_around(work, object_id or "", step["bank"], step.get("with", {}))
