"""How this sandbox process behaves; the command line fills it."""

import os
from dataclasses import dataclass, field

from stripe_sandbox.state.expiry import Limits

# Stripe tries for up to three days; the first tries are near, so that a shop that was away for a moment is served soon.
RETRY_DELAYS_S = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 12 * 3600.0, 24 * 3600.0)


RECORD_VARIABLE = "SANDBOX_RECORD"


def _named_record() -> str | None:
    return os.environ.get(RECORD_VARIABLE) or None


@dataclass(frozen=True)
class Options:
    """`webhooks` are (URL, secret) pairs kept installed in every account; `record` is explained in `record.py`."""

    webhooks: tuple[tuple[str, str], ...] = ()
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    ack_wait_s: float = 10.0
    delivery_timeout_s: float = 20.0
    deliver_anywhere: bool = False
    record: str | None = field(default_factory=_named_record)
    limits: Limits = field(default_factory=Limits)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
