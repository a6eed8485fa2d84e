"""The demo's supervisor over stand-ins for its parts: started, stopped, killed, it leaves nothing behind."""

import fcntl
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from flows.demo_kit import FAILING, DemoProcess, is_alive, wait_until_dead
from vivr.demo.place import running_environment

pytestmark = [pytest.mark.flow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

ONE_LIFE = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[1])
if mark.exists(): print("no second life"); sys.exit(3)
mark.touch(); time.sleep(600)
"""
PARTS = ["mailbox", "postgres", "sandbox", "web", "worker"]


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    """One data folder for all tests of this file, so that only one of them pays for a first start."""
    with tempfile.TemporaryDirectory(prefix="vivr-demo-") as made:
        yield Path(made) / ".vivr"


@pytest.fixture
def demo(folder: Path) -> Generator[DemoProcess]:
    """A demo that is stopped whatever happens."""
    made = DemoProcess(folder)
    yield made
    if made.process is not None:
        made.stop()


def test_everything_starts_says_where_it_is_and_stops_cleanly(demo: DemoProcess) -> None:
    demo.start_stand_ins()
    demo.wait_until_said("Ready in")
    shop, sandbox, mailbox = demo.ports
    for text in (f"127.0.0.1:{shop}/en/", f"127.0.0.1:{sandbox}/", f"127.0.0.1:{mailbox}/", "4000 0000 0000 0002"):
        assert text in demo.said
    pids = demo.pids()
    assert sorted(pids) == PARTS
    settings = running_environment(demo.data)
    assert settings is not None
    assert settings["APP_URL"] == f"http://127.0.0.1:{shop}"
    assert settings["DEMO_STAFF_PASSWORD"] in demo.said
    assert demo.stop(signal.SIGINT) == 0
    assert wait_until_dead(list(pids.values())) == []
    assert demo.pids() == {}
    assert running_environment(demo.data) is None


def test_ctrl_c_in_a_terminal_stops_the_demo_and_does_not_reach_what_started_it(demo: DemoProcess) -> None:
    """As under make: the shell around the demo goes on after it and sees the exit code 0."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["sh", "-c", 'trap "echo interrupted" INT; "$@"; echo "ended with $?"', "sh", *demo.stand_in_command()],
        env=demo.variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no thread runs here
    ) as shell:
        os.close(theirs)
        said = read_until(ours, "Ready in")
        os.write(ours, b"\x03")
        said += read_until(ours, "ended with")
        assert shell.wait(20) == 0
    os.close(ours)
    assert "ended with 0" in said
    assert "interrupted" not in said
    assert demo.pids() == {}


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows until a line with a text is over."""
    shown = ""
    while text not in shown or not shown.endswith("\n"):
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, shown
        shown += os.read(terminal, 4096).decode("utf-8", "replace")
    return shown


def test_second_demo_on_the_same_folder_is_refused_and_the_first_goes_on(demo: DemoProcess) -> None:
    demo.start_stand_ins()
    demo.wait_until_said("Ready in")
    pids = demo.pids()
    second = DemoProcess(demo.data)
    second_out = demo.data.parent / f"{demo.data.name}.out"
    first_said = demo.said
    second.start_stand_ins()
    assert second.running.wait(40) == 1
    assert f"(process {demo.running.pid})" in second_out.read_text()
    second_out.write_text(first_said)
    assert demo.pids() == pids
    demo.wait_until_answers()


def test_busy_ports_are_named_with_the_setting_that_changes_each(demo: DemoProcess) -> None:
    with socket.socket() as shop, socket.socket() as mailbox:
        for taken in (shop, mailbox):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        demo.ports = (shop.getsockname()[1], demo.ports[1], mailbox.getsockname()[1])
        demo.start_stand_ins()
        assert demo.running.wait(40) == 1
    assert f"Port {demo.ports[0]} is busy, so the shop can't start: choose another one with VIVR_PORT=" in demo.said
    assert f"Port {demo.ports[2]} is busy, so the mailbox can't start" in demo.said
    assert f"Port {demo.ports[1]}" not in demo.said
    assert demo.pids() == {}


def test_part_that_ends_while_starting_is_named_with_its_last_words(demo: DemoProcess) -> None:
    demo.start_stand_ins(worker=[sys.executable, "-c", FAILING])
    assert demo.running.wait(60) == 1
    assert "worker ended while starting (exit code 7)." in demo.said
    assert "the reason stands here" in demo.said
    assert demo.pids() == {}


def test_killed_parts_come_back_and_it_is_said(demo: DemoProcess) -> None:
    demo.start_stand_ins()
    demo.wait_until_said("Ready in")
    before = demo.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for name in PARTS:
        demo.wait_until_said(f"{name} ended (SIGKILL); starting it again.")
    deadline = time.monotonic() + 30
    while any(demo.pids()[name] == before[name] for name in PARTS) and time.monotonic() < deadline:
        time.sleep(0.05)
    after = demo.pids()
    assert [name for name in PARTS if after[name] == before[name] or not is_alive(after[name])] == []
    demo.wait_until_answers()
    assert demo.stop() == 0
    assert wait_until_dead([*before.values(), *after.values()]) == []


def test_part_that_keeps_ending_is_given_up(demo: DemoProcess, tmp_path: Path) -> None:
    once = tmp_path / "once"
    demo.start_stand_ins(worker=[sys.executable, "-c", ONE_LIFE, str(once)])
    demo.wait_until_said("Ready in")
    os.kill(demo.pid("worker"), signal.SIGKILL)
    assert demo.running.wait(60) == 1
    assert "worker keeps ending at once and is given up." in demo.said
    assert "no second life" in demo.said
    assert demo.pids() == {}


def test_killed_supervisor_leaves_no_orphan_and_the_next_start_works(demo: DemoProcess) -> None:
    demo.start_stand_ins()
    demo.wait_until_said("Ready in")
    pids = demo.pids()
    demo.running.kill()
    demo.running.wait()
    assert wait_until_dead(list(pids.values())) == []
    assert running_environment(demo.data) is None
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{demo.ports[0]}/healthz", trust_env=False, timeout=2)
    demo.start_stand_ins()
    demo.wait_until_said("Ready in")
    assert demo.stop(signal.SIGHUP) == 0


def test_folder_that_cannot_be_made_is_said(demo: DemoProcess, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    demo.environment = {"VIVR_DATA": str(tmp_path / "file" / "data")}
    demo.start_stand_ins()
    assert demo.running.wait(40) == 1
    assert "can't be written" in demo.said


def test_wrong_port_and_wrong_setting_are_said(demo: DemoProcess) -> None:
    demo.environment = {"SANDBOX_PORT": "http"}
    demo.start_stand_ins()
    assert demo.running.wait(40) == 1
    assert "SANDBOX_PORT holds no port" in demo.said
    demo.environment = {"PAYMENT_CURENCY": "EUR"}
    demo.start()
    assert demo.running.wait(40) == 1
    assert "PAYMENT_CURRENCY" in demo.said
    assert demo.pids() == {}
