"""The shop as processes: sandbox, web and worker on free ports, over a real database, for browsers and crash drills."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from crash.nursery import Child, the_nursery
from free_ports import free_port
from shop_kit import OFTEN
from vivr.migrate import migrate

START_S = 100.0

Running = subprocess.Popen[bytes] | Child
"""A process that was started here."""


class EarlyEndError(AssertionError):
    """A process ended before it was ready."""


@dataclass
class Stack:
    """Running processes, and the means to kill and restart one of them."""

    folder: Path
    database_url: str
    environment: dict[str, str]
    shop_url: str
    sandbox_url: str
    processes: dict[str, Running] = field(default_factory=dict[str, Running])

    @property
    def stripe_key(self) -> str:
        """The secret key of this stack's own account at the sandbox."""
        return self.environment["STRIPE_SECRET_KEY"]

    def start(self, name: str, *arguments: str) -> None:
        """Start ``web``, ``worker`` or ``sandbox``; its output goes to a file beside the data."""
        environment = {**os.environ, **self.environment}
        log = self.folder / f"{name}.log"
        self.processes[name] = (
            self._start_sandbox(environment, log)
            if name == "sandbox"
            else the_nursery().start([name, *arguments], environment, log)
        )

    def _start_sandbox(self, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        endpoint = f"{self.shop_url}/api/stripe/webhook={self.environment['STRIPE_WEBHOOK_SECRET']}"
        port = self.sandbox_url.rpartition(":")[2]
        command = ["-m", "stripe_sandbox", "--port", port, "--data", str(self.folder / "sandbox")]
        command += ["--retry-delays", "0.5,1,2,5,10,30,60"]
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *command],
                env={**environment, "SANDBOX_WEBHOOKS": endpoint},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def stop(self, name: str) -> None:
        """End one process that was started here."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_until_ready(self, name: str) -> None:
        """Wait until a process answers; the worker has no door, so being alive is enough."""
        url = {"web": f"{self.shop_url}/readyz", "sandbox": f"{self.sandbox_url}/_sandbox/health"}.get(name)
        deadline = time.monotonic() + START_S
        while url is not None and time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise EarlyEndError(f"{name} ended: {self.log(name)}")
            try:
                if httpx.get(url, trust_env=False, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        if url is not None:
            raise AssertionError(f"{name} is not ready: {self.log(name)}")

    def log(self, name: str) -> str:
        """The end of what a process said."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")[-4000:]


@contextmanager
def start_stack(
    folder: Path,
    database_url: str,
    *,
    sandbox_url: str | None = None,
    launch: tuple[str, ...] = ("web", "worker"),
    **settings: str,
) -> Generator[Stack]:
    """Start sandbox, web and worker on free ports over a database, and end them at the end of the block.

    Args:
        folder: for data and logs.
        database_url: a database of its own; it is migrated.
        sandbox_url: a running sandbox to use instead of an own one; the webhook endpoint is registered there.
        launch: which processes to start besides the sandbox.
        settings: environment variables that win over the test's own.
    """
    migrate(database_url)
    shop_url = f"http://127.0.0.1:{free_port()}"
    environment = OFTEN | {
        "SHOP_ID": "stack-shop",
        "SECRET_KEY": secrets.token_hex(32),
        "STRIPE_SECRET_KEY": f"sk_test_stack{secrets.token_hex(8)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_stack{secrets.token_hex(8)}",
        "STRIPE_API_BASE": sandbox_url or f"http://127.0.0.1:{free_port()}",
        "DATABASE_URL": database_url,
        "APP_URL": shop_url,
        "VIVR_PORT": shop_url.rpartition(":")[2],
        "VIVR_DATA": str(folder / "data"),
        "SHIPPING_FLAT_AMOUNT": "4.90",
        "PAYMENT_POLL_FIRST_S": "2",
        "PAYMENT_POLL_MAX_S": "5",
        **settings,
    }
    stack = Stack(folder, database_url, environment, shop_url, environment["STRIPE_API_BASE"])
    try:
        if sandbox_url is None:
            stack.start("sandbox")
            stack.wait_until_ready("sandbox")
        else:
            register_endpoint(stack)
        for name in launch:
            stack.start(name)
        for name in launch:
            stack.wait_until_ready(name)
        yield stack
    finally:
        for name in reversed(list(stack.processes)):
            stack.stop(name)


def register_endpoint(stack: Stack) -> None:
    """Tell a shared sandbox where this stack's events go, and take the secret that it makes."""
    response = httpx.post(
        f"{stack.sandbox_url}/v1/webhook_endpoints",
        headers={"Authorization": f"Bearer {stack.stripe_key}"},
        data={"url": f"{stack.shop_url}/api/stripe/webhook", "enabled_events[]": "*"},
        trust_env=False,
    )
    assert response.status_code == 200, response.text
    stack.environment["STRIPE_WEBHOOK_SECRET"] = response.json()["secret"]
