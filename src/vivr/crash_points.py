"""Named points at which a crash drill may kill this process: before and after each transaction and each Stripe call.

In a running shop they do nothing. A drill starts the process through its own launcher, which arms one point.
"""

from collections.abc import Callable
from typing import Final

POINTS: Final = (
    "order.before_place",
    "order.after_place",
    "customer.before_reserve",
    "customer.after_reserve",
    "customer.after_call",
    "customer.after_record",
    "checkout.before_reserve",
    "checkout.after_reserve",
    "checkout.after_call",
    "checkout.after_record",
    "intent.before_reserve",
    "intent.after_reserve",
    "intent.after_call",
    "intent.after_record",
    "webhook.before_insert",
    "webhook.after_insert",
    "inbox.after_claim",
    "inbox.before_fetch",
    "inbox.after_fetch",
    "inbox.in_apply",
    "inbox.after_apply",
    "settle.before_read",
    "settle.after_read",
    "settle.in_apply",
    "settle.after_apply",
    "close.before_reserve",
    "close.after_reserve",
    "close.after_call",
    "close.after_record",
    "close.after_cancel",
    "capture.before_reserve",
    "end.after_reserve",
    "end.after_call",
    "end.after_record",
    "capture.after_settle",
    "release.before_reserve",
    "release.after_settle",
    "refund.before_reserve",
    "refund.after_reserve",
    "refund.after_call",
    "refund.in_apply",
    "refund.after_record",
    "exception.before_reserve",
    "exception.after_reserve",
    "exception.after_call",
    "exception.after_record",
    "exception.before_accept",
    "exception.in_accept",
    "exception.after_accept",
)
"""All points, in the order of a purchase, its end, and its refund."""

_reached: Callable[[str], None] | None = None


def crash_point(name: str) -> None:
    """Say that a point is reached; nothing happens unless a drill is listening."""
    if _reached is not None:
        _reached(name)


def listen(reached: Callable[[str], None] | None) -> None:
    """Let a drill hear of every point that is reached (None: stop listening)."""
    global _reached  # noqa: PLW0603 - the one switch of this module, thrown by drills before anything runs
    _reached = reached
