"""Run the background steps side by side, each at its own pace, until the process is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
import uvloop

from vivr.audit.seal_chain import seal_chain
from vivr.bootstrap import Shop, open_shop
from vivr.caller import Caller, system_caller
from vivr.checkout.close_needless import close_tried_out
from vivr.checkout.expire_orders import expire_orders
from vivr.checkout.watch_authorizations import watch_authorizations
from vivr.customers.forget_expired import forget_expired
from vivr.disputes.watch_deadlines import watch_deadlines
from vivr.email.send_message import send_messages
from vivr.errors import Unavailable
from vivr.idempotency.claim_request import forget_expired_requests
from vivr.ids import new_request_id
from vivr.logs import configure_logs
from vivr.payments.decline_rules import DeclineTerms
from vivr.payments.note_failures import tell_failures
from vivr.payments.poll_payments import poll_payments
from vivr.payments.shield import forget_clients
from vivr.reconciliation.keep_books import keep_books
from vivr.recovery import recover_operations
from vivr.refunds.poll_refunds import poll_refunds
from vivr.settings import Settings
from vivr.webhooks.fill_gaps import fill_gaps
from vivr.webhooks.process_event import process_events
from vivr.webhooks.wake_worker import listening

_log: Final = structlog.stdlib.get_logger("vivr.worker")


@dataclass(frozen=True, slots=True)
class Step:
    """One background step: what it calls, its rest when there was nothing to do, and whether it asks Stripe."""

    name: str
    run: Callable[[Caller], Awaitable[int]]
    pause_s: float
    asks_stripe: bool = True
    woken: asyncio.Event | None = None


def steps_of(shop: Shop, woken: asyncio.Event | None = None) -> tuple[Step, ...]:
    """All background steps of a shop; ``woken`` is set when events came in."""
    database, stripe, clock, seals, settings = shop.database, shop.stripe, shop.clock, shop.seals, shop.settings
    bearable = DeclineTerms(settings.declines_free, settings.declines_max)
    return (
        Step(
            "inbox", lambda caller: process_events(database, stripe, clock, caller, settings.shop_id), 0.25, woken=woken
        ),
        Step("gaps", lambda caller: _fill_gaps(shop, caller), pause_s=10),
        Step(
            "poller",
            lambda caller: poll_payments(
                database,
                stripe,
                clock,
                caller,
                first=settings.payment_poll_first,
                longest=settings.payment_poll_max,
            ),
            pause_s=1,
        ),
        Step("operations", lambda caller: recover_operations(database, stripe, clock, seals, caller), pause_s=1),
        Step("refunds", lambda caller: poll_refunds(database, stripe, clock, caller), pause_s=2),
        Step("exceptions", shop.apply_exception_rule, pause_s=5),
        Step("disputes", lambda caller: watch_deadlines(database, clock, caller), pause_s=60),
        Step("deadlines", lambda caller: expire_orders(database, stripe, clock, seals, caller), pause_s=2),
        Step(
            "shield",
            lambda caller: close_tried_out(database, stripe, clock, seals, caller, bearable),
            pause_s=5,
        ),
        Step("books", lambda caller: _keep_books(shop, caller), pause_s=5),
        Step(
            "authorizations",
            lambda caller: watch_authorizations(database, stripe, clock, seals, caller, shop.lapse_terms()),
            pause_s=30,
        ),
        Step("failures", lambda _: tell_failures(database, clock), 5, asks_stripe=False),
        Step(
            "mail",
            lambda _: send_messages(database, clock, seals, settings.mail_server, shop.sender),
            1,
            asks_stripe=False,
        ),
        Step("forgetting", lambda _: _forget(shop), 600, asks_stripe=False),
        Step("audit", lambda _: seal_chain(database), 1, asks_stripe=False),
    )


async def _fill_gaps(shop: Shop, caller: Caller) -> int:
    """Compare the inbox with Stripe's list of events, now and then."""
    return await fill_gaps(shop.database, shop.stripe, shop.clock, caller, await shop.account.scope())


async def _keep_books(shop: Shop, caller: Caller) -> int:
    """Keep the books in step with Stripe's balance."""
    scope = await shop.account.scope()
    return await keep_books(shop.database, shop.stripe, shop.clock, caller, scope, shop.settings.shop_id)


async def _forget(shop: Shop) -> int:
    """Delete what expired: sessions, origins of requests, and the answers kept for idempotency keys."""
    return (
        await forget_expired(shop.database, shop.clock)
        + await forget_expired_requests(shop.database, shop.clock)
        + await forget_clients(shop.database, shop.clock)
    )


async def run_step(shop: Shop, step: Step, stop: asyncio.Event) -> None:
    """Repeat one step until stop; whatever it raises, the next turn comes."""
    while not stop.is_set():
        caller = system_caller(step.name, new_request_id(shop.clock.now()))
        pause_s = step.pause_s
        try:
            if step.asks_stripe:
                # While Stripe is away nothing is claimed, so that nothing is put off and no try is spent.
                shop.stripe.refuse_while_away()
            done = await step.run(caller)
            if done:
                continue
        except Unavailable as error:
            _log.warning("worker.step_waits", step=step.name, code=error.code)
            await _rest(stop, max(pause_s, 1))
        except Exception:  # noqa: BLE001 - whatever one step does, the next turn comes
            _log.exception("worker.step_failed", step=step.name)
            await _rest(stop, max(pause_s, 2))
        else:
            await _rest(stop, pause_s, step.woken)


async def _rest(stop: asyncio.Event, pause_s: float, woken: asyncio.Event | None = None) -> None:
    """Until the pause is over, the process is told to stop, or there is something to do."""
    waits = [asyncio.create_task(event.wait()) for event in (stop, woken) if event is not None]
    await asyncio.wait(waits, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if woken is not None:
        woken.clear()


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Run all steps side by side until stop, and let each finish its turn."""
    direct = settings.database_url_direct or settings.database_url
    assert direct is not None
    async with open_shop(settings) as shop, listening(direct.reveal()) as woken, asyncio.TaskGroup() as group:
        _log.info("worker.started")
        for step in steps_of(shop, woken):
            group.create_task(run_step(shop, step, stop), name=step.name)
    _log.info("worker.stopped")


def run_worker(settings: Settings) -> None:
    """The worker process: until SIGINT or SIGTERM."""
    configure_logs()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        await work(settings, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
