"""The demo's place: the folder of all local data, the secrets made once for it, and the settings of the present run.

``demo.env`` keeps what is made once (0600). ``run/settings.env`` (0600) holds the whole environment of the demo that is
running, so that other commands find its ports and its database; it is gone when the demo stops.
"""

import fcntl
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHOP_PORT: Final = 8000
SANDBOX_PORT: Final = 12111
MAILBOX_PORT: Final = 8025

_HUNDREDFOLD: Final = {
    "RATE_LIMIT_CHECKOUT": "500/minute",
    "RATE_LIMIT_ORDERS": "1000/minute",
    "RATE_LIMIT_LOGIN": "1000/minute",
    "RATE_LIMIT_REGISTER": "1000/hour",
    "RATE_LIMIT_REFUNDS": "2000/minute",
    "RATE_LIMIT_DEFAULT": "60000/minute",
}
"""One person tries many things from one address: a hundred times what a shop gets when nothing is set."""


_SHIPPING: Final = {"SHIPPING_FLAT_AMOUNT": "4.90", "SHIPPING_FREE_FROM_AMOUNT": "60"}


class PortUnreadableError(ValueError):
    """A port's variable holds no port; the message names it."""


class AlreadyRunningError(Exception):
    """Another demo holds this folder; ``pid`` is its process, where known."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo listens, on 127.0.0.1 alone."""

    shop: int
    sandbox: int
    mailbox: int

    @property
    def shop_url(self) -> str:
        """The shop's address."""
        return f"http://127.0.0.1:{self.shop}"

    @property
    def sandbox_url(self) -> str:
        """The local Stripe's address."""
        return f"http://127.0.0.1:{self.sandbox}"

    @property
    def mailbox_url(self) -> str:
        """The mailbox page's address."""
        return f"http://127.0.0.1:{self.mailbox}"


def read_ports(environment: Mapping[str, str]) -> Ports:
    """Read VIVR_PORT, SANDBOX_PORT and MAILBOX_PORT.

    Raises:
        PortUnreadableError: one is no port.
    """
    return Ports(
        shop=_read_port(environment, "VIVR_PORT", SHOP_PORT),
        sandbox=_read_port(environment, "SANDBOX_PORT", SANDBOX_PORT),
        mailbox=_read_port(environment, "MAILBOX_PORT", MAILBOX_PORT),
    )


def _read_port(environment: Mapping[str, str], name: str, unset: int) -> int:
    text = environment.get(name, "").strip() or str(unset)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):  # noqa: PLR2004 - the last port
        raise PortUnreadableError(name)
    return int(text)


class Place:
    """The demo's folder.

    Args:
        data: the folder of all local data; made if missing.
    """

    def __init__(self, data: Path) -> None:
        self.data: Path = data.expanduser().resolve()
        self.logs: Path = self.data / "logs"
        self.run: Path = self.data / "run"
        self.mail: Path = self.data / "mail"
        self.sandbox: Path = self.data / "sandbox"
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folders and take the place for this process.

        Raises:
            AlreadyRunningError: another demo has it.
            OSError: the folder can't be made or written.
        """
        for folder in (self.data, self.logs, self.run, self.mail, self.sandbox):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise AlreadyRunningError(pid or "?") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Let go of the place; the present run's settings end with it."""
        if self._lock is not None:
            _settings_file(self.data).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def kept_settings(self) -> dict[str, str]:
        """What was made once for this folder; made now if it is new, and completed if something is missing."""
        file = self.data / "demo.env"
        kept = _read_env(file) if file.exists() else {}
        made = {name: value for name, value in _fresh_settings().items() if name not in kept}
        if made:
            kept |= made
            _write_env(file, kept, "# Made once for this demo; the caller's variables win. Keep it private.")
        return kept

    def publish_settings(self, environment: Mapping[str, str]) -> None:
        """Leave the running demo's settings where other commands find them."""
        _write_env(_settings_file(self.data), environment, "# The demo that is running.")

    def write_pid(self, name: str, pid: int) -> None:
        """Say which process plays a part now, whole or not at all."""
        partial = self.run / f"{name}.pid.partial"
        partial.write_text(f"{pid}\n", encoding="ascii")
        partial.replace(self.run / f"{name}.pid")

    def drop_pid(self, name: str) -> None:
        """Say that no process plays a part any more."""
        (self.run / f"{name}.pid").unlink(missing_ok=True)


def demo_environment(
    kept: Mapping[str, str], ports: Ports, smtp_port: int, data: Path, caller: Mapping[str, str]
) -> dict[str, str]:
    """The demo's own settings under the caller's variables, which win over each of them.

    Args:
        kept: what was made once.
        ports: where the demo listens.
        smtp_port: where the mailbox takes mails.
        data: the folder of all local data.
        caller: the environment that the demo was started with; empty variables count as absent.
    """
    given = {name: value for name, value in caller.items() if value.strip()}
    # Amounts are written in the shop's currency, so another one than the example catalogue's has its own.
    shipping = {} if given.get("PAYMENT_CURRENCY", "EUR").strip().upper() != "EUR" else _SHIPPING
    own = {
        **kept,
        **_HUNDREDFOLD,
        **shipping,
        "VIVR_PORT": str(ports.shop),
        "SANDBOX_PORT": str(ports.sandbox),
        "MAILBOX_PORT": str(ports.mailbox),
        "APP_URL": ports.shop_url,
        "STRIPE_API_BASE": ports.sandbox_url,
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "SHIPPING_COUNTRIES": "FR,BE,LU,DE,ES,IT,NL",
    }
    return own | given | {"VIVR_DATA": str(data)}


def running_environment(data: Path) -> dict[str, str] | None:
    """The settings of the demo that runs on a folder; None if none does."""
    place = data.expanduser().resolve()
    try:
        lock = os.open(place / "run" / "lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file = _settings_file(place)
        return _read_env(file) if file.exists() else None
    finally:
        os.close(lock)
    return None  # left behind by a demo that was killed


def _settings_file(data: Path) -> Path:
    return data / "run" / "settings.env"


def _fresh_settings() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_hex(32),
        "SHOP_ID": f"demo-{secrets.token_hex(4)}",
        "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "DEMO_STAFF_EMAIL": "admin@example.com",
        "DEMO_STAFF_PASSWORD": secrets.token_urlsafe(12),
    }


def _read_env(file: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines, quoted as a shell quotes them."""
    words = shlex.split(file.read_text(encoding="utf-8"), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def _write_env(file: Path, values: Mapping[str, str], heading: str) -> None:
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(heading + "\n")
        opened.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    partial.replace(file)
