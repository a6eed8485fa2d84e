"""Start the web or worker process of a stack, and let it die at a named point if one is given.

    python launch.py web|worker [--point NAME] [--broken VARIANT]

Leases are short here, so that a restart does not have to wait for a minute; nothing else differs from ``vivr web`` and
``vivr worker``. The broken variants are the controls that a drill must catch.
"""

import argparse
import asyncio
import os
import secrets
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import vivr.checkout.close_checkout
import vivr.checkout.ensure_customer
import vivr.checkout.start_checkout
import vivr.idempotency.claim_request
import vivr.operations.recover_operation
import vivr.operations.run_operation
import vivr.refunds.submit_refund
import vivr.webhooks.intake
import vivr.webhooks.process_event
from vivr import crash_points, database
from vivr.settings import read_settings
from vivr.web.serve import serve
from vivr.worker.run import run_worker
from watching import watch_if_asked

SHORT_LEASE = timedelta(seconds=2)


def die_at(point: str) -> None:
    """Kill this process, as a power cut would, when it reaches a point for the first time."""

    def reached(name: str) -> None:
        if name == point:
            mark = os.environ.get("VIVR_TEST_REACHED")
            if mark:
                Path(mark).write_text(name, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    crash_points.listen(reached)


def break_transactions() -> None:
    """Broken on purpose: every statement commits on its own, as in code that forgot its transaction."""

    @asynccontextmanager
    async def autocommit(self: Any, name: str = "transaction") -> AsyncGenerator[database.Tx]:
        del name
        async with self._pool.connection() as connection:
            await connection.set_autocommit(True)
            try:
                yield database.Tx(connection)
            finally:
                await connection.set_autocommit(False)

    setattr(database.Database, "transaction", autocommit)  # noqa: B010 - a method can't be assigned in typed code


def break_keys() -> None:
    """Broken on purpose: every send has a key of its own, as in code that makes keys at call time."""
    original = vivr.operations.run_operation.send_operation

    async def send(stripe: Any, seals: Any, operation: Any) -> Any:
        object.__setattr__(operation, "idempotency_key", secrets.token_hex(16))
        return await original(stripe, seals, operation)

    for module in (
        vivr.checkout.ensure_customer,
        vivr.checkout.start_checkout,
        vivr.checkout.close_checkout,
        vivr.operations.recover_operation,
        vivr.refunds.submit_refund,
    ):
        setattr(module, "send_operation", send)  # noqa: B010 - the same


def break_acknowledgements() -> None:
    """Broken on purpose: a webhook is acknowledged while its event waits to be stored."""
    keep = vivr.webhooks.intake.Intake.keep

    def keep_later(self: Any, event: Any) -> asyncio.Future[int]:
        keep(self, event).add_done_callback(lambda done: done.exception())
        answered = asyncio.get_running_loop().create_future()
        answered.set_result(1)
        return answered

    setattr(vivr.webhooks.intake.Intake, "keep", keep_later)  # noqa: B010 - the same


def main() -> None:
    """Read the arguments, arm, and run until killed or stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("process", choices=("web", "worker"))
    parser.add_argument("--point", choices=crash_points.POINTS)
    parser.add_argument("--broken", choices=("transactions", "keys", "acknowledgements"))
    given = parser.parse_args()
    vivr.operations.run_operation.LEASE = SHORT_LEASE
    vivr.webhooks.process_event.LEASE = SHORT_LEASE
    vivr.idempotency.claim_request.LEASE = SHORT_LEASE
    if given.broken == "transactions":
        break_transactions()
    elif given.broken == "keys":
        break_keys()
    elif given.broken == "acknowledgements":
        break_acknowledgements()
    else:
        watch_if_asked()  # a broken variant breaks the order of locks, too
    if given.point:
        die_at(given.point)
    foreign = {"VIVR_TEST_REACHED"}
    settings = read_settings({name: value for name, value in os.environ.items() if name not in foreign})
    if given.process == "web":
        serve(settings)
    else:
        run_worker(settings)


if __name__ == "__main__":
    main()
