"""A script that ties a command to its parent's life and becomes it: `tie.py PARENT_PID COMMAND...`.

However the demo ends, even by ``kill -9``, Linux then ends its parts at once: nothing is left behind to hold a port.
They can take it, as they can take any crash. The database is not tied by this script: it gets its clean stop from its
own launcher. It imports nothing but the standard library, so that it starts in a few hundredths of a second.
"""

import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> NoReturn:
    """Become the command, unless the parent is gone already."""
    parent_pid, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent_pid):
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the supervisor's own command, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
