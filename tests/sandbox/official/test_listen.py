"""`stripe listen`: events go over the websocket, are forwarded to a live server, and its answers come back."""

import subprocess
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox.harness import ServerThread
from sandbox.official.tools import CommandLine
from vivr.webhooks.model import is_signed

KEY = "sk_test_listening0001"
WAIT_S = 30.0
TOLERANCE = timedelta(minutes=5)


@dataclass
class CheckingShop:
    """A live server that takes an event only if both the official client and VIVR find it well signed."""

    secret: str
    url: str = ""
    taken: list[str] = field(default_factory=list[str])

    def status_for(self, body: bytes, signature: str) -> int:
        """204 or 400."""
        mine = [self.secret.encode()]
        try:
            event = stripe.Webhook.construct_event(body, signature, self.secret)
        except stripe.SignatureVerificationError:
            assert not is_signed(body, signature.encode(), mine, now=datetime.now(UTC), tolerance=TOLERANCE)
            return 400
        assert is_signed(body, signature.encode(), mine, now=datetime.now(UTC), tolerance=TOLERANCE)
        self.taken.append(event.type)
        return 204


@dataclass
class Listening:
    """A running `stripe listen`, the shop behind it, and the account that both belong to."""

    shop: CheckingShop
    http: httpx.Client
    process: subprocess.Popen[str]
    printed: Path

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control call that must succeed."""
        answer = self.http.request(method, f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settled(self, object_id: str, tries: int = 1) -> dict[str, Any]:
        """The delivery about an object, once every try was answered."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            for delivery in self.control("GET", "deliveries")["deliveries"]:
                answered = [one["status"] for one in delivery["attempts"] if one["status"] is not None]
                if delivery["object"] == object_id and len(answered) == tries:
                    return delivery
            time.sleep(0.02)
        raise AssertionError(f"{object_id} was not answered {tries} times; {self.printed.read_text()}")


@pytest.fixture(scope="module")
def cli(server: ServerThread, cli_home: Path) -> CommandLine:
    """One account for all tests of this file."""
    return CommandLine(server.url, KEY, cli_home)


@pytest.fixture(scope="module")
def checking_shop(cli: CommandLine) -> Generator[CheckingShop]:
    """It knows the secret that `--print-secret` prints."""
    shop = CheckingShop(cli.run("listen", "--print-secret").strip())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(shop.status_for(body, self.headers["Stripe-Signature"]))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    shop.url = f"http://127.0.0.1:{listener.server_address[1]}/hook"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield shop
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture(scope="module")
def listening(
    cli: CommandLine, checking_shop: CheckingShop, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Listening]:
    """`stripe listen --forward-to` that is ready."""
    printed = tmp_path_factory.mktemp("listen") / "printed.txt"
    command = cli.command("listen", "--all-snapshot", "--forward-to", checking_shop.url, "--skip-update")
    with printed.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, env=cli.environment, stdout=file, stderr=file, text=True)
    try:
        wait_until_ready(process, printed)
        with httpx.Client(base_url=cli.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as http:
            yield Listening(checking_shop, http, process, printed)
    finally:
        process.kill()
        process.wait(WAIT_S)


def wait_until_ready(process: subprocess.Popen[str], printed: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    while "Ready!" not in printed.read_text(encoding="utf-8"):
        assert process.poll() is None, printed.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, printed.read_text(encoding="utf-8")
        time.sleep(0.02)


def customer(listening: Listening) -> str:
    return listening.http.post("/v1/customers").json()["id"]


def test_an_event_is_forwarded_signed_with_the_printed_secret(listening: Listening) -> None:
    assert listening.shop.secret.startswith("whsec_")
    assert listening.shop.secret in listening.printed.read_text(encoding="utf-8")
    delivery = listening.settled(customer(listening))
    assert (delivery["type"], delivery["state"], delivery["url"]) == (
        "customer.created",
        "acknowledged",
        listening.shop.url,
    )
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]
    assert listening.shop.taken == ["customer.created"]
    event = listening.http.get(f"/v1/events/{delivery['event']}").json()
    assert event["pending_webhooks"] == 0


def test_a_bad_signature_is_refused_and_the_refusal_is_recorded(listening: Listening) -> None:
    listening.control("POST", "faults", {"kind": "webhook_bad_signature", "event": "customer.created"})
    taken = len(listening.shop.taken)
    delivery = listening.settled(customer(listening))
    assert (delivery["state"], delivery["due"]) == ("failed", None)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [400]
    assert len(listening.shop.taken) == taken


def test_an_event_is_sent_again_to_the_listening_command_line(listening: Listening, cli: CommandLine) -> None:
    name = customer(listening)
    delivery = listening.settled(name)
    cli.run("events", "resend", delivery["event"])
    again = listening.settled(name, tries=2)
    assert [attempt["status"] for attempt in again["attempts"]] == [204, 204]


def test_a_restored_account_is_still_listened_to(listening: Listening) -> None:
    listening.control("POST", "snapshot", {"name": "before"})
    listening.settled(customer(listening))
    listening.control("POST", "restore", {"name": "before"})
    assert listening.settled(customer(listening))["state"] == "acknowledged"


def test_nothing_is_addressed_to_a_command_line_that_was_ended(listening: Listening) -> None:
    listening.process.kill()
    listening.process.wait(WAIT_S)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        name = customer(listening)
        deliveries = listening.control("GET", "deliveries")["deliveries"]
        found = [one for one in deliveries if one["object"] == name]
        if not found:
            return
        assert found[0]["state"] in ("pending", "ended")
        time.sleep(0.02)
    raise AssertionError("events are still addressed to it")
