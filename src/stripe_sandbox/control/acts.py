"""Controls that change something."""

from typing import Any

from stripe_sandbox import faults
from stripe_sandbox.control.request import Control
from stripe_sandbox.flows.checkout import MANUAL_CAPTURE_SETTING
from stripe_sandbox.flows.exchange import SETTLEMENT_SETTING
from stripe_sandbox.flows.refunds import FAILED_REFUND_SETTING
from stripe_sandbox.permissions import LEVELS, RESOURCES, new_key
from stripe_sandbox.resources.webhook_endpoints import new_secret
from stripe_sandbox.scenarios import steps
from stripe_sandbox.scenarios.playing import play_scenario, read_fault
from stripe_sandbox.scenarios.refusal import CONFLICT, NOT_FOUND, Refused
from stripe_sandbox.state import snapshots
from stripe_sandbox.state.store import Account
from stripe_sandbox.state.work import Doc, open_work, public
from stripe_sandbox.timers import run_due

SPEED_MAX = 1_000_000.0
OVERLAP_DEFAULT_S = 24 * 3600

SETTINGS = {
    MANUAL_CAPTURE_SETTING: ("paid", "unpaid"),
    FAILED_REFUND_SETTING: ("restored", "kept"),
    SETTLEMENT_SETTING: ("charge", "account"),
}


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
    wish = read_fault(control.body)
    with open_work(control.sandbox.store, control.account) as work:
        return public(faults.arm_fault(work, wish))


def play(control: Control) -> dict[str, Any]:
    """POST scenarios: arms a script of faults and steps and plays what comes at once, or nothing if any is wrong."""
    with open_work(control.sandbox.store, control.account) as work:
        played = play_scenario(work, control.body)
        return {name: [public(doc) for doc in docs] for name, docs in played.items()}


def forget_scenarios(control: Control) -> dict[str, Any]:
    """DELETE scenarios: forgets the steps; faults that were armed stay."""
    with open_work(control.sandbox.store, control.account) as work:
        return {"cleared": steps.forget_steps(work)}


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


def make_key(control: Control) -> dict[str, Any]:
    """POST restricted_keys `{"charge": "write", "event": "read"}`: a key of this account that may do these things."""
    wrong = [name for name, level in control.body.items() if name not in RESOURCES or level not in LEVELS]
    if wrong:
        raise Refused(f"{', '.join(wrong)}: a resource ({', '.join(RESOURCES)}) may have {', '.join(LEVELS)}.")
    with open_work(control.sandbox.store, control.account) as work:
        return {"key": new_key(work, control.body)["id"]}


def _snapshot_name(control: Control) -> str:
    name = control.body.get("name", "default")
    if not isinstance(name, str) or not name:
        raise Refused("name must be a text.")
    return name


def take_snapshot(control: Control) -> dict[str, Any]:
    """POST snapshot `{"name": "..."}`: keeps the account's whole state under a name."""
    name = _snapshot_name(control)
    most = control.sandbox.options.limits.snapshots
    if not snapshots.take(control.sandbox.store, control.account, name, most):
        raise Refused(f"An account keeps at most {most} snapshots; take one of their names again.", CONFLICT)
    return {"name": name}


def restore_snapshot(control: Control) -> dict[str, Any]:
    """POST restore `{"name": "..."}`: puts the account back to what it was, its time included."""
    name = _snapshot_name(control)
    if not snapshots.restore(control.sandbox.store, control.account, name):
        raise Refused("No such snapshot.", NOT_FOUND)
    return {"name": name}


def forget_account(control: Control) -> dict[str, Any]:
    """DELETE account: forgets all of it; the next call with its key begins anew, with the same ids."""
    snapshots.forget(control.sandbox.store, control.account)
    control.sandbox.gate.leave(control.account)
    control.sandbox.api.forget(control.account)
    return {"forgotten": control.account.id}
