"""A demo in a process of its own, on free ports and a folder of its own, with its parts or with stand-ins for them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from free_ports import free_port

START_S = 90.0

STAND_IN = """
import http.server, signal, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SLEEPER = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); time.sleep(600)"
FAILING = "import sys; print('the reason stands here'); sys.exit(7)"

RUNNER = """
import json, os, sys
from vivr.cli.printing import console
from vivr.demo.screen import Screen
from vivr.demo.supervisor import run_demo
sys.exit(run_demo(os.environ, Screen(console()), json.loads(sys.argv[1])))
"""


@dataclass
class DemoProcess:
    """One demo, running or ended.

    Attributes:
        data: its folder.
        ports: the ports of shop, sandbox and mailbox.
        environment: what it was started with, besides the test's own environment.
    """

    data: Path
    ports: tuple[int, int, int] = field(default_factory=lambda: (free_port(), free_port(), free_port()))
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[str] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the demo and of commands that work on it."""
        shop, sandbox, mailbox = self.ports
        own = {
            "VIVR_DATA": str(self.data),
            "VIVR_PORT": str(shop),
            "SANDBOX_PORT": str(sandbox),
            "MAILBOX_PORT": str(mailbox),
            "LANG": "en_GB.UTF-8",
            "LC_ALL": "",
        }
        return {**os.environ, **own, **self.environment}

    @property
    def said(self) -> str:
        """What it has printed."""
        return (self.data.parent / f"{self.data.name}.out").read_text("utf-8")

    @property
    def running(self) -> subprocess.Popen[str]:
        """The process that was started."""
        assert self.process is not None
        return self.process

    def start(self, *arguments: str) -> None:
        """Start it, as ``vivr demo run`` or by other arguments of Python."""
        command = [sys.executable, *(arguments or ("-m", "vivr.cli.main", "demo", "run"))]
        with (self.data.parent / f"{self.data.name}.out").open("w") as output:
            self.process = subprocess.Popen(
                command, env=self.variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True
            )

    def start_stand_ins(self, **commands: list[str]) -> None:
        """Start it with small programs in place of its parts; ``commands`` replace them further."""
        self.start(*self.stand_in_command(**commands)[1:])

    def stand_in_command(self, **commands: list[str]) -> list[str]:
        """The command that does so."""
        shop, sandbox, mailbox = self.ports
        parts = {
            "web": [sys.executable, "-c", STAND_IN, str(shop)],
            "sandbox": [sys.executable, "-c", STAND_IN, str(sandbox)],
            "mailbox": [sys.executable, "-c", STAND_IN, str(mailbox)],
            "worker": [sys.executable, "-c", SLEEPER],
            **commands,
        }
        return [sys.executable, "-c", RUNNER, json.dumps(parts)]

    def wait_until_said(self, text: str) -> None:
        """Wait until it has printed a text."""
        deadline = time.monotonic() + START_S
        while text not in self.said:
            assert self.running.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def wait_until_answers(self) -> None:
        """Wait until the shop answers."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{self.ports[0]}/healthz", trust_env=False, timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(self.said)

    def pid(self, name: str) -> int:
        """The process that plays a part now."""
        return int((self.data / "run" / f"{name}.pid").read_text())

    def pids(self) -> dict[str, int]:
        """Part -> process."""
        return {file.stem: int(file.read_text()) for file in (self.data / "run").glob("*.pid")}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it by a signal; its exit code."""
        process = self.running
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(pids: list[int]) -> list[int]:
    """Those of some processes that still live after a while."""
    deadline = time.monotonic() + 60
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_alive(pid)]
