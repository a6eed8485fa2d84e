"""The files of one cluster: making them, reading the server's own status file, and where its socket goes.

A folder given to the embedded server holds ``lock``, ``password`` and ``url`` (both 0600), ``server.log`` and
``cluster`` (PostgreSQL's data; as root without namespaces that one is elsewhere, see ``footing``).
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from vivr.embedded_postgres.failures import EmbeddedPostgresError
from vivr.embedded_postgres.footing import Footing

SUPERUSER: Final = "vivr"
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""All that the server's processes see: the caller's PGDATA, PGOPTIONS and the like must not reach them."""

SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES_MAX: Final = 100
_STATUS_LINE: Final = 7
_LOG_TAIL_LINES: Final = 12
_LOG_BYTES_MAX: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class PidFile:
    """What ``postmaster.pid`` says: the process, and whether it takes connections."""

    pid: int
    is_ready: bool


def read_pid_file(cluster: Path) -> PidFile | None:
    """Read the server's status file; None if it isn't there or is still being written."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return PidFile(pid, len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready")


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether a process is a live PostgreSQL of this cluster, and not merely a process with that number."""
    if not Path("/proc/self/exe").exists():
        listed = subprocess.run(  # noqa: S603 - fixed program and a number
            ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "postgres" in listed.stdout and str(cluster) in listed.stdout
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name
        return program.startswith("postgres") and Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        # Gone, a zombie, or another user's: whatever it is, it doesn't serve this cluster.
        return False


def make_password(file: Path) -> None:
    """Keep a fresh password in a file that only its owner reads."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secrets.token_urlsafe(32) + "\n")


def make_cluster(footing: Footing, password: Path | None, log: Path) -> None:
    """Run initdb beside the final place and move the outcome there, so that a cluster is whole or not there at all.

    Without a password the cluster trusts whoever reaches its private socket and is not forced to disk: for tests.
    """
    partial = footing.folder / "cluster.partial"
    shutil.rmtree(partial, ignore_errors=True)
    arguments = [
        *(str(footing.binaries / "initdb"), "--pgdata", str(partial), f"--username={SUPERUSER}", "--no-instructions"),
        *("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"),
    ]
    handed_over = footing.folder / "password.partial"
    if password is None:
        arguments += ["--auth=trust", "--no-sync"]
    else:
        shutil.copyfile(password, handed_over)
        handed_over.chmod(0o600)
        footing.confinement.owns(handed_over)
        arguments += ["--auth=scram-sha-256", f"--pwfile={handed_over}"]
    try:
        with open_log(log) as output:
            made = subprocess.run(  # noqa: S603 - our own command, without a shell
                footing.confinement.command(footing.folder, arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=ENVIRONMENT,
                check=False,
            )
    finally:
        handed_over.unlink(missing_ok=True)
    if made.returncode != 0:
        raise EmbeddedPostgresError(f"PostgreSQL's data folder can't be made:\n{log_tail(log)}")
    partial.rename(footing.folder / "cluster")


def socket_folder(footing: Footing) -> Path:
    """Give the folder of the server's socket: the data folder, or a short private one where that path is too long.

    Raises:
        EmbeddedPostgresError: someone else's folder stands where the short one should.
    """
    if len(os.fsencode(footing.folder / SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX:
        return footing.folder
    name = f"vivr-{hashlib.sha256(os.fsencode(footing.folder)).hexdigest()[:12]}"
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base / name / SOCKET_NAME)) > _SOCKET_PATH_BYTES_MAX:
        base = Path("/tmp")  # noqa: S108 - the folder below is private and checked # nosec B108
    folder = base / name
    owner = footing.confinement.uid if footing.confinement.kind == "user" else os.geteuid()
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        footing.confinement.owns(folder)
    status = folder.lstat()
    # The number is the mode that its owner alone has.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or stat.S_IMODE(status.st_mode) != 0o700:  # noqa: PLR2004
        raise EmbeddedPostgresError(f"{folder} is in the way and not ours: remove it")
    return folder


def open_log(log: Path) -> IO[bytes]:
    """Open the log for appending, 0600; a long one is set aside first."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.old"))
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def log_tail(log: Path) -> str:
    """Give the last lines of the log, for a person."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:])
