"""One sandbox over HTTP for all tests here, a key of its own for each test.

And a webhook receiver that remembers what it got.
"""

import itertools
import ssl
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import stripe

from sandbox.harness import VERSION, Received, Receiver, ServerThread, Shop
from stripe_sandbox import Options

_numbers = itertools.count(1)
# Made once: a client that makes its own reads all certificates each time.
_TLS = ssl.create_default_context()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ServerThread]:
    running = ServerThread(tmp_path_factory.mktemp("sandbox"), Options(retry_delays_s=(0.05, 0.1, 600.0)))
    yield running
    running.stop()


@pytest.fixture
def receiver() -> Generator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(state.pause_s)
            status = state.answers.pop(0) if state.answers else 200
            state.got.append(Received(body, dict(self.headers.items())))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    state.url = f"http://127.0.0.1:{listener.server_address[1]}/hook"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def shop(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> Generator[Shop]:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    key = f"sk_test_shop{next(_numbers):06d}"
    sessions = stripe.RequestsClient(timeout=40)
    client = stripe.StripeClient(
        key, base_addresses={"api": server.url}, stripe_version=VERSION, max_network_retries=0, http_client=sessions
    )
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=_TLS, timeout=40
    ) as http:
        yield Shop(key, server.url, client, http)
    sessions.close()


@pytest.fixture
def server_data(shop: Shop, server: ServerThread) -> bytes:
    """Everything that is on disk after a purchase with a card."""
    shop.pay(shop.session())
    folder = Path(server.store.connection.execute("PRAGMA database_list").fetchone()["file"]).parent
    return b"".join(file.read_bytes() for file in folder.iterdir())
