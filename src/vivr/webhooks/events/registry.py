"""Find the event files: one module per event, named after it with underscores for dots."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast, get_type_hints

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.webhooks.model import Handled, InboxEvent
from vivr.webhooks.target import Target

_SHARED: Final = ("registry", "_events")
"""The ends of the names of files that stand for no event of their own."""

Apply = Callable[[Tx, Clock, Caller, InboxEvent, Any], Awaitable[Handled]]
"""Takes what its target's read brought."""


class RegistryError(RuntimeError):
    """An event file is misnamed, incomplete, or in the way of another one.

    Events that ask for the same kind of target are served by one read, so they must mean the same.
    """


@dataclass(frozen=True, slots=True)
class Handler:
    """What one event file declares."""

    event: str
    target: Callable[[InboxEvent], Target]
    apply: Apply


def find_handlers(package: str) -> Mapping[str, Handler]:
    """All handlers of a package, by event.

    Raises:
        RegistryError: see the class.
    """
    found: dict[str, Handler] = {}
    meanings: dict[object, Apply] = {}
    folder = importlib.import_module(package)
    for module_info in pkgutil.iter_modules(folder.__path__):
        if module_info.name.endswith(_SHARED):
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
        asked = get_type_hints(module.target).get("return")
        if meanings.setdefault(asked, module.apply) is not module.apply:
            raise RegistryError(f"{module.__name__} gives {asked} another meaning: give it a target of its own")
        found[event] = Handler(event, module.target, module.apply)
    return MappingProxyType(found)


HANDLERS: Final = find_handlers("vivr.webhooks.events")
SUBSCRIBED: Final = tuple(sorted(HANDLERS))
"""The events that our webhook endpoint asks Stripe for."""
