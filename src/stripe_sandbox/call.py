"""What a route's function is given: the unit of work, the clean parameters and how the API was reached."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stripe_sandbox.state.work import Doc, Work


@dataclass(frozen=True)
class Call:
    """One API call that passed authentication and validation."""

    work: Work
    params: dict[str, Any]
    path: dict[str, str]
    base_url: str
    version: str


Handler = Callable[[Call], Doc]


def part(params: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested parameter object; empty when it was not sent, or sent empty."""
    value: dict[str, Any] | None = params.get(name)
    return value or {}
