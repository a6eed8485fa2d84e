"""A script that becomes a server: steps down from root, ties itself to its parent's life, and turns into the command.

Usage: ``launcher.py PARENT_PID CONFINEMENT UID GID FOLDER COMMAND...``. Confinement is ``none``, ``namespace`` (root
becomes UID inside a user namespace, so that files stay root's outside) or ``user`` (root becomes UID for good). It
imports nothing but the standard library, so that it starts in a few hundredths of a second.

When the parent dies, however it dies, Linux sends the server SIGINT: PostgreSQL's fast, clean stop. The signal belongs
to the parent *thread* that started this script; elsewhere than on Linux the next start stops an orphan instead.
"""

import ctypes
import os
import signal
import sys
from typing import Final

REFUSED: Final = 125
"""The exit code when stepping down, or entering the folder, is refused."""

_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> int:
    """Become the command; return an exit code only if that fails."""
    parent_pid, confinement, uid, gid, folder, *command = arguments
    try:
        _step_down(confinement, int(uid), int(gid))
        os.chdir(folder)
    except OSError as error:
        sys.stderr.write(f"launcher: {confinement} is refused: {error}\n")
        return REFUSED
    if not os.access(".", os.R_OK | os.W_OK | os.X_OK):
        sys.stderr.write(f"launcher: {confinement} can't write to the folder\n")
        return REFUSED
    os.umask(0o077)
    _end_with_parent(int(parent_pid))
    try:
        os.execv(command[0], command)  # noqa: S606 - the supervisor's own command, without a shell
    except OSError as error:
        sys.stderr.write(f"launcher: {command[0]} can't be run: {error}\n")
        return REFUSED


def _step_down(confinement: str, uid: int, gid: int) -> None:
    if confinement == "namespace":
        _enter_user_namespace(uid, gid)
    elif confinement == "user":
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _enter_user_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    # A group map may be written from inside only once changing groups has been given up.
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs start time
            file.write(text)


def _end_with_parent(parent_pid: int) -> None:
    """Ask for SIGINT on the parent's death; last, because a change of user would cancel the request."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent_pid:
        sys.exit(REFUSED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
