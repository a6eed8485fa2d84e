"""What a control is given."""

import json
from dataclasses import dataclass
from typing import Any, cast

from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.scenarios.refusal import Refused
from stripe_sandbox.state.store import Account


@dataclass(frozen=True)
class Control:
    """One control call: whose, where, and with which JSON body."""

    sandbox: Sandbox
    account: Account
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]


def read_body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a call; an empty body is an empty object."""
    try:
        body: Any = json.loads(raw or b"{}")
    except ValueError:
        raise Refused("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return cast("dict[str, Any]", body)
