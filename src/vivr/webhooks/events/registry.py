"""Find the event files: one module per event, named after it with underscores for dots."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.read_target import Read, Target
from vivr.refunds.read_target import RefundsRead, RefundTarget
from vivr.webhooks.model import Handled, InboxEvent

_NOT_EVENTS: Final = {"registry", "payment_events", "refund_events"}

Apply = Callable[[Tx, Clock, Caller, InboxEvent, Read | RefundsRead], Awaitable[Handled]]


class RegistryError(RuntimeError):
    """An event file is misnamed, incomplete, or stands for an event that another one has."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What one event file declares."""

    event: str
    target: Callable[[InboxEvent], Target | RefundTarget]
    apply: Apply


def find_handlers(package: str) -> Mapping[str, Handler]:
    """All handlers of a package, by event.

    Raises:
        RegistryError: see the class.
    """
    found: dict[str, Handler] = {}
    folder = importlib.import_module(package)
    for module_info in pkgutil.iter_modules(folder.__path__):
        if module_info.name in _NOT_EVENTS:
            continue
        module = importlib.import_module(f"{package}.{module_info.name}")
        missing = {"EVENT", "target", "apply"} - set(vars(module))
        if missing:
            raise RegistryError(f"{module.__name__} lacks {', '.join(sorted(missing))}")
        event = cast("str", module.EVENT)
        if event.replace(".", "_") != module_info.name:
            raise RegistryError(f"{module.__name__} stands for {event}: name it {event.replace('.', '_')}")
        if event in found:
            raise RegistryError(f"{event} has two files")
        found[event] = Handler(event, module.target, module.apply)
    return MappingProxyType(found)


HANDLERS: Final = find_handlers("vivr.webhooks.events")
SUBSCRIBED: Final = tuple(sorted(HANDLERS))
"""The events that our webhook endpoint asks Stripe for."""
