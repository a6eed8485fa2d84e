"""What each process of the shop keeps in memory: web, worker and the database with all its processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
import psycopg

from vivr.embedded_postgres import EmbeddedPostgres
from vivr.migrate import migrate

MIB: Final = 1024


def memory_mib(pid: int) -> float:
    """What a process takes of the memory, pages that it shares counted in part (PSS); one that ended takes none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / MIB
    return 0


def children_of(pid: int) -> list[int]:
    """Its children, those of its threads included."""
    return [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def start_part(name: str, url: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    """The web or the worker process as it runs in production."""
    environment = {
        **os.environ,
        "SHOP_ID": "benchmark",
        "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
        "STRIPE_SECRET_KEY": "sk_test_benchmark0001",
        "STRIPE_WEBHOOK_SECRET": "whsec_benchmark0001",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "DATABASE_URL": url,
        "VIVR_PORT": str(port),
        "RATE_LIMIT_DEFAULT": "1000/second",
    }
    with log.open("wb") as output:
        command = [sys.executable, "-c", "from vivr.cli.main import main; main()", name]
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)  # noqa: S603 - this shop's own


def wait_for(is_there: Callable[[], bool], what: str) -> None:
    """Until it is so.

    Raises:
        SystemExit: it never was.
    """
    for _ in range(300):
        if is_there():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come up")


def measure_memory(url: str) -> None:
    """Web, worker and database at rest, and the web process after a thousand pages."""
    port = 18433
    page = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="vivr-bench-") as text, httpx.Client(trust_env=False) as browser:
        logs = {name: Path(text) / f"{name}.log" for name in ("web", "worker")}
        parts = {name: start_part(name, url, port, log) for name, log in logs.items()}
        try:

            def answers() -> bool:
                try:
                    return browser.get(f"{page}readyz").is_success
                except httpx.TransportError:
                    return False

            wait_for(answers, "web")
            wait_for(lambda: "worker.started" in logs["worker"].read_text("utf-8"), "worker")
            rest = {name: memory_mib(part.pid) for name, part in parts.items()}
            for _ in range(1000):
                browser.get(page).raise_for_status()
            loaded = memory_mib(parts["web"].pid)
            with psycopg.connect(url) as connection:
                row = connection.execute(
                    "SELECT pg_read_file('postmaster.pid', 0, 20)::text, pg_backend_pid()"
                ).fetchone()
            assert row is not None
            server = int(str(row[0]).split()[0])
            database = memory_mib(server) + sum(map(memory_mib, children_of(server)))
        finally:
            for part in parts.values():
                part.terminate()
                part.wait(20)
    print(
        f"memory: web {rest['web']:.0f} MiB, after 1000 pages {loaded:.0f} MiB; worker {rest['worker']:.0f} MiB; "
        f"PostgreSQL with all its processes {database:.0f} MiB"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="vivr-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        measure_memory(server.url)
