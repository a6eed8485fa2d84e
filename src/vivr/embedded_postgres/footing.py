"""As whom, where and from which programs the server runs; PostgreSQL refuses to run as root.

An ordinary user simply runs it. Root runs it in a user namespace, where root's own files look like an ordinary user's,
so the data folder stays the only one and stays root's. Only where namespaces are refused (many containers) root steps
down for good to another account, which can't enter root's folders: data, and if need be programs, then live in the
system's state folder, and ``notice`` says so.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from vivr.embedded_postgres import launcher
from vivr.embedded_postgres.failures import EmbeddedPostgresError

SYSTEM_STATE: Final = Path("/var/lib/vivr")
_PROBE_TIMEOUT_S: Final = 20
_POINTER: Final = "data-is-in"
_OVERFLOW_UID: Final = 65534


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a command is run: as it is, in a user namespace, or as another user."""

    kind: Literal["none", "namespace", "user"]
    uid: int = 0
    gid: int = 0

    def command(self, folder: Path, arguments: list[str]) -> list[str]:
        """Wrap a command so that it runs confined, in a folder, and ends with this process."""
        start = [sys.executable, "-I", "-S", str(Path(launcher.__file__))]
        return [*start, str(os.getpid()), self.kind, str(self.uid), str(self.gid), str(folder), *arguments]

    def owns(self, path: Path) -> None:
        """Give a path that this process made to the account that the server steps down to."""
        if self.kind == "user":
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Footing:
    """The decision: the folder that holds the cluster, the programs' folder, the confinement, and what to tell."""

    folder: Path
    binaries: Path
    confinement: Confinement
    notice: str | None = None


def choose_footing(folder: Path, binaries: Path, *, use_namespace: bool, state: Path) -> Footing:
    """Decide for the current user; ``folder`` is ours and exists.

    Raises:
        EmbeddedPostgresError: root has neither a namespace nor another account that can run the programs, or the data
            was made in a namespace that is refused now.
    """
    if os.geteuid() != 0:
        return Footing(folder, binaries, Confinement("none"))
    account = _unprivileged_account()
    pointer = folder / _POINTER
    namespace = Confinement("namespace", account.pw_uid, account.pw_gid)
    if use_namespace and not pointer.exists() and _can_run(namespace, folder, binaries):
        return Footing(folder, binaries, namespace)
    if (folder / "cluster").exists():
        raise EmbeddedPostgresError(
            f"the data in {folder} needs a user namespace, which this system refuses to root: "
            "run as an ordinary user that owns the folder, or set DATABASE_URL"
        )
    return _step_aside(folder, binaries, Confinement("user", account.pw_uid, account.pw_gid), state)


def _step_aside(folder: Path, binaries: Path, confinement: Confinement, state: Path) -> Footing:
    """Use the system's state folder, and leave a pointer to it, so that a later start finds the same data."""
    pointer = folder / _POINTER
    if pointer.exists():
        aside = Path(pointer.read_text(encoding="utf-8").strip())
    else:
        aside = state / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    aside.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    aside.mkdir(mode=0o700, exist_ok=True)
    confinement.owns(aside)
    if not _can_run(confinement, aside, binaries):
        binaries = _readable_copy(binaries, state)
        if not _can_run(confinement, aside, binaries):
            raise EmbeddedPostgresError(
                f"PostgreSQL can be run neither in a user namespace nor as user {confinement.uid}: "
                "run as an ordinary user, or set DATABASE_URL"
            )
    pointer.write_text(f"{aside}\n", encoding="utf-8")
    name = pwd.getpwuid(confinement.uid).pw_name
    notice = (
        f"PostgreSQL runs as user {name} with its data in {aside}, "
        "because it refuses root and this system refuses user namespaces"
    )
    return Footing(aside, binaries, confinement, notice)


def _can_run(confinement: Confinement, folder: Path, binaries: Path) -> bool:
    command = confinement.command(folder, [str(binaries / "postgres"), "--version"])
    tried = subprocess.run(  # noqa: S603 - our own command, without a shell
        command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False
    )
    return tried.returncode == 0


def _unprivileged_account() -> pwd.struct_passwd:
    """Pick an account that exists, because PostgreSQL looks its own name up."""
    accounts = [account for account in pwd.getpwall() if account.pw_uid != 0]
    if not accounts:
        raise EmbeddedPostgresError("PostgreSQL refuses root and no other user exists here: set DATABASE_URL")
    # The overflow uid also stands for every unknown owner, so any other account is better.
    by_preference = {"postgres": 0, "nobody": 1}
    ordinary = [account for account in accounts if account.pw_uid != _OVERFLOW_UID] or accounts
    return min(ordinary, key=lambda account: (by_preference.get(account.pw_name, 2), account.pw_uid))


def _readable_copy(binaries: Path, state: Path) -> Path:
    """Copy the wheel's programs and libraries to where every user may read them; they find each other by place."""
    package = binaries.parent.parent
    stamp = f"{binaries}:{(binaries / 'postgres').stat().st_mtime_ns}"
    target = state / f"programs-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    if not target.exists():
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(binaries.parent / part, partial / package.name / binaries.parent.name / part)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name)
        for path in (partial, *partial.rglob("*")):
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        partial.rename(target)
    return target / package.name / binaries.parent.name / "bin"
