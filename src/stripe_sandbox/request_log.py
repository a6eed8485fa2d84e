"""The newest calls of each account, in memory: for the page and for people who look for what their program sent."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice

CALLS_MAX = 200
ACCOUNTS_MAX = 200


@dataclass(frozen=True)
class LoggedCall:
    """One call. `at` is the account's time, `status` 0 when no whole answer was sent; bodies are not kept."""

    at: float
    method: str
    path: str
    status: int
    duration_ms: float
    request: str | None
    idempotency_key: str | None
    replayed: bool
    faults: tuple[str, ...]


class RequestLog:
    """Rings of calls; the account that was heard of longest ago is forgotten first."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, deque[LoggedCall]] = OrderedDict()

    def add(self, account_id: str, call: LoggedCall) -> None:
        """Remembers a call."""
        self._calls.setdefault(account_id, deque(maxlen=CALLS_MAX)).append(call)
        self._calls.move_to_end(account_id)
        if len(self._calls) > ACCOUNTS_MAX:
            self._calls.popitem(last=False)

    def newest(self, account_id: str, limit: int = CALLS_MAX) -> list[LoggedCall]:
        """An account's calls, the newest first."""
        return list(islice(reversed(self._calls.get(account_id, ())), limit))

    def forget(self, account_id: str) -> None:
        """Forgets an account's calls."""
        self._calls.pop(account_id, None)
