"""Where a command takes its settings and its database from.

Production commands (migrate, web, worker) read the environment and nothing else. The others may work on the demo that
runs on this machine: where the environment holds none of the shop's own settings, they take the running demo's.
"""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from vivr.cli.language import say
from vivr.demo.place import running_environment
from vivr.embedded_postgres import AlreadySupervisedError, EmbeddedPostgres, EmbeddedPostgresError, running_cluster_url
from vivr.settings import Secret, Settings, read_settings

_THE_SHOPS_OWN: Final = ("SECRET_KEY", "SHOP_ID", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "DATABASE_URL")
_OTHERS_START_S: Final = 60
_POLL_S: Final = 0.1


def command_environment() -> dict[str, str]:
    """The environment of a command that may work on the running demo; it says so on standard error when it does."""
    own = {name: value for name, value in os.environ.items() if value.strip()}
    if any(name in own for name in _THE_SHOPS_OWN):
        return own
    data = Path(own.get("VIVR_DATA", ".vivr"))
    demo = running_environment(data)
    if demo is None:
        return own
    print(say("Using the settings of the demo that runs on {data}.", data=data), file=sys.stderr)
    return demo | own


def own_settings() -> Settings:
    """The settings of a production command: the environment's, and no demo's.

    Raises:
        SettingsError: everything that is wrong with them.
    """
    return read_settings(os.environ)


def command_settings() -> Settings:
    """The settings of any other command; see ``command_environment``.

    Raises:
        SettingsError: everything that is wrong with them.
    """
    return read_settings(command_environment())


@contextmanager
def with_database(settings: Settings, *, may_start: bool = True) -> Generator[Settings]:
    """Give the settings with a DATABASE_URL that works for the length of the block.

    DATABASE_URL wins. Without one it is the embedded server on VIVR_DATA: the one that another process keeps running,
    or else one that this process starts and takes along when it ends.

    Args:
        settings: what the environment said.
        may_start: whether this process may be the embedded server's parent.

    Raises:
        EmbeddedPostgresError: there is none and it can't or may not be started.
    """
    if settings.database_url is not None:
        yield settings
        return
    url = running_cluster_url(settings.vivr_data)
    if url is not None:
        yield _with_url(settings, url)
        return
    if not may_start:
        raise EmbeddedPostgresError(
            say(
                "no database: DATABASE_URL is not set and no process runs the embedded server on {data}; "
                "start `vivr web` first, or set DATABASE_URL",
                data=settings.vivr_data,
            )
        )
    server = EmbeddedPostgres(settings.vivr_data)
    try:
        server.start()
    except AlreadySupervisedError:
        yield _with_url(settings, _wait_for_other(settings.vivr_data))
        return
    if server.notice is not None:
        print(server.notice, file=sys.stderr)
    try:
        yield _with_url(settings, server.url)
    finally:
        server.stop()


def _with_url(settings: Settings, url: str) -> Settings:
    return replace(settings, database_url=Secret(url, hint="embedded"))


def _wait_for_other(data: Path) -> str:
    """The address of the server that another process is just starting."""
    for _ in range(int(_OTHERS_START_S / _POLL_S)):
        url = running_cluster_url(data)
        if url is not None:
            return url
        time.sleep(_POLL_S)
    raise EmbeddedPostgresError(say("another process holds {data} without starting its database", data=data))
