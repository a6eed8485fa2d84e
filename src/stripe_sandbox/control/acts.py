"""Controls that change something."""

from typing import Any, cast

from stripe_sandbox import faults
from stripe_sandbox.control.request import NOT_FOUND, Control, Refused
from stripe_sandbox.flows.checkout import MANUAL_CAPTURE_SETTING
from stripe_sandbox.flows.refunds import FAILED_REFUND_SETTING
from stripe_sandbox.resources.webhook_endpoints import new_secret
from stripe_sandbox.state import snapshots
from stripe_sandbox.state.store import Account
from stripe_sandbox.state.work import Doc, open_work, public
from stripe_sandbox.timers import run_due

SPEED_MAX = 1_000_000.0
OVERLAP_DEFAULT_S = 24 * 3600

SETTINGS = {MANUAL_CAPTURE_SETTING: ("paid", "unpaid"), FAILED_REFUND_SETTING: ("restored", "kept")}

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
SCENARIO_STEPS_MAX = 100
CLOSED_MAX_S = 600


def _number(control: Control, name: str, *, least: float, most: float = float("inf")) -> float | None:
    value = control.body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Refused(f"{name} must be a number from {least} to {most}.")
    return float(value)


def _account_again(control: Control) -> Account:
    account = control.sandbox.store.find_account(control.account.id)
    assert account is not None
    return account


def move_clock(control: Control) -> dict[str, Any]:
    """POST clock `{"advance_s": 60}`, `{"set": 1800000000}` or `{"speed".

    60}`; what becomes due on the way happens in order.
    """
    store = control.sandbox.store
    advance_s = _number(control, "advance_s", least=0)
    target = _number(control, "set", least=0)
    speed = _number(control, "speed", least=0, most=SPEED_MAX)
    if advance_s is None and target is None and speed is None:
        raise Refused("Send advance_s, set or speed.")
    now = control.account.time.at(store.clock.now())
    if advance_s is not None:
        target = now + advance_s
    if target is not None and target < now:
        raise Refused("Time cannot go back: objects already carry later times.")
    moved = store.move_time(control.account, target=target, speed=speed)
    run_due(store, _account_again(control))
    return {"now": moved.at(store.clock.now()), "speed": moved.speed}


def reset_requests(control: Control) -> dict[str, Any]:
    """DELETE requests: counts from zero again."""
    with open_work(control.sandbox.store, control.account) as work:
        work.tx.execute("DELETE FROM tally WHERE account = ?", (control.account.id,))
    return {"routes": {}}


def arm(control: Control) -> Doc:
    """POST faults: arms one (see `FaultWish`)."""
    wish = _wish(control.body)
    with open_work(control.sandbox.store, control.account) as work:
        return public(faults.arm_fault(work, wish))


def play_scenario(control: Control) -> dict[str, Any]:
    """POST scenarios `{"faults": [{...}, ...]}`: arms all of a script, or none if one of them is wrong."""
    steps = control.body.get("faults")
    if set(control.body) - {"faults", "name"} or not isinstance(steps, list):
        raise Refused("A scenario has faults, a list, and may have a name.")
    script = cast("list[Any]", steps)
    if len(script) > SCENARIO_STEPS_MAX or not all(isinstance(step, dict) for step in script):
        raise Refused(f"faults must be at most {SCENARIO_STEPS_MAX} objects.")
    wishes = [_wish(step) for step in script]
    with open_work(control.sandbox.store, control.account) as work:
        return {"faults": [public(faults.arm_fault(work, wish)) for wish in wishes]}


def _wish(body: dict[str, Any]) -> faults.FaultWish:
    """One fault as it was asked for; raises Refused for what no fault has."""
    unknown = sorted(set(body) - set(_FAULT_TYPES))
    if unknown:
        raise Refused(f"Unknown: {', '.join(unknown)}. A fault has: {', '.join(_FAULT_TYPES)}.")
    if body.get("kind") not in faults.KINDS:
        raise Refused(f"kind must be one of {', '.join(faults.KINDS)}.")
    for name, value in body.items():
        if not isinstance(value, _FAULT_TYPES[name]) or (isinstance(value, bool) and bool not in _FAULT_TYPES[name]):
            raise Refused(f"{name} cannot be {value!r}.")
    if not 0 <= body.get("probability", 1) <= 1:
        raise Refused("probability must be a number from 0 to 1.")
    if body.get("reason") not in (None, *faults.RATE_LIMIT_REASONS):
        raise Refused(f"reason must be one of {', '.join(faults.RATE_LIMIT_REASONS)}.")
    if "for_s" in body and (set(body) != {"kind", "for_s"} or body["kind"] != faults.REFUSE):
        raise Refused("for_s is for refuse alone, without anything else: nobody is let in, whatever is called.")
    if not 0 <= body.get("for_s", 0) <= CLOSED_MAX_S:
        raise Refused(f"for_s must be a number from 0 to {CLOSED_MAX_S}.")
    return faults.FaultWish(**body)


def clear(control: Control) -> dict[str, Any]:
    """DELETE faults: disarms all."""
    with open_work(control.sandbox.store, control.account) as work:
        return {"cleared": faults.clear_faults(work)}


def disarm(control: Control) -> dict[str, Any]:
    """DELETE faults/{id}: disarms one."""
    with open_work(control.sandbox.store, control.account) as work:
        fault = work.find(faults.KIND, control.path["id"])
        if fault is None:
            raise Refused("No such fault is armed.", NOT_FOUND)
        work.delete(fault)
    return {"cleared": 1}


def change_settings(control: Control) -> dict[str, Any]:
    """POST settings: what is not known about Stripe and therefore yours to choose."""
    if not control.body or any(value not in SETTINGS.get(name, ()) for name, value in control.body.items()):
        choices = "; ".join(f"{known} ({' or '.join(values)})" for known, values in SETTINGS.items())
        raise Refused(f"The settings are: {choices}.")
    return control.sandbox.store.change_settings(control.account, control.body)


def roll_secret(control: Control) -> dict[str, Any]:
    """POST webhook_endpoints/{id}/roll `{"overlap_s": 86400}`.

    A new secret, with the old ones signing as well for a while.
    """
    overlap_s = _number(control, "overlap_s", least=0, most=OVERLAP_DEFAULT_S)
    with open_work(control.sandbox.store, control.account) as work:
        endpoint = work.find("webhook_endpoint", control.path["id"])
        if endpoint is None:
            raise Refused("No such webhook endpoint in this account.", NOT_FOUND)
        until = work.now + int(OVERLAP_DEFAULT_S if overlap_s is None else overlap_s)
        old: list[dict[str, Any]] = [
            entry for entry in endpoint["_secrets"] if entry["until"] is None or entry["until"] > work.now
        ]
        for entry in old:
            entry["until"] = min(until, entry["until"] or until)
        secret = new_secret(work)
        endpoint["_secrets"] = [{"secret": secret, "until": None}, *old]
        work.save(endpoint)
    return {"id": endpoint["id"], "secret": secret}


def _snapshot_name(control: Control) -> str:
    name = control.body.get("name", "default")
    if not isinstance(name, str) or not name:
        raise Refused("name must be a text.")
    return name


def take_snapshot(control: Control) -> dict[str, Any]:
    """POST snapshot `{"name": "..."}`: keeps the account's whole state under a name."""
    name = _snapshot_name(control)
    snapshots.take(control.sandbox.store, control.account, name)
    return {"name": name}


def restore_snapshot(control: Control) -> dict[str, Any]:
    """POST restore `{"name": "..."}`: puts the account back to what it was, its time included."""
    name = _snapshot_name(control)
    if not snapshots.restore(control.sandbox.store, control.account, name):
        raise Refused("No such snapshot.", NOT_FOUND)
    return {"name": name}
