"""The process: its address, its memory after a kill, its options, and what it refuses."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
import stripe

from sandbox.harness import Receiver
from stripe_sandbox.__main__ import build_parser, main, read_delays, read_webhook, read_webhooks

KEY = {"Authorization": "Bearer sk_test_commandline"}


class Process:
    """A sandbox as a process of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        command = [sys.executable, "-m", "stripe_sandbox", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("stripe_sandbox listens on http://127.0.0.1:"), line
        self.http = httpx.Client(base_url=line.split()[-1], headers=KEY, trust_env=False, timeout=40)

    def end(self, how: signal.Signals) -> None:
        """Sends the signal and waits."""
        self.process.send_signal(how)
        self.process.wait(40)
        self.http.close()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def processes() -> Generator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        if process.process.poll() is None:
            process.end(signal.SIGKILL)


def test_state_survives_a_kill_and_due_deliveries_go_on(
    tmp_path: Path, receiver: Receiver, processes: list[Process]
) -> None:
    arguments = ("--data", str(tmp_path), "--retry-delays", "3600", "--webhook", f"{receiver.url}=whsec_")
    processes.append(Process(*arguments[:-1], arguments[-1] + "first"))
    http = processes[0].http
    receiver.answers = [500]
    customer = http.post("/v1/customers", headers={"Idempotency-Key": "k"}).json()
    receiver.wait_for("customer.created")
    for _ in range(2000):
        if http.get("/_sandbox/deliveries").json()["deliveries"][0]["state"] == "retrying":
            break
    processes[0].end(signal.SIGKILL)
    # The second time the secret stands in the environment, where the list of processes does not show it.
    processes.append(Process(*arguments[:-2], SANDBOX_WEBHOOKS=arguments[-1] + "second"))
    http = processes[1].http
    assert http.get(f"/v1/customers/{customer['id']}").json() == customer
    assert http.post("/v1/customers", headers={"Idempotency-Key": "k"}).headers["Idempotent-Replayed"] == "true"
    assert len(http.get("/v1/webhook_endpoints").json()["data"]) == 1
    http.post("/_sandbox/clock", json={"advance_s": 3601})
    for secret, got in zip(("whsec_first", "whsec_second"), receiver.wait_for("customer.created", 2), strict=True):
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], secret)
    processes[1].end(signal.SIGTERM)


def test_a_seed_repeats_ids_and_ctrl_c_is_a_clean_end(tmp_path: Path, processes: list[Process]) -> None:
    ids: list[str] = []
    for run in ("a", "b"):
        process = Process("--data", str(tmp_path / run), "--seed", "7")
        processes.append(process)
        ids.append(process.http.post("/v1/customers").json()["id"])
        process.end(signal.SIGINT)
    assert ids[0] == ids[1]


def test_a_busy_port_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        main(["--port", str(taken.getsockname()[1])])
    assert ended.value.code != 0
    capsys.readouterr()


def test_the_webhook_option_takes_urls_with_equal_signs() -> None:
    assert read_webhook("http://127.0.0.1:8000/hook?a=b=whsec_x") == ("http://127.0.0.1:8000/hook?a=b", "whsec_x")


@pytest.mark.parametrize("text", ["http://127.0.0.1/hook", "http://127.0.0.1/hook=secret", "127.0.0.1=whsec_x"])
def test_a_webhook_option_without_url_or_secret_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read_webhook(text)


def test_the_environment_holds_several_webhooks_and_a_wrong_one_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = read_webhooks("http://127.0.0.1:1/a=whsec_a\n http://127.0.0.1:2/b=whsec_b ")
    assert both == [("http://127.0.0.1:1/a", "whsec_a"), ("http://127.0.0.1:2/b", "whsec_b")]
    monkeypatch.setenv("SANDBOX_WEBHOOKS", "http://127.0.0.1:1/a=secret")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "SANDBOX_WEBHOOKS: expected URL=whsec_..." in error
    assert "secret" not in error.replace("SECRET", "")


def test_the_delays_option_takes_seconds() -> None:
    assert read_delays("1,5,30.5") == (1.0, 5.0, 30.5)
    for text in ("soon", "1,-5"):
        with pytest.raises(argparse.ArgumentTypeError):
            read_delays(text)


def test_the_defaults_are_loopback_and_stripes_usual_port() -> None:
    arguments = build_parser().parse_args([])
    assert (arguments.host, arguments.port, arguments.data) == ("127.0.0.1", 12111, None)
