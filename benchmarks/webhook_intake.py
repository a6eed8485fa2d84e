"""Acknowledged webhooks a second, beside what the same database does with the same rows alone, in one run.

The limit is pgbench from the embedded binaries: prepared, one row a transaction, into the same table, with the same
payload and connections, everything forced to disk. Ours is the whole web process behind HTTP: routing, body limit,
signature, envelope, commit, metrics and logs, loaded by wrk with a fresh signed event per request. wrk and the database
share the machine with it. Then the time to acknowledge at a third of that rate, from when each event was due, and our
verifier beside the SDK's.
"""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import LiteralString

import httpx
import psycopg
import stripe

from vivr.embedded_postgres import EmbeddedPostgres
from vivr.embedded_postgres.binaries import find_binaries
from vivr.migrate import migrate
from vivr.webhooks.model import is_signed, read_envelope

SECRET = "whsec_benchmark0001"  # noqa: S105 - made for this run
KEY = "sk_test_benchmark0001"
PORT = 18432
URL = f"http://127.0.0.1:{PORT}/api/stripe/webhook"
SECONDS = max(1, int(os.environ.get("BENCH_SECONDS", "6")))
ROUNDS = 3
LOAD = Path(__file__).parent / "load"

INSERT = """
\\set number random(1, 1000000000000000)
INSERT INTO inbox_event (account, livemode, id, type, object_id, subject, api_version, body, received_at, state,
                         next_try_at, request_id)
VALUES ('acct_benchmark', false, 'evt_' || :number::bigint, 'payment_intent.succeeded', 'pi_1', 'pi_1',
        '2026-05-27.dahlia', :payload, now(), 'RECEIVED', now(), 'req_1')
ON CONFLICT ON CONSTRAINT inbox_event_pkey DO UPDATE SET deliveries = inbox_event.deliveries + 1
"""


def event_body() -> bytes:
    """An event of about Stripe's size, pretty-printed as Stripe's are; NUMBER stands where each one differs."""
    intent = {"id": "pi_1", "object": "payment_intent", "amount": 4900, "padding": "x" * 2400}
    event = {
        "id": "evt_NUMBER",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "api_version": "2026-05-27.dahlia",
        "data": {"object": intent},
    }
    return json.dumps(event, indent=2).encode()


@contextmanager
def database(folder: Path) -> Generator[str]:
    """A durable PostgreSQL with room for the limit's connections."""
    with EmbeddedPostgres(folder) as server:
        # One connection per client of pgbench, and the sizes of a server that is written to.
        for line in ("max_connections = 200", "max_wal_size = '4GB'", "shared_buffers = '1GB'"):
            run_sql(server.url, f"ALTER SYSTEM SET {line}")
    with EmbeddedPostgres(folder) as server:
        migrate(server.url)
        yield server.url


def run_sql(url: str, text: str) -> None:
    """One statement of this file's own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def ask_number(url: str, text: LiteralString) -> int:
    """One number."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(text).fetchone()
    assert row is not None
    return int(row[0])


def output_of(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a generator printed; its own words where it fails."""
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603 - ours
    if ended.returncode:
        raise SystemExit(f"{command[0]} failed:\n{ended.stderr[-2000:]}")
    return ended.stdout


@contextmanager
def web(url: str, folder: Path) -> Generator[None]:
    """The web process as it runs in production, its log in a file."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO stripe_account (key_digest, account, livemode, learnt_at)"
            " VALUES (%s, 'acct_benchmark', false, now())",
            (hashlib.sha256(KEY.encode()).digest(),),
        )
    environment = {
        **os.environ,
        "SHOP_ID": "benchmark",
        "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "DATABASE_URL": url,
        "VIVR_PORT": str(PORT),
    }
    with (folder / "web.log").open("wb") as log:
        command = [sys.executable, "-c", "from vivr.cli.main import main; main()", "web"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - this shop's own
        try:
            wait_until_ready(process, folder / "web.log")
            yield
        finally:
            process.terminate()
            process.wait(20)


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers, or ends."""
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"http://127.0.0.1:{PORT}/readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the web process does not answer:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def limit(url: str, folder: Path, connections: int) -> float:
    """Rows a second, one a transaction."""
    script = folder / "insert.sql"
    script.write_text(INSERT, "utf-8")
    command = [str(find_binaries() / "pgbench"), "-n", "-M", "prepared", "-j", "1", "-c", str(connections)]
    command += ["-T", str(SECONDS), "-f", str(script), "-D", f"payload={event_body().decode()}", url]
    printed = output_of(command)
    found = re.search(r"tps = ([0-9.]+)", printed)
    assert found is not None, printed
    return float(found[1])


def load_environment(folder: Path, run: str) -> dict[str, str]:
    """What both generators are told."""
    body = folder / "body.json"
    body.write_bytes(event_body())
    return {**os.environ, "BENCH_SECRET": SECRET, "BENCH_RUN": run, "BENCH_BODY": str(body)}


def acknowledged(url: str, folder: Path, connections: int, run: str) -> float:
    """Events a second that were acknowledged, each of them found in the table."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(LOAD / "signed_events.lua"), URL]
    printed = output_of(command, load_environment(folder, run))
    answers = re.search(r"(\d+) requests in ([0-9.]+)s", printed)
    assert answers is not None, printed
    assert "Non-2xx" not in printed, printed
    stored = ask_number(url, "SELECT count(*) FROM inbox_event")
    assert stored >= int(answers[1]), f"{answers[1]} acknowledged, {stored} stored"
    return int(answers[1]) / float(answers[2])


def compare_intake(url: str, folder: Path) -> float:
    """Both, in turns; the slowest rate of ours, for the open loop."""
    slowest = float("inf")
    for connections, aim in ((32, 0.7), (128, 0.85)):
        ratios: list[float] = []
        for turn in range(ROUNDS):
            run_sql(url, "TRUNCATE inbox_event")
            reference = limit(url, folder, connections)
            run_sql(url, "TRUNCATE inbox_event")
            ours = acknowledged(url, folder, connections, f"{connections}r{turn}n")
            ratios.append(ours / reference)
            slowest = min(slowest, ours)
            print(f"  {connections} connections: {ours:.0f}/s, limit {reference:.0f}/s, ratio {ours / reference:.2f}")
        print(f"acknowledged at {connections} connections, median of {ROUNDS}: {median(ratios):.2f} (aim {aim})")
    return slowest


def measure_open_loop(folder: Path, rate: float) -> None:
    """The time to acknowledge while events come whether or not we keep up."""
    command = [sys.executable, str(LOAD / "open_loop.py"), URL, str(rate), str(SECONDS), "128"]
    command.append(str(folder / "body.json"))
    print(f"open loop at {rate:.0f}/s: {output_of(command, load_environment(folder, 'open')).strip()}")


def compare_verifiers() -> None:
    """The verifier with its parse, against the SDK's."""
    body = event_body()
    stamp = str(int(time.time()))
    header = f"t={stamp},v1={hmac.new(SECRET.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"
    turns = 2000
    began = time.perf_counter()
    for _ in range(turns):
        assert is_signed(
            body, header.encode(), [SECRET.encode()], now=datetime.now(UTC), tolerance=timedelta(minutes=5)
        )
        assert read_envelope(body) is not None
    ours = (time.perf_counter() - began) / turns
    began = time.perf_counter()
    for _ in range(turns):
        stripe.Webhook.construct_event(body, header, SECRET)
    sdk = (time.perf_counter() - began) / turns
    print(f"verifier: {ours * 1e6:.1f} us, the SDK's {sdk * 1e6:.1f} us, ratio {sdk / ours:.1f}")


def main() -> int:
    """All comparisons on a database of their own."""
    if shutil.which("wrk") is None:
        print("The load generator wrk is missing; on Debian and Ubuntu: apt-get install wrk")
        return 3
    with tempfile.TemporaryDirectory(prefix="vivr-bench-") as text:
        folder = Path(text)
        with database(folder / "postgres") as url, web(url, folder):
            slowest = compare_intake(url, folder)
            measure_open_loop(folder, slowest / 3)
    compare_verifiers()
    return 0


if __name__ == "__main__":
    sys.exit(main())
