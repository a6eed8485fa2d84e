"""The web process itself: uvicorn over a socket, bodies that it refuses, and a clean end."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from free_ports import free_port

_SERVE = """
import os

from vivr.settings import read_settings
from vivr.web.serve import serve

serve(read_settings(os.environ))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_refuses_huge_bodies_readably_and_ends_cleanly(database_url: str, number: signal.Signals) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    environment = {
        "SHOP_ID": "test-shop",
        "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
        "STRIPE_SECRET_KEY": "sk_test_0123456789",
        "STRIPE_WEBHOOK_SECRET": "whsec_0123456789",
        "DATABASE_URL": _as_url(database_url),
        "VIVR_PORT": origin.rpartition(":")[2],
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    )
    try:
        with httpx.Client(base_url=origin, trust_env=False, timeout=20) as client:
            _wait(client)
            headers = {"Origin": origin, "Content-Type": "application/json"}
            for content in (b"x" * 10_000_000, (b"x" * 100_000 for _ in range(100))):
                answer = client.post("/api/orders", content=content, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
            assert client.get("/readyz").status_code == 200
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0
    assert '"event": "web.stopped"' in said
    assert "Traceback" not in said


def _as_url(conninfo: str) -> str:
    parts = dict(part.split("=", 1) for part in conninfo.split()) if "://" not in conninfo else {}
    if not parts:
        return conninfo
    query = "&".join(f"{name}={value}" for name, value in parts.items())
    return f"postgresql://?{query}"


def _wait(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the process never answered")
