"""The command line: `python -m stripe_sandbox --port 12111 --data DIR`, and `ctl` for the controls of a running one."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from stripe_sandbox import ctl
from stripe_sandbox.clock import SystemClock
from stripe_sandbox.door import DoorServer
from stripe_sandbox.hangup import CuttableProtocol
from stripe_sandbox.options import RETRY_DELAYS_S, Options
from stripe_sandbox.resources.webhook_endpoints import is_loopback
from stripe_sandbox.server import build_app
from stripe_sandbox.state.store import Store

PORT_DEFAULT = 12111
WEBHOOKS_VARIABLE = "SANDBOX_WEBHOOKS"


def read_webhook(text: str) -> tuple[str, str]:
    """Splits `URL=SECRET`; a URL may hold `=` itself."""
    url, mark, secret = text.rpartition("=whsec_")
    if not mark or not url.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError("expected URL=whsec_...")
    return url, "whsec_" + secret


def read_webhooks(text: str) -> list[tuple[str, str]]:
    """Several of them, apart by blanks or line breaks, as the environment holds them."""
    return [read_webhook(part) for part in text.split()]


def read_delays(text: str) -> tuple[float, ...]:
    """Splits `1,5,30` into seconds."""
    try:
        delays = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("expected seconds such as 1,5,30") from None
    if any(delay < 0 for delay in delays):
        raise argparse.ArgumentTypeError("a delay cannot be negative")
    return delays


def build_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(
        prog="python -m stripe_sandbox", description="A stateful local Stripe for tests and demos."
    )
    parser.add_argument(
        "--port", type=int, default=PORT_DEFAULT, help="port to listen on (default %(default)s; 0 takes a free one)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--data", type=Path, help="folder that keeps the state; without it the state ends with the process"
    )
    parser.add_argument("--seed", type=int, help="makes ids and secrets the same in every run")
    parser.add_argument(
        "--webhook",
        type=read_webhook,
        action="append",
        default=[],
        metavar="URL=SECRET",
        help=f"endpoint that every account begins with; {WEBHOOKS_VARIABLE} in the environment holds more, unseen by "
        "those who may list processes",
    )
    parser.add_argument(
        "--retry-delays", type=read_delays, default=RETRY_DELAYS_S, help="seconds between deliveries, such as 1,5,30"
    )
    parser.add_argument(
        "--ack-wait", type=float, default=10.0, help="seconds that a paid buyer waits for the shop to take the event"
    )
    parser.add_argument("--record", metavar="FILE", help="write every answer and delivery down, a line of JSON each")
    parser.add_argument("--deliver-anywhere", action="store_true", help="deliver webhooks to other machines too")
    return parser


class AnnouncingServer(DoorServer):
    """Says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then prints the address (which `--port 0` leaves to the system)."""
        await super().startup(sockets)
        for server in self.servers:
            for listener in server.sockets:
                host, port, *_ = listener.getsockname()
                print(f"stripe_sandbox listens on http://{host}:{port}", flush=True)  # noqa: T201 - the command line


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is stopped; `ctl` controls a running one instead."""
    given = sys.argv[1:] if argv is None else list(argv)
    if given[:1] == ["ctl"]:
        return ctl.main(given[1:])
    parser = build_parser()
    arguments = parser.parse_args(given)
    try:
        webhooks = [*arguments.webhook, *read_webhooks(os.environ.get(WEBHOOKS_VARIABLE, ""))]
    except argparse.ArgumentTypeError as error:
        parser.error(f"{WEBHOOKS_VARIABLE}: {error}")
    local = is_loopback(f"http://{arguments.host}")
    options = Options(
        webhooks=tuple(webhooks),
        retry_delays_s=arguments.retry_delays,
        ack_wait_s=arguments.ack_wait,
        deliver_anywhere=arguments.deliver_anywhere,
        record=arguments.record or Options().record,
        allowed_hosts=Options.allowed_hosts if local else (),
    )
    store = Store(arguments.data, SystemClock(), arguments.seed)
    config = uvicorn.Config(
        build_app(store, options),
        host=arguments.host,
        port=arguments.port,
        http=CuttableProtocol,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    if not local:
        print("Listening beyond this machine: anybody who reaches it can play the bank.", file=sys.stderr)  # noqa: T201 - the command line
    try:
        AnnouncingServer(config).run()
    except KeyboardInterrupt:
        return 0
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
