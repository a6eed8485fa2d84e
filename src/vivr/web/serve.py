"""Run the web process: uvicorn with uvloop and httptools, one process, stopped gracefully by SIGTERM or SIGINT."""

import asyncio
import signal
from typing import Final

import structlog
import uvicorn
import uvloop

from vivr.bootstrap import open_shop
from vivr.logs import configure_logs
from vivr.settings import Settings
from vivr.web.app import build_app
from vivr.web.delivery_protocol import delivery_protocol
from vivr.webhooks.wake_worker import Bell

_GRACE_S: Final = 10


def serve(settings: Settings) -> None:
    """Serve the shop until a signal says stop; requests in flight get ten seconds to end.

    Args:
        settings: what the environment said; VIVR_HOST and VIVR_PORT say where to listen.
    """
    configure_logs()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with open_shop(settings) as shop:
        bell = Bell(shop.database)
        shop.intake.after_commit = bell.ring
        app = build_app(shop)
        config = uvicorn.Config(
            app,
            host=settings.vivr_host,
            port=settings.vivr_port,
            http=delivery_protocol(app.door),
            lifespan="off",
            # Our own front writes the log, and believes proxies by TRUSTED_PROXIES.
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        # uvicorn ends gracefully and then raises the signal again, which would kill us before the pool is closed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _was_handled)
        await uvicorn.Server(config).serve()
        await bell.close()


def _was_handled(number: int, _frame: object) -> None:
    structlog.stdlib.get_logger("vivr.web").info("web.stopped", signal=signal.Signals(number).name)
