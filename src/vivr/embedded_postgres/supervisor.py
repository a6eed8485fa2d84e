"""Starts, watches and stops one embedded server, as its direct parent.

Direct, because a server that is no one's child can become a zombie that still holds its pid, and because the parent
alone learns at once that it ended. A start waits as long as the server lives: recovery after a crash has no fixed time.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg

from vivr.embedded_postgres import cluster as files
from vivr.embedded_postgres.binaries import find_binaries
from vivr.embedded_postgres.failures import AlreadySupervisedError, EmbeddedPostgresError
from vivr.embedded_postgres.footing import SYSTEM_STATE, Footing, choose_footing

DATABASE: Final = "vivr"
_POLL_S: Final = 0.01
_STOP_S: Final = 60
_QUIT_S: Final = 10
_LINGERING_TRIES: Final = 100
_LINGERING_PAUSE_S: Final = 0.1

# Statements and details may hold names and e-mail addresses, so errors are logged without either.
_OPTIONS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_DISPOSABLE_OPTIONS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "256MB",
}


class EmbeddedPostgres:
    """One PostgreSQL cluster under ``data/postgres``, reached by a Unix socket that only its owner can open.

    A second start keeps the data. Start it from a thread that lives as long as the server should: on Linux the server
    stops cleanly when that thread's process dies, even by ``kill -9``.

    Args:
        data: the folder of all local data; made if missing.
        disposable: for tests: nothing is forced to disk and the private socket needs no password.
        use_namespace: whether root may use a user namespace; False only to test the way without.
        system_state: where root keeps the data if it has no user namespace.

    Raises (``start``):
        AlreadySupervisedError: another process holds this cluster.
        EmbeddedPostgresError: no programs, or the server ended by itself; with the last lines of its log.
    """

    def __init__(
        self,
        data: Path,
        *,
        disposable: bool = False,
        use_namespace: bool = True,
        system_state: Path = SYSTEM_STATE,
    ) -> None:
        self._folder: Path = data.expanduser().resolve() / "postgres"
        self._disposable: bool = disposable
        self._use_namespace: bool = use_namespace
        self._system_state: Path = system_state
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._footing: Footing | None = None
        self._socket_folder: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address for psycopg, with the password; only once started."""
        return self._url(database="postgres" if self._disposable else DATABASE)

    @property
    def pid(self) -> int:
        """The server's process id; only once started."""
        return self._running().pid

    @property
    def exit_code(self) -> int | None:
        """None while the server runs; otherwise how it ended, without waiting."""
        return self._running().poll()

    @property
    def notice(self) -> str | None:
        """What the person at the screen should know about where the server runs; None if nothing is unusual."""
        return self._footing.notice if self._footing else None

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._folder / "server.log"

    def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it takes connections."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _take_lock(self._folder)
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{error.filename} belongs to another user: remove it, or run as its owner"
            ) from error
        try:
            self._url_file.unlink(missing_ok=True)
            self._footing = choose_footing(
                self._folder, find_binaries(), use_namespace=self._use_namespace, state=self._system_state
            )
            self._make_cluster_once()
            self._socket_folder = files.socket_folder(self._footing)
            self._start_server()
            if not self._disposable:
                self._make_database_once()
            self._publish_url()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server fast and cleanly, harder if it doesn't obey, and let go of the cluster; twice is once."""
        if self._process is not None:
            _stop(self._process)
            self._process = None
        if self._lock is not None:
            self._url_file.unlink(missing_ok=True)
            if self._socket_folder is not None and self._footing and self._socket_folder != self._footing.folder:
                with contextlib.suppress(OSError):
                    self._socket_folder.rmdir()
            os.close(self._lock)
            self._lock = None

    def _make_cluster_once(self) -> None:
        assert self._footing is not None
        if (self._footing.folder / "cluster").exists():
            return
        if not self._disposable:
            files.make_password(self._password_file)
        files.make_cluster(self._footing, None if self._disposable else self._password_file, self.log)

    def _start_server(self) -> None:
        """Start the server; while the last backends of a crashed one linger, start it again."""
        for _ in range(_LINGERING_TRIES):
            log_start = self.log.stat().st_size if self.log.exists() else 0
            self._process = self._spawn(_stale_pid(self._cluster))
            if self._wait_until_ready():
                return
            said = self.log.read_bytes()[log_start:]
            self._process = None
            if b"pre-existing shared memory block" not in said:
                break
            time.sleep(_LINGERING_PAUSE_S)
        made_by = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        raise EmbeddedPostgresError(
            f"PostgreSQL ended while starting (its data was made by PostgreSQL {made_by}):\n{files.log_tail(self.log)}"
        )

    def _spawn(self, stale_pid: int | None) -> subprocess.Popen[bytes]:
        assert self._footing is not None
        assert self._socket_folder is not None
        for name in (files.SOCKET_NAME, f"{files.SOCKET_NAME}.lock"):
            (self._socket_folder / name).unlink(missing_ok=True)
        options = _OPTIONS | (_DISPOSABLE_OPTIONS if self._disposable else {})
        options["unix_socket_directories"] = str(self._socket_folder)
        arguments = [str(self._footing.binaries / "postgres"), "-D", str(self._cluster)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        # PostgreSQL refuses a status file that names a live process, unless it is told that this is a relative of its.
        relative = {} if stale_pid is None else {"PG_GRANDPARENT_PID": str(stale_pid)}
        with files.open_log(self.log) as output:
            return subprocess.Popen(  # noqa: S603 - our own command, without a shell
                self._footing.confinement.command(self._footing.folder, arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=files.ENVIRONMENT | relative,
                start_new_session=True,  # Ctrl-C at the terminal is for the supervisor, which stops this one last
            )

    def _wait_until_ready(self) -> bool:
        process = self._running()
        while process.poll() is None:
            status = files.read_pid_file(self._cluster)
            if status is not None and status.pid == process.pid and status.is_ready:
                return True
            time.sleep(_POLL_S)
        return False

    def _make_database_once(self) -> None:
        with psycopg.connect(self._url(database="postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute("CREATE DATABASE vivr")

    def _publish_url(self) -> None:
        """Leave the address where this user's other commands find it, whole or not at all."""
        partial = self._url_file.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(self.url + "\n")
        partial.rename(self._url_file)

    def _url(self, *, database: str) -> str:
        self._running()
        secret = "" if self._disposable else f":{self._password()}"
        return f"postgresql://{files.SUPERUSER}{secret}@/{database}?host={quote(str(self._socket_folder), safe='')}"

    def _password(self) -> str:
        try:
            return self._password_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise EmbeddedPostgresError(
                f"the password of the database is gone: put {self._password_file} back, or remove {self._folder}"
            ) from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedPostgresError("the embedded PostgreSQL is not started")
        return self._process

    @property
    def _cluster(self) -> Path:
        assert self._footing is not None
        return self._footing.folder / "cluster"

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"

    @property
    def _url_file(self) -> Path:
        return self._folder / "url"


def running_cluster_url(data: Path) -> str | None:
    """Give the address of the embedded server that another process keeps running for this data folder, or None."""
    folder = data.expanduser().resolve() / "postgres"
    try:
        url = (folder / "url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    try:
        os.close(_take_lock(folder))
    except AlreadySupervisedError:
        return url
    return None  # left behind by a supervisor that died


def _take_lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadySupervisedError(f"another process already runs PostgreSQL on {folder}") from None
    return descriptor


def _stale_pid(cluster: Path) -> int | None:
    """Clear the way: stop a server whose supervisor is gone, and name the pid that a dead one left behind."""
    status_file = cluster / "postmaster.pid"
    status = files.read_pid_file(cluster)
    if status is None:
        status_file.unlink(missing_ok=True)  # empty, as a full disk leaves it: PostgreSQL would refuse it
        return None
    for number, patience_s in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, _QUIT_S), (signal.SIGKILL, _QUIT_S)):
        if not files.is_server_of(status.pid, cluster):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(status.pid, number)
        deadline = time.monotonic() + patience_s
        while files.is_server_of(status.pid, cluster) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    return status.pid if status_file.exists() else None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask for PostgreSQL's fast stop, then its immediate one, then end it."""
    for number, patience_s in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, _QUIT_S)):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
    process.kill()
    process.wait()
