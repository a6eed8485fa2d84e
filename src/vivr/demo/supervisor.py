"""`vivr demo run`: starts every part in order, tells when the shop is ready, watches, and stops all in order.

The database is a direct child of this process, and so are the others; they are stopped before it. Ctrl-C, SIGTERM and
a closed terminal all mean a clean stop. A part that dies is started again and that is said; see ``children``.
"""

import contextlib
import signal
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from vivr.cli.language import say
from vivr.demo.children import DatabasePart, Part, Process, Verdict, Watch, stop_in_order
from vivr.demo.place import (
    AlreadyRunningError,
    Place,
    Ports,
    PortUnreadableError,
    demo_environment,
    read_ports,
)
from vivr.demo.probes import answers, free_port, is_free
from vivr.demo.screen import Ready, Screen
from vivr.demo.terminal import own_foreground
from vivr.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from vivr.settings import Settings, read_settings, settings_reference
from vivr.webhooks.model import DOOR

_READY_S: Final = 60
_LIVES_S: Final = 1.0
_WATCH_S: Final = 0.1
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEMO_NAMES: Final = ("SANDBOX_PORT", "MAILBOX_PORT", "DEMO_STAFF_EMAIL", "DEMO_STAFF_PASSWORD", "DATABASE_URL")


class DemoFailedError(Exception):
    """The demo can't start or go on; the message is for the person, ``last_words`` are the part's own."""

    def __init__(self, text: str, last_words: str = "") -> None:
        super().__init__(text)
        self.last_words = last_words


class Demo:
    """One run of the demo on a place that this process holds.

    Args:
        place: the folder, claimed.
        ports: where the demo listens.
        caller: the environment that it was started with.
        screen: tells the person.
        commands: the parts' commands by name, to replace them in tests.
    """

    def __init__(
        self,
        place: Place,
        ports: Ports,
        caller: Mapping[str, str],
        screen: Screen,
        commands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._place: Place = place
        self._ports: Ports = ports
        self._screen: Screen = screen
        self._smtp_port: int = free_port()
        self._environment: dict[str, str] = demo_environment(
            place.kept_settings(), ports, self._smtp_port, place.data, caller
        )
        self._commands: dict[str, Sequence[str]] = self._own_commands() | dict(commands or {})
        self._processes: list[Process] = []
        self._database: DatabasePart | None = None

    def start(self) -> Ready:
        """Start everything and wait until the shop answers.

        Raises:
            SettingsError: the caller's variables don't fit.
            DemoFailedError: a port is busy or a part ended.
            EmbeddedPostgresError: the database can't start.
        """
        started = time.monotonic()
        settings = read_settings(self._environment)
        self._refuse_busy_ports()
        self._screen.step(say("Starting the local Stripe and the mailbox"))
        for name in ("sandbox", "mailbox"):
            if name in self._commands:
                self._spawn(name)
        notes = [say("Rate limits are a hundred times the usual ones."), *self._start_database(settings)]
        settings = read_settings(self._environment)
        notes += self._prepare(settings)
        self._screen.step(say("Starting the shop"))
        for name in ("web", "worker"):
            self._spawn(name)
        self._place.publish_settings(self._published())
        self._wait_until_ready()
        staff = (self._environment["DEMO_STAFF_EMAIL"], self._environment["DEMO_STAFF_PASSWORD"])
        return Ready(
            ports=self._ports,
            has_sandbox="sandbox" in self._commands,
            has_mailbox="mailbox" in self._commands,
            staff=staff,
            data=_shorten(self._place.data),
            seconds=time.monotonic() - started,
            notes=notes,
        )

    def watch(self) -> None:
        """Keep every part running until a signal ends this, or a part is given up.

        Raises:
            DemoFailedError: a part is given up.
        """
        parts: list[Part] = [*self._processes]
        if self._database is not None:
            parts.insert(0, self._database)
        watches = [Watch(part) for part in parts]
        while True:
            for watch in watches:
                self._look_after(watch)
            time.sleep(_WATCH_S)

    def stop(self) -> None:
        """Stop the parts, then the database."""
        self._screen.step(say("Stopping"))
        stop_in_order(self._processes)
        if self._database is not None:
            self._database.stop()
        self._screen.end_steps()

    def _own_commands(self) -> dict[str, Sequence[str]]:
        python = [sys.executable, "-P", "-m"]
        commands: dict[str, Sequence[str]] = {
            "web": [*python, "vivr.cli.main", "web"],
            "worker": [*python, "vivr.cli.main", "worker"],
        }
        if self._environment["STRIPE_API_BASE"] == self._ports.sandbox_url:
            options = ["--port", str(self._ports.sandbox), "--data", str(self._place.sandbox)]
            commands["sandbox"] = [*python, "stripe_sandbox", *options]
        if self._environment["SMTP_URL"] == f"smtp://127.0.0.1:{self._smtp_port}":
            options = ["--port", str(self._ports.mailbox), "--smtp-port", str(self._smtp_port)]
            commands["mailbox"] = [*python, "vivr.demo.mailbox", *options, "--folder", str(self._place.mail)]
        return commands

    def _refuse_busy_ports(self) -> None:
        wanted = [(say("the shop"), "VIVR_PORT", self._ports.shop)]
        if "sandbox" in self._commands:
            wanted.append((say("the local Stripe"), "SANDBOX_PORT", self._ports.sandbox))
        if "mailbox" in self._commands:
            wanted.append((say("the mailbox"), "MAILBOX_PORT", self._ports.mailbox))
        busy = [
            say(
                "Port {port} is busy, so {part} can't start: choose another one with {name}=...",
                port=port,
                part=part,
                name=name,
            )
            for part, name, port in wanted
            if not is_free(port)
        ]
        if busy:
            raise DemoFailedError("\n".join(busy))

    def _spawn(self, name: str) -> None:
        environment = self._environment
        if name == "sandbox":
            # Not as an option: the arguments of a process can be read by everybody on the machine.
            webhook = f"{self._ports.shop_url}{DOOR}={environment['STRIPE_WEBHOOK_SECRET']}"
            environment = {**environment, "SANDBOX_WEBHOOKS": webhook}
        process = Process(name, self._commands[name], environment, self._place)
        process.start()
        self._processes.append(process)

    def _start_database(self, settings: Settings) -> list[str]:
        if settings.database_url is not None:
            return [say("The database is the one that DATABASE_URL names.")]
        self._screen.step(say("Starting PostgreSQL"))
        self._database = DatabasePart(EmbeddedPostgres(self._place.data), self._place)
        self._database.start()
        self._environment["DATABASE_URL"] = self._database.server.url
        notice = self._database.server.notice
        return [notice] if notice else []

    def _prepare(self, settings: Settings) -> list[str]:
        """Bring the database up to date; what only a first start needs is imported only then."""
        from vivr.demo.first_run import prepare_shop  # noqa: PLC0415 - the parts start while this is imported

        staff = (self._environment["DEMO_STAFF_EMAIL"], self._environment["DEMO_STAFF_PASSWORD"])
        return prepare_shop(settings, staff, self._screen.step)

    def _published(self) -> dict[str, str]:
        names = {*_DEMO_NAMES, *(reference.name for reference in settings_reference())}
        return {name: value for name, value in self._environment.items() if name in names}

    def _wait_until_ready(self) -> None:
        waiting = {"web": (self._ports.shop, "/healthz")}
        if "sandbox" in self._commands:
            waiting["sandbox"] = (self._ports.sandbox, "/_sandbox/health")
        if "mailbox" in self._commands:
            waiting["mailbox"] = (self._ports.mailbox, "/healthz")
        started = time.monotonic()
        deadline = started + _READY_S
        # The worker has no door to knock at: it counts as started once it has lived for a moment.
        while waiting or time.monotonic() - started < _LIVES_S:
            for process in self._processes:
                _refuse_dead(process)
            waiting = {name: probe for name, probe in waiting.items() if not answers(*probe)}
            if waiting and time.monotonic() > deadline:
                late = next(process for process in self._processes if process.name in waiting)
                text = say("{part} did not answer within {seconds} s.", part=late.name, seconds=_READY_S)
                raise DemoFailedError(text, late.last_words())
            time.sleep(_WATCH_S / 2)

    def _look_after(self, watch: Watch) -> None:
        now = time.monotonic()
        had_ended = watch.ended_at is not None
        verdict = watch.look(now)
        if verdict is Verdict.RUNS:
            return
        name = watch.part.name
        if verdict is Verdict.GIVE_UP:
            text = say("{part} keeps ending at once and is given up.", part=name)
            raise DemoFailedError(text, watch.part.last_words())
        if not had_ended:
            ending = _describe_end(watch.exit_code)
            self._screen.note(say("{part} ended ({ending}); starting it again.", part=name, ending=ending))
        if verdict is Verdict.START_AGAIN:
            watch.part.start()
            watch.restarted(time.monotonic())


def run_demo(
    environment: Mapping[str, str], screen: Screen, commands: Mapping[str, Sequence[str]] | None = None
) -> int:
    """Run the demo until it is stopped; its exit code: 0 stopped by a signal, 1 could not start or go on.

    Raises:
        SettingsError: the caller's variables don't fit.
    """
    place = Place(Path(environment.get("VIVR_DATA", "").strip() or ".vivr"))
    try:
        ports = read_ports(environment)
        place.claim()
    except PortUnreadableError as error:
        screen.fail(say("{name} holds no port: write a number from 1 to 65535.", name=error))
        return 1
    except AlreadyRunningError as error:
        screen.fail(say("The demo already runs on {data} (process {pid}).", data=place.data, pid=error.pid))
        return 1
    except OSError as error:
        screen.fail(say("{data} can't be written: {reason}.", data=place.data, reason=error.strerror))
        return 1
    try:
        with own_foreground(), _stop_by_signal():
            return _run(Demo(place, ports, environment, screen, commands), screen)
    finally:
        place.release()


def _run(demo: Demo, screen: Screen) -> int:
    try:
        screen.show_ready(demo.start())
        demo.watch()
    except KeyboardInterrupt:
        return 0
    except DemoFailedError as error:
        screen.fail(str(error), error.last_words)
    except EmbeddedPostgresError as error:
        screen.fail(str(error))
    finally:
        _ignore_signals()
        demo.stop()
    return 1


@contextlib.contextmanager
def _stop_by_signal() -> Generator[None]:
    """Turn every signal that means stop into one KeyboardInterrupt."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _ignore_signals()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """One signal stops the demo; more of them must not interrupt the stop."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _refuse_dead(process: Process) -> None:
    code = process.exit_code()
    if code is not None:
        text = say("{part} ended while starting ({ending}).", part=process.name, ending=_describe_end(code))
        raise DemoFailedError(text, process.last_words())


def _describe_end(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else say("exit code {code}", code=code)


def _shorten(path: Path) -> str:
    """A path as the person would write it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
