"""Starts web and worker processes of a shop quickly: one process has imported the shop and forks for each of them.

Most of what a start costs is importing. Everything else is as in a process of its own: environment, output, signals,
exit status; ``kill -9`` takes nothing else along.

    python -m crash.nursery        (in the folder of the tests; reads wishes, a line of JSON each, from its input)
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

TESTS: Final = Path(__file__).parent.parent
_POLL_S: Final = 0.02


@dataclass
class Child:
    """One forked process, seen as ``subprocess.Popen`` shows its own."""

    nursery: "Nursery"
    pid: int
    _status: int | None = None

    def poll(self) -> int | None:
        """None while it runs, then its exit code, negative for a signal."""
        if self._status is None:
            self._status = self.nursery.ask({"poll": self.pid})
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(_POLL_S)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs; until it was polled as ended its number belongs to nobody else."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


@dataclass
class Nursery:
    """The process that forks, from the side of the tests."""

    process: subprocess.Popen[bytes]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start ``launch.py`` with these arguments and this whole environment; its output is added to the log."""
        wish = {"arguments": [*arguments], "environment": {**environment}, "log": str(log), "folder": str(Path.cwd())}
        return Child(self, self.ask(wish))

    def ask(self, wish: Mapping[str, Any]) -> Any:
        """One wish, one answer."""
        asked, answered = self.process.stdin, self.process.stdout
        assert asked is not None
        assert answered is not None
        with self._lock:
            asked.write(json.dumps(wish).encode() + b"\n")
            asked.flush()
            return json.loads(answered.readline())

    def close(self) -> None:
        """Let it end; what it started is ended by those who asked for it."""
        self.process.communicate(timeout=20)


@cache
def the_nursery() -> Nursery:
    """One for each test process, begun when it is first needed."""
    made = Nursery(
        subprocess.Popen(
            [sys.executable, "-m", "crash.nursery"], cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    atexit.register(made.close)
    return made


def _wait_for_wish() -> dict[str, Any] | None:
    """Fork for every wish: the wish in the child, None in the parent once nobody can ask any more."""
    for line in sys.stdin.buffer:
        wish = json.loads(line)
        if "poll" in wish:
            ended, status = os.waitpid(wish["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        else:
            answer = os.fork()
            if answer == 0:
                return wish
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return None


def _become(wish: Mapping[str, Any]) -> None:
    """Take on the environment, the output and the arguments of a process of its own."""
    os.environ.clear()
    os.environ.update(wish["environment"])
    os.chdir(wish["folder"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for opened, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(opened, number)
    sys.argv = ["launch.py", *wish["arguments"]]


def main() -> None:
    """Import everything, then fork until the input ends."""
    from crash import launch  # noqa: PLC0415 - the tests' side must not pay for it

    assert threading.active_count() == 1, "a fork takes no threads along"
    gc.freeze()
    wish = _wait_for_wish()
    if wish is not None:
        _become(wish)
        launch.main()


if __name__ == "__main__":
    main()
