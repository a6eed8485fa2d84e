"""What the buttons and forms of the sandbox's own page do: the controls' own acts, and a sentence about it."""

from collections.abc import Callable, Mapping
from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.control import acts, bank
from stripe_sandbox.control.request import Control, read_body
from stripe_sandbox.flows.checkout import expire_session
from stripe_sandbox.resources.events_api import retry_event
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.scenarios.refusal import CONFLICT, NOT_FOUND, Refused
from stripe_sandbox.state.store import Account
from stripe_sandbox.state.work import open_work
from stripe_sandbox.versions import DEFAULT_VERSION

_NUMBERS = ("advance_s", "speed", "count", "ms", "delay_s", "skip", "probability", "seed")
_KEPT = ("kind", "route", "event", "reason", "story", "on", *_NUMBERS)

Press = Callable[[Control], str]


def press(sandbox: Sandbox, account: Account, fields: Mapping[str, str]) -> str:
    """Does what `do` names; gives the sentence. Raises Refused or StripeError."""
    name, _, rest = fields.get("do", "").partition("/")
    found = _PRESSES.get(name)
    if found is None:
        raise Refused("No such button.", NOT_FOUND)
    control = Control(sandbox, account, {"rest": rest}, {}, _body(fields))
    return found(control)


def _body(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form as a control takes them; an empty one was not filled in."""
    body: dict[str, Any] = {name: fields[name].strip() for name in _KEPT if fields.get(name, "").strip()}
    for name in _NUMBERS:
        if name in body:
            body[name] = _number(name, body[name])
    if "script" in fields:
        body["script"] = fields["script"]
    return body


def _number(name: str, text: str) -> float | int | None:
    if text == "all":
        return None
    try:
        value = float(text)
    except ValueError:
        raise Refused(f"{name} must be a number.") from None
    return int(value) if value.is_integer() else value


def _at(control: Control, **path: str) -> Control:
    return Control(control.sandbox, control.account, path, {}, control.body)


def _bank(control: Control) -> str:
    object_id, _, act = control.path["rest"].partition("/")
    bank.play_bank(_at(control, id=object_id, act=act))
    return f"Done: {act} {object_id}."


def _expire(control: Control) -> str:
    with open_work(control.sandbox.store, control.account) as work:
        session = work.find("checkout.session", control.path["rest"])
        if session is None or session["status"] != "open":
            raise Refused("The session is not open any more.", CONFLICT)
        expire_session(work, session)
    return "The session has expired."


def _pay_out(control: Control) -> str:
    made = bank.pay_out(control)["payouts"]
    return f"{len(made)} payouts are on their way." if made else "Nothing is available yet: card payments take a while."


def _resend(control: Control) -> str:
    event, _, endpoint = control.path["rest"].partition("/")
    with open_work(control.sandbox.store, control.account) as work:
        retry_event(Call(work, {"webhook_endpoint": endpoint}, {"id": event}, "", DEFAULT_VERSION))
    return f"{event} is sent again."


def _clock(control: Control) -> str:
    moved = acts.move_clock(control)
    return "The clock stands still." if not moved["speed"] else "The clock was moved."


def _arm(control: Control) -> str:
    return f"{acts.arm(control)['kind']} is armed."


def _clear(control: Control) -> str:
    if control.path["rest"]:
        acts.disarm(_at(control, id=control.path["rest"]))
        return "The fault is cleared."
    return f"{acts.clear(control)['cleared']} faults are cleared."


def _play(control: Control) -> str:
    body = dict(control.body)
    if "script" in body:
        body = read_body(body["script"].encode())
    played = acts.play(Control(control.sandbox, control.account, {}, {}, body))
    waiting = len(played["faults"]) + len(played["steps"])
    return f"Done; {waiting} faults and steps wait." if waiting else "Done."


def _forget(control: Control) -> str:
    return f"{acts.forget_scenarios(control)['cleared']} steps are forgotten."


_PRESSES: dict[str, Press] = {
    "bank": _bank,
    "expire": _expire,
    "payouts": _pay_out,
    "resend": _resend,
    "clock": _clock,
    "arm": _arm,
    "faults": _clear,
    "scenarios": _play,
    "forget": _forget,
}
