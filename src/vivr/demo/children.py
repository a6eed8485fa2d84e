"""The demo's parts: how one process is started, watched, started again and stopped, and when it is given up.

A part that ends by itself comes back after a pause that grows. One that never lives for ``SETTLED_S`` is given up after
``RETRIES_MAX`` tries in a row; one that somebody kills from outside is not at fault, and always comes back.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import IO, Final, Protocol

from vivr.demo import tie
from vivr.demo.place import Place
from vivr.embedded_postgres import EmbeddedPostgres

SETTLED_S: Final = 3.0
RETRIES_MAX: Final = 5
_PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
_STOP_S: Final = 12
_LOG_BYTES_MAX: Final = 10_000_000
_TAIL_LINES: Final = 15


class Part(Protocol):
    """Something that the supervisor keeps running."""

    name: str

    def start(self) -> None:
        """Start it."""
        ...

    def exit_code(self) -> int | None:
        """None while it runs; otherwise how it ended, without waiting."""
        ...

    def last_words(self) -> str:
        """The last lines that it wrote since it was started."""
        ...


class Process:
    """One part of the demo that is a process of ours, with its own log file and pid file.

    Args:
        name: its name on the screen and in the folder.
        command: the program and its arguments.
        environment: its whole environment.
        place: the demo's folder; the process runs in it.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], place: Place) -> None:
        self.name: str = name
        self._command: list[str] = list(command)
        self._environment: dict[str, str] = dict(environment)
        self._place: Place = place
        self._log: Path = place.logs / f"{name}.log"
        self._log_start: int = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, tied to this one's life, and write its pid file."""
        tied = [sys.executable, "-I", "-S", str(Path(tie.__file__)), str(os.getpid()), *self._command]
        with self._open_log() as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                tied,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._place.data,
                start_new_session=True,  # Ctrl-C at the terminal is for the supervisor, which stops the parts in order
            )
        self._place.write_pid(self.name, self._process.pid)

    def exit_code(self) -> int | None:
        """See ``Part``; a process that was never started has ended well."""
        return self._process.poll() if self._process else 0

    def last_words(self) -> str:
        """See ``Part``."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def ask_to_stop(self) -> None:
        """Send SIGTERM, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Wait for the end, and end it by force if it takes too long; twice is once."""
        if self._process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._place.drop_pid(self.name)

    def _open_log(self) -> IO[bytes]:
        """Open the log for appending, 0600; a long one is set aside first."""
        with contextlib.suppress(FileNotFoundError):
            if self._log.stat().st_size > _LOG_BYTES_MAX:
                self._log.replace(self._log.with_suffix(".log.old"))
        opened = os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        opened.seek(0, os.SEEK_END)
        return opened


class DatabasePart:
    """The embedded PostgreSQL as one of the demo's parts."""

    def __init__(self, server: EmbeddedPostgres, place: Place) -> None:
        self.name: str = "postgres"
        self.server: EmbeddedPostgres = server
        self._place: Place = place

    def start(self) -> None:
        """Start the server, or start it again; a start after a crash waits for its recovery."""
        self.server.stop()
        self.server.start()
        self._place.write_pid(self.name, self.server.pid)

    def exit_code(self) -> int | None:
        """See ``Part``."""
        return self.server.exit_code

    def last_words(self) -> str:
        """See ``Part``."""
        return "\n".join(self.server.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])

    def stop(self) -> None:
        """Stop it cleanly."""
        self.server.stop()
        self._place.drop_pid(self.name)


class Verdict(Enum):
    """What is to be done about a part."""

    RUNS = auto()
    PAUSES = auto()
    START_AGAIN = auto()
    GIVE_UP = auto()


@dataclass(slots=True)
class Watch:
    """One part and its record; times are seconds of a monotonic clock.

    Attributes:
        part: what is watched.
        failures: how often in a row it ended by itself before it had settled.
        started_at: when it was started last.
        ended_at: when its end was noticed; None while it runs.
        exit_code: how it ended last.
    """

    part: Part
    failures: int = 0
    started_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None
    exit_code: int = 0

    def look(self, now: float) -> Verdict:
        """Look at the part and decide; the caller starts it again and says so with ``restarted``."""
        if self.ended_at is None:
            code = self.part.exit_code()
            if code is None:
                return Verdict.RUNS
            self.ended_at, self.exit_code = now, code
            if code == -signal.SIGKILL or now - self.started_at >= SETTLED_S:
                self.failures = 0
            else:
                self.failures += 1
        if self.failures > RETRIES_MAX:
            return Verdict.GIVE_UP
        pause_s = _PAUSES_S[min(self.failures, len(_PAUSES_S)) - 1] if self.failures else _PAUSES_S[0]
        return Verdict.START_AGAIN if now - self.ended_at >= pause_s else Verdict.PAUSES

    def restarted(self, now: float) -> None:
        """Note that the part was started again."""
        self.started_at, self.ended_at = now, None


def stop_in_order(parts: Sequence[Process]) -> None:
    """Ask all parts to stop at once, then wait for each in turn."""
    for part in parts:
        part.ask_to_stop()
    for part in parts:
        part.stop()
