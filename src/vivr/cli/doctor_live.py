"""`vivr doctor --live`: Stripe, the webhook's door and what waits, looked at from outside; each finding with its cure.

Nothing is changed but one row: the probe that is sent through the webhook's own address is kept, and ignored, like
every event of a type that nothing follows from. It shows that the address, the secret and the database work together.
"""

import json
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from vivr.bootstrap import Shop, open_shop
from vivr.cli.findings import Finding, Outcome
from vivr.cli.language import say
from vivr.errors import Unavailable
from vivr.money_exceptions.read_exceptions import open_exceptions
from vivr.operations.read_operations import operations_health
from vivr.settings import Settings
from vivr.stripe_gateway.answers import StripeMisconfigured
from vivr.stripe_gateway.objects import WebhookEndpoint
from vivr.stripe_gateway.permissions import NEEDED
from vivr.stripe_gateway.requests import API_VERSION
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import DOOR, signature_of
from vivr.webhooks.read_inbox import inbox_health

_SKEW_MAX: Final = timedelta(seconds=10)
_WAIT_MAX: Final = timedelta(minutes=10)
_TIMEOUT_S: Final = 10
_OK: Final = 200


async def look_live(settings: Settings) -> list[Finding]:
    """Open the shop and look."""
    async with open_shop(settings) as shop, httpx.AsyncClient(base_url=settings.app_url, timeout=_TIMEOUT_S) as door:
        return [finding async for finding in live_findings(shop, door)]


async def live_findings(shop: Shop, door: httpx.AsyncClient) -> AsyncIterator[Finding]:
    """Everything that is looked at.

    Args:
        shop: the live objects.
        door: a client of the shop's public address.
    """
    try:
        async for finding in _stripe_findings(shop):
            yield finding
    except StripeMisconfigured as error:
        text = say(
            "Stripe refuses the key ({reason}): copy a valid one with the needed permissions to STRIPE_SECRET_KEY",
            reason=error.reason,
        )
        yield Finding("stripe_api", Outcome.PROBLEM, text)
    except Unavailable as error:
        yield Finding("stripe_api", Outcome.UNCHECKED, say("Stripe can't be reached ({code})", code=error.code))
    if shop.stripe.is_restricted:
        yield await _permissions_finding(shop)
    yield await _ready_finding(door)
    for number, secret in enumerate(shop.settings.stripe_webhook_secret, start=1):
        yield await _door_finding(shop, door, secret.reveal().encode(), number)
    try:
        async for finding in _waiting_findings(shop):
            yield finding
    except Unavailable:
        yield Finding("inbox", Outcome.UNCHECKED, say("not looked at: the database can't be reached"))


async def _permissions_finding(shop: Shop) -> Finding:
    """What a restricted key may not do and should; nothing is made by asking."""
    name = "stripe_permissions"
    try:
        missing = [one for one in NEEDED if await shop.stripe.lacks(one)]
    except StripeMisconfigured as error:
        return Finding(name, Outcome.PROBLEM, say("Stripe refuses the key ({reason}).", reason=error.reason))
    except Unavailable as error:
        return Finding(name, Outcome.UNCHECKED, say("Stripe can't be reached ({code})", code=error.code))
    if not missing:
        return Finding(name, Outcome.OK, say("the restricted key may do everything that the shop does"))
    named = ", ".join(f"{one.resource} ({say('write') if one.writes else say('read')})" for one in missing)
    text = say(
        "the restricted key lacks: {missing}. Edit it in the Stripe dashboard (Developers, API keys) and grant them",
        missing=named,
    )
    return Finding(name, Outcome.PROBLEM, text)


async def _stripe_findings(shop: Shop) -> AsyncIterator[Finding]:
    account, said_at = await shop.stripe.check()
    mode = say("live mode") if shop.stripe.livemode else say("test mode")
    yield Finding("stripe_api", Outcome.OK, say("account {account}, {mode}", account=account.id, mode=mode))
    skew = abs(shop.clock.now() - parsedate_to_datetime(said_at)) if said_at else timedelta(0)
    text = say("{seconds} s between this machine and Stripe", seconds=int(skew.total_seconds()))
    if skew > _SKEW_MAX:
        text += say("; let the machine's clock be set (NTP), or signed deliveries are refused")
    yield Finding("stripe_clock", Outcome.OK if skew <= _SKEW_MAX else Outcome.PROBLEM, text)
    address, needed = shop.settings.app_url + DOOR, ", ".join(SUBSCRIBED)
    ours = [endpoint for endpoint in await shop.stripe.list_endpoints() if endpoint.url == address]
    if not ours:
        text = say("Stripe has no endpoint at {address}: add one for {events}", address=address, events=needed)
        yield Finding("webhook_endpoint", Outcome.PROBLEM, text)
    for endpoint in ours:
        yield _endpoint_finding(endpoint)


def _endpoint_finding(endpoint: WebhookEndpoint) -> Finding:
    asked_for = endpoint.enabled_events
    missing = [name for name in SUBSCRIBED if name not in asked_for and "*" not in asked_for]
    if endpoint.status != "enabled":
        text = say("{id} is disabled: enable it in the Stripe dashboard", id=endpoint.id)
    elif missing:
        text = say(
            "{id} lacks events: run `vivr webhooks subscribe`, which adds {events}",
            id=endpoint.id,
            events=", ".join(missing),
        )
    elif endpoint.api_version not in {API_VERSION, None}:
        text = say("{id} speaks {version}; what counts is read anyway", id=endpoint.id, version=endpoint.api_version)
        return Finding("webhook_endpoint", Outcome.NOTE, text)
    else:
        return Finding("webhook_endpoint", Outcome.OK, say("{id} delivers every needed event", id=endpoint.id))
    return Finding("webhook_endpoint", Outcome.PROBLEM, text)


async def _ready_finding(door: httpx.AsyncClient) -> Finding:
    try:
        answer = await door.get("/readyz")
        breaker = str(answer.json()["data"]["stripe"]["breaker"]) if answer.status_code == _OK else ""
    except (httpx.HTTPError, ValueError, KeyError):
        return Finding("web", Outcome.UNCHECKED, say("APP_URL does not answer: is `vivr web` running behind it?"))
    if not breaker:
        text = say("the shop says that it is not ready ({status})", status=answer.status_code)
        return Finding("web", Outcome.PROBLEM, text)
    if breaker != "closed":
        text = say("Stripe's circuit breaker is {state}: Stripe fails; it closes by itself", state=breaker)
        return Finding("breaker", Outcome.PROBLEM, text)
    return Finding("breaker", Outcome.OK, say("closed"))


async def _door_finding(shop: Shop, door: httpx.AsyncClient, secret: bytes, number: int) -> Finding:
    """A signed round trip through our own address; the event is of a type that nothing follows from."""
    now = shop.clock.now()
    probe = {
        "id": f"evt_vivr_probe_{secrets.token_hex(8)}",
        "object": "event",
        "type": "vivr.probe",
        "livemode": shop.stripe.livemode,
        "api_version": API_VERSION,
        "data": {"object": {"id": "probe"}},
    }
    body = json.dumps(probe).encode()
    name = f"webhook_secret_{number}"
    try:
        answer = await door.post(DOOR, content=body, headers={"Stripe-Signature": signature_of(body, secret, now)})
    except httpx.HTTPError:
        return Finding(name, Outcome.UNCHECKED, say("the webhook's address can't be reached from here"))
    if answer.status_code == _OK:
        return Finding(name, Outcome.OK, say("a signed event is verified and kept"))
    text = say(
        "a signed event is answered with {status}: start `vivr web` anew with this STRIPE_WEBHOOK_SECRET, and let the "
        "proxy pass bodies unchanged",
        status=answer.status_code,
    )
    return Finding(name, Outcome.PROBLEM, text)


async def _waiting_findings(shop: Shop) -> AsyncIterator[Finding]:
    now = shop.clock.now()
    async with shop.database.transaction("doctor") as tx:
        inbox, operations = await inbox_health(tx), await operations_health(tx)
        exceptions = len(await open_exceptions(tx))
    yield _age_finding("inbox", inbox.waiting, inbox.oldest_at, now, say("events wait"))
    if inbox.dead:
        text = say("{count} dead events: put the cause right, then run `vivr webhooks replay-dead`", count=inbox.dead)
        yield Finding("dead_events", Outcome.PROBLEM, text)
    count = operations.started + operations.unknown
    yield _age_finding("operations", count, operations.oldest_at, now, say("writes at Stripe are not settled"))
    if exceptions:
        text = say("{count} open money exceptions: decide them at /admin/exceptions", count=exceptions)
        yield Finding("money_exceptions", Outcome.NOTE, text)


def _age_finding(name: str, count: int, oldest_at: datetime | None, now: datetime, what: str) -> Finding:
    age = now - oldest_at if oldest_at else timedelta(0)
    minutes = int(age.total_seconds() // 60)
    text = say("{count} {what}, the oldest for {minutes} min", count=count, what=what, minutes=minutes)
    if age <= _WAIT_MAX:
        return Finding(name, Outcome.OK, text)
    return Finding(name, Outcome.PROBLEM, text + say("; is `vivr worker` running, and Stripe there?"))
