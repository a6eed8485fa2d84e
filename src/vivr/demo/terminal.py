"""Ctrl-C belongs to the demo alone while it runs in a terminal.

A terminal sends Ctrl-C to its whole foreground group: to ``make`` too, which would then report an interruption although
everything stopped well. So the demo makes a group of its own and puts it in front, and the old one back afterwards.
"""

import contextlib
import os
import signal
from collections.abc import Generator


@contextlib.contextmanager
def own_foreground() -> Generator[None]:
    """Be the terminal's foreground group for the length of the block; without a terminal nothing happens."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield
        return
    before = os.getpgrp()
    try:
        # A group of its own already, or in the background: nothing to take, and nothing that may be taken.
        if before == os.getpid() or os.tcgetpgrp(terminal) != before:
            yield
            return
        # From outside the foreground group only a process that ignores SIGTTOU may change it. Ctrl-Z would stop the
        # demo in front of a make that does not notice, so it does nothing.
        ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTTOU, signal.SIGTSTP)}
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpid())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(terminal, before)
            with contextlib.suppress(OSError):
                os.setpgid(0, before)
            for number, handler in ignored.items():
                signal.signal(number, handler)
    finally:
        os.close(terminal)
