"""`vivr demo buy`: one purchase on the running demo, from the first page to a resting order, and its verdict."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx

from vivr.cli.language import say
from vivr.database import Database
from vivr.demo.buyer import Buyer, PaymentTrial, PurchaseFailedError, Tell
from vivr.demo.cards import expectation_of
from vivr.demo.outcome import Outcome, is_at_rest, objections, read_outcome

_REST_S: Final = 60.0
_MAIL_S: Final = 8.0
_LOOK_S: Final = 0.2
_TIMEOUT_S: Final = 10
_LOCAL_HOSTS: Final = ("127.0.0.1", "localhost")


class Purchase:
    """What was bought and how it ended.

    Attributes:
        outcome: the order and everything around it.
        trial: what the hosted page did.
        objections: what is not as it must be; empty: all is well.
    """

    def __init__(self, outcome: Outcome, trial: PaymentTrial, wrong: list[str]) -> None:
        self.outcome = outcome
        self.trial = trial
        self.objections = wrong


def buy(demo: Mapping[str, str], *, number: str, locale: str, lose_webhook: bool, tell: Tell) -> Purchase:
    """Buy one unit on the running demo.

    Args:
        demo: the demo's settings.
        number: the card's digits.
        locale: ``fr`` or ``en``.
        lose_webhook: whether Stripe's events about it are dropped on the way.
        tell: told of every step.

    Raises:
        PurchaseFailedError: it could not be carried through.
    """
    stripe_url = demo["STRIPE_API_BASE"]
    if urlsplit(stripe_url).hostname not in _LOCAL_HOSTS:
        raise PurchaseFailedError(say("it needs the local Stripe, and this demo uses another one"))
    with Buyer(demo["APP_URL"], stripe_url, locale, tell) as buyer:
        buyer.fill_basket()
        hosted_url = buyer.order()
        with _dropped_webhooks(stripe_url, demo["STRIPE_SECRET_KEY"], tell, is_wanted=lose_webhook):
            trial = buyer.pay(hosted_url, number)
            session_id = urlsplit(hosted_url).path.rpartition("/")[2]
            tell(say("Waiting for the order to rest"))
            outcome = asyncio.run(_wait(demo["DATABASE_URL"], session_id, number, lost_webhook=lose_webhook))
    wrong = objections(outcome, trial, expectation_of(number), lost_webhook=lose_webhook)
    return Purchase(outcome, trial, wrong)


@contextmanager
def _dropped_webhooks(stripe_url: str, key: str, tell: Tell, *, is_wanted: bool) -> Generator[None]:
    """Let every event of the demo's account be lost for the length of the block."""
    if not is_wanted:
        yield
        return
    with httpx.Client(
        base_url=f"{stripe_url}/_sandbox",
        headers={"authorization": f"Bearer {key}"},
        trust_env=False,
        timeout=_TIMEOUT_S,
    ) as control:
        armed = control.post("/faults", json={"kind": "webhook_drop", "event": "*", "count": None})
        if not armed.is_success:
            raise PurchaseFailedError(say("the local Stripe refuses to lose webhooks: {text}", text=armed.text))
        tell(say("Every webhook is lost from now on"))
        try:
            yield
        finally:
            control.delete(f"/faults/{armed.json()['id']}")


async def _wait(database_url: str, session_id: str, number: str, *, lost_webhook: bool) -> Outcome:
    """Read the outcome until it rests; at most a minute for the money, and then a little for the mail."""
    is_declined = expectation_of(number).is_declined
    loop = asyncio.get_running_loop()
    database = Database(database_url, pool_max=1)
    await database.open()
    try:
        started = loop.time()
        settled_at: float | None = None
        while True:
            outcome = await read_outcome(database, session_id)
            if outcome is None:
                raise PurchaseFailedError(say("the shop does not know the session {session}", session=session_id))
            now = loop.time()
            if settled_at is None and (is_declined or outcome.order.state != "PENDING"):
                settled_at = now
            is_late = now - started > _REST_S or (settled_at is not None and now - settled_at > _MAIL_S)
            if is_late or is_at_rest(outcome, is_declined=is_declined, lost_webhook=lost_webhook):
                return outcome
            await asyncio.sleep(_LOOK_S)
    finally:
        await database.close()
