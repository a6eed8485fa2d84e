"""`vivr doctor --live`: what is well, and what is not with its cure."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
import pytest

from money_probe import arm, control, rows
from refund_kit import paid_order, refund
from shop_kit import WEBHOOK_SECRET, Kit, open_kit
from vivr.cli.doctor_live import live_findings
from vivr.cli.findings import Finding, Outcome
from vivr.refunds.model import RefundState
from vivr.stripe_gateway.requests import API_VERSION
from vivr.web.app import build_app
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import DOOR

ORIGIN = "http://127.0.0.1:8000"


async def look(kit: Kit) -> dict[str, Finding]:
    """All findings by name, with the shop behind its address."""
    transport = httpx.ASGITransport(build_app(kit.shop))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as door:
        return {finding.name: finding async for finding in live_findings(kit.shop, door)}


async def add_endpoint(kit: Kit, *events: str, version: str = API_VERSION) -> str:
    """An endpoint at the shop's own address."""
    fields = {"url": ORIGIN + DOOR, "api_version": version}
    fields |= {f"enabled_events[{number}]": event for number, event in enumerate(events)}
    return str((await kit.api("POST", "/v1/webhook_endpoints", fields))["id"])


async def test_a_shop_that_is_well_has_no_problem_and_the_probe_is_ignored(kit: Kit) -> None:
    await add_endpoint(kit, *SUBSCRIBED)
    found = await look(kit)
    assert {finding.outcome for finding in found.values()} == {Outcome.OK}
    assert found.keys() == {
        *("stripe_api", "stripe_clock", "webhook_endpoint", "breaker", "webhook_secret_1", "inbox", "operations")
    }
    assert await rows(kit, "SELECT type, state, object_id FROM inbox_event") == [
        {"type": "vivr.probe", "state": "IGNORED", "object_id": "probe"}
    ]


async def test_an_endpoint_that_is_missing_lacks_events_or_is_of_another_version_is_told(kit: Kit) -> None:
    found = (await look(kit))["webhook_endpoint"]
    assert found.outcome is Outcome.PROBLEM
    assert ORIGIN + DOOR in found.text
    lacking = await add_endpoint(kit, *SUBSCRIBED[1:])
    found = (await look(kit))["webhook_endpoint"]
    assert (found.outcome, lacking in found.text, SUBSCRIBED[0] in found.text) == (Outcome.PROBLEM, True, True)
    assert SUBSCRIBED[1] not in found.text.replace(SUBSCRIBED[0], "")


async def test_a_stripe_that_is_away_leaves_the_rest_to_be_looked_at(kit: Kit) -> None:
    await kit.shop.account.scope()
    await arm(kit, "refuse", "*", count=None)
    found = await look(kit)
    assert found["stripe_api"].outcome is Outcome.UNCHECKED
    assert found["webhook_secret_1"].outcome is Outcome.OK
    assert found["inbox"].outcome is Outcome.OK


async def test_a_clock_that_is_wrong_is_told(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_endpoint(kit, "*")
    now = kit.shop.clock.now() - timedelta(minutes=2)

    def late(_: object) -> datetime:
        return now

    monkeypatch.setattr(type(kit.shop.clock), "now", late)
    assert (await look(kit))["stripe_clock"].outcome is Outcome.PROBLEM


async def test_a_door_that_is_shut_or_knows_another_secret_is_told(kit: Kit) -> None:
    async def refuse(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(400)

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url=ORIGIN) as door:
        found = {finding.name: finding async for finding in live_findings(kit.shop, door)}
    assert found["webhook_secret_1"].outcome is Outcome.PROBLEM
    assert "400" in found["webhook_secret_1"].text
    assert WEBHOOK_SECRET not in str(found)
    assert found["web"].outcome is Outcome.PROBLEM
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False) as door:
        found = {finding.name: finding async for finding in live_findings(kit.shop, door)}
    assert {found["web"].outcome, found["webhook_secret_1"].outcome} == {Outcome.UNCHECKED}


async def test_dead_events_and_old_ones_are_problems(kit: Kit) -> None:
    async with kit.shop.database.transaction() as tx:
        await tx.connection.execute(
            """
            INSERT INTO inbox_event (account, livemode, id, type, object_id, subject, version_drift, body, received_at,
                                     deliveries, state, reason, next_try_at, ended_at, request_id)
            VALUES ('acct_1', false, 'evt_1', 'charge.updated', 'ch_1', 'ch_1', false, '{}', now(), 1, 'DEAD', 'no',
                    now(), now(), 'req_1'),
                   ('acct_1', false, 'evt_2', 'charge.updated', 'ch_1', 'ch_1', false, '{}',
                    now() - interval '11 minutes', 1, 'RECEIVED', NULL, now(), NULL, 'req_1')
            """
        )
    found = await look(kit)
    assert (found["dead_events"].outcome, found["inbox"].outcome) == (Outcome.PROBLEM, Outcome.PROBLEM)


RESTRICTED: dict[str, object] = {
    **dict.fromkeys(
        ("charge", "customer", "checkout_session", "payment_intent", "dispute", "file", "webhook"), "write"
    ),
    **dict.fromkeys(
        ("accounts_kyc_basic", "balance_transaction_source", "event", "payout", "radar", "review"),
        "read",
    ),
}
"""What a restricted key needs at the sandbox."""


@asynccontextmanager
async def restricted_kit(kit: Kit, database_url: str, sandbox_url: str, **other: str) -> AsyncGenerator[Kit]:
    """The same account under a restricted key."""
    made = await control(kit, "POST", "restricted_keys", RESTRICTED | other)
    async with open_kit(database_url, sandbox_url, STRIPE_SECRET_KEY=made["key"]) as opened:
        yield opened


async def test_a_restricted_key_with_all_that_is_needed_is_well_and_sells(
    kit: Kit, database_url: str, sandbox_url: str
) -> None:
    await add_endpoint(kit, *SUBSCRIBED)
    async with restricted_kit(kit, database_url, sandbox_url) as restricted:
        found = await look(restricted)
        assert {finding.outcome for finding in found.values()} == {Outcome.OK}
        assert "stripe_permissions" in found
        # Asking made nothing.
        assert (await control(kit, "GET", "requests"))["routes"]["POST /v1/files"] == {"requests": 1, "effects": 0}
        assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'stripe.key_refused'") == 0
        order, _ = await paid_order(restricted)
        assert (await refund(restricted, order.id)).state is RefundState.SUCCEEDED


@pytest.mark.parametrize(
    ("resource", "level", "named"),
    [
        ("charge", "read", "Refunds (écriture)"),
        ("charge", "none", "Charges (lecture), Refunds (écriture)"),
        ("file", "read", "Files (écriture)"),
        ("dispute", "read", "Disputes (écriture)"),
        ("event", "none", "Events (lecture)"),
        ("accounts_kyc_basic", "none", "Accounts (lecture)"),
    ],
)
async def test_what_a_restricted_key_lacks_is_named(
    kit: Kit, database_url: str, sandbox_url: str, resource: str, level: str, named: str
) -> None:
    async with restricted_kit(kit, database_url, sandbox_url, **{resource: level}) as restricted:
        found = (await look(restricted))["stripe_permissions"]
        assert found.outcome is Outcome.PROBLEM
        assert f"clé restreinte\u00a0: {named}. Modifiez-la" in found.text
