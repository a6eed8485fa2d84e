"""Stripe fails in every way it can: each intended write happens once, is never guessed, and the order moves on."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from flows.fault_kit import (
    AFTER,
    BEFORE,
    CUSTOMERS,
    SESSIONS,
    STORED,
    at_stripe,
    new_order,
    pay_and_check,
    recover,
    recover_until_rest,
)
from money_probe import arm, broken_rules, calls, control, disarm, rows, run
from shop_kit import GUEST, Kit, open_kit
from stripe_sandbox.api import Api, ApiAnswer, ApiRequest
from vivr.clock import SetClock
from vivr.errors import Refusal, Unavailable
from vivr.operations.run_operation import LEASE
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.requests import API_VERSION, StripeRequest, form_of

pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


@pytest.mark.parametrize("route", [CUSTOMERS, SESSIONS])
@pytest.mark.parametrize("fault", [*BEFORE, AFTER[0]], ids=str)
async def test_a_repeat_finishes_what_a_fault_cut_off(kit: Kit, route: str, fault: dict[str, Any]) -> None:
    order = await new_order(kit)
    await arm(kit, route=route, **fault)
    with pytest.raises(Unavailable, match="stripe_unavailable"):
        await kit.shop.start_checkout(GUEST, order.id)
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'unknown'") == 1
    await kit.shop.start_checkout(GUEST, order.id)
    assert await calls(kit, route) == (2, 1)
    assert (len(await at_stripe(kit, "customers")), len(await at_stripe(kit, "checkout/sessions"))) == (1, 1)
    assert await rows(kit, "SELECT kind, attempt, outcome, tries FROM operation ORDER BY kind") == [
        {"kind": "create_customer", "attempt": 1, "outcome": "succeeded", "tries": 1 + (route == CUSTOMERS)},
        {"kind": "create_session", "attempt": 1, "outcome": "succeeded", "tries": 1 + (route == SESSIONS)},
    ]
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("route", [CUSTOMERS, SESSIONS])
@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=str)
async def test_the_worker_finishes_what_a_fault_cut_off(
    kit: Kit, clock: SetClock, route: str, fault: dict[str, Any]
) -> None:
    order = await new_order(kit)
    await arm(kit, route=route, **fault)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    assert await recover(kit) == 0
    clock.advance(seconds=4)
    assert await recover(kit) == 1
    await recover_until_rest(kit, clock)
    assert (await calls(kit, route))[1] == 1
    await kit.shop.start_checkout(GUEST, order.id)
    assert (len(await at_stripe(kit, "customers")), len(await at_stripe(kit, "checkout/sessions"))) == (1, 1)
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("route", [CUSTOMERS, SESSIONS])
async def test_a_stored_failure_is_read_by_list_and_settled_only_by_two_reads_ten_minutes_apart(
    kit: Kit, clock: SetClock, route: str
) -> None:
    order = await new_order(kit)
    await arm(kit, route=route, **STORED)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    assert await calls(kit, route) == (2, 0)
    for _ in range(2):
        clock.advance(minutes=4, seconds=59)
        assert await recover(kit) == 1
        assert await kit.count("SELECT count(*) FROM operation WHERE error_code = 'read_absent'") == 1
        with pytest.raises(Unavailable):
            await kit.shop.start_checkout(GUEST, order.id)
    assert await calls(kit, route) == (2, 0)
    clock.advance(minutes=5, seconds=2)
    assert await recover(kit) == 1
    failed = await rows(kit, "SELECT attempt, outcome, error_code FROM operation WHERE outcome <> 'succeeded'")
    assert failed == [{"attempt": 1, "outcome": "failed", "error_code": "never_happened"}]
    await kit.shop.start_checkout(GUEST, order.id)
    assert await calls(kit, route) == (3, 1)
    assert await kit.count("SELECT count(*) FROM payment WHERE state = 'FAILED'") == (route == SESSIONS)
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("route", [CUSTOMERS, SESSIONS])
async def test_an_expired_key_is_never_sent_again_but_read(kit: Kit, clock: SetClock, route: str) -> None:
    order = await new_order(kit)
    await arm(kit, "lose_answer", route)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    clock.advance(hours=20)
    await arm(kit, "error_before", "GET /v1/*")
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    await disarm(kit)
    await recover_until_rest(kit, clock)
    assert await calls(kit, route) == (1, 1)
    made = await rows(kit, "SELECT object_id FROM operation WHERE tries > 1")
    kind = "customers" if route == CUSTOMERS else "checkout/sessions"
    assert [found["id"] for found in await at_stripe(kit, kind)] == [found["object_id"] for found in made]
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("route", [CUSTOMERS, SESSIONS])
async def test_another_encoder_reads_instead_of_repeating(kit: Kit, clock: SetClock, route: str) -> None:
    order = await new_order(kit)
    await arm(kit, "lose_answer", route)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    await run(kit, "UPDATE operation SET encoder = 'of another release' WHERE outcome = 'unknown'")
    await recover_until_rest(kit, clock)
    assert await calls(kit, route) == (1, 1)
    await pay_and_check(kit, order.id)


async def test_a_key_that_was_used_otherwise_is_read_and_never_replaced_while_unknown(
    kit: Kit, clock: SetClock
) -> None:
    order = await new_order(kit)
    await arm(kit, "reset", SESSIONS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    key = (await rows(kit, "SELECT idempotency_key AS key FROM operation WHERE outcome = 'unknown'"))[0]["key"]
    fields = {"mode": "payment", "success_url": "http://127.0.0.1:9/", "line_items[0][quantity]": "1"}
    fields["line_items[0][price_data][product_data][name]"] = "Bol"
    price = {"line_items[0][price_data][currency]": "eur", "line_items[0][price_data][unit_amount]": "100"}
    used = await kit.sandbox.post("/v1/checkout/sessions", data=fields | price, headers={"Idempotency-Key": key})
    assert used.status_code == 200
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    assert await rows(kit, "SELECT error_code FROM operation WHERE outcome = 'unknown'") == [
        {"error_code": "idempotency_error"}
    ]
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    assert await kit.count("SELECT count(*) FROM operation WHERE kind = 'create_session'") == 1
    await recover_until_rest(kit, clock)
    assert await kit.count("SELECT count(*) FROM operation WHERE error_code = 'never_happened'") == 1
    await pay_and_check(kit, order.id)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[ApiRequest]:
    """All calls that reach Stripe, as they came."""
    seen: list[ApiRequest] = []
    answer = Api.answer

    async def record(self: Api, request: ApiRequest) -> ApiAnswer:
        seen.append(request)
        return await answer(self, request)

    monkeypatch.setattr(Api, "answer", record)
    return seen


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
async def test_what_is_sent_and_sent_again_is_the_stored_document_under_the_stored_key(
    kit: Kit, clock: SetClock, wire: list[ApiRequest], path: str
) -> None:
    order = await new_order(kit)
    await arm(kit, "reset", f"POST {path}")
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    stored = (await rows(kit, "SELECT * FROM operation WHERE outcome = 'unknown'"))[0]
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    document = StripeRequest.from_bytes(
        kit.shop.seals.open(stored["request_sealed"], table="operation", column="request", row=stored["id"])
    )
    sent = [request for request in wire if (request.method, request.path) == ("POST", path)]
    assert [parse_qsl(request.body.decode(), keep_blank_values=True) for request in sent] == [
        form_of(document.parameters)
    ] * 2
    assert len({request.body for request in sent}) == 1
    assert {request.key for request in sent} == {stored["idempotency_key"]}
    assert {request.headers["stripe-version"] for request in sent} == {API_VERSION, stored["api_version"]}
    assert await kit.count(
        "SELECT count(*) FROM operation WHERE id = %(id)s AND request_sealed IS NULL", id=stored["id"]
    )


async def test_a_sender_that_died_is_replaced_when_its_lease_ends(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await new_order(kit)

    async def die(*_: object) -> object:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("vivr.checkout.start_checkout.send_operation", die)
        with pytest.raises(SystemError):
            await kit.shop.start_checkout(GUEST, order.id)
    for _ in range(2):
        assert await recover(kit) == 0
        with pytest.raises(Unavailable, match="checkout_being_made"):
            await kit.shop.start_checkout(GUEST, order.id)
        with pytest.raises(Unavailable, match="checkout_being_made"):
            await kit.shop.cancel_order(GUEST, order.id)
        clock.advance(seconds=(LEASE - timedelta(seconds=1)).total_seconds())
    assert await recover(kit) == 1
    assert await calls(kit, SESSIONS) == (1, 1)
    await pay_and_check(kit, order.id)


async def test_a_refused_connection_is_unknown_until_stripe_is_back(
    database_url: str, sandbox_url: str, clock: SetClock
) -> None:
    async with open_kit(database_url, sandbox_url, clock=clock) as kit:
        order = await new_order(kit)
        key = kit.shop.settings.stripe_secret_key.reveal()
        await kit.shop.account.scope()
        away = {"STRIPE_SECRET_KEY": key, "STRIPE_MAX_RETRIES": "0"}
        async with open_kit(database_url, "http://127.0.0.1:1", clock=clock, **away) as cut_off:
            for _ in range(2):
                with pytest.raises(Unavailable, match="stripe_unavailable"):
                    await cut_off.shop.start_checkout(GUEST, order.id)
            clock.advance(minutes=1)
            with pytest.raises(Unavailable, match="stripe_unavailable"):
                await recover(cut_off)
        assert await calls(kit, CUSTOMERS) == (0, 0)
        clock.advance(minutes=6)
        assert await recover(kit) == 1
        assert await calls(kit, CUSTOMERS) == (1, 1)
        await pay_and_check(kit, order.id)


async def test_a_refusal_before_execution_is_final_and_the_next_attempt_is_a_new_one(kit: Kit, clock: SetClock) -> None:
    order = await new_order(kit)
    await arm(kit, "reset", SESSIONS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    await control(kit, "POST", "clock", {"advance_s": 20 * 60})
    clock.advance(seconds=10)
    assert await recover(kit) == 1
    refused = await rows(kit, "SELECT outcome, error_code FROM operation WHERE kind = 'create_session'")
    assert refused[0]["outcome"] == "failed"
    assert await rows(kit, "SELECT state, session_id FROM payment") == [{"state": "FAILED", "session_id": None}]
    clock.advance(minutes=20)
    await pay_and_check(kit, order.id)
    assert len(await at_stripe(kit, "checkout/sessions")) == 1


async def test_a_refused_request_ends_the_payment_and_leaves_the_order_payable(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await new_order(kit)

    def nonsense(*_: object, **__: object) -> dict[str, str]:
        return {"nonsense": "1"}

    with monkeypatch.context() as patched:
        patched.setattr("vivr.checkout.start_checkout.session_parameters", nonsense)
        with pytest.raises(Refusal, match="payment_refused"):
            await kit.shop.start_checkout(GUEST, order.id)
    assert await rows(kit, "SELECT state FROM payment") == [{"state": "FAILED"}]
    await pay_and_check(kit, order.id)


async def test_a_key_that_stripe_does_not_take_is_our_problem_and_never_settles_an_unknown(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await new_order(kit)
    await arm(kit, "lose_answer", SESSIONS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)

    async def refuse(*_: object, **__: object) -> Failed:
        return Failed("misconfigured", "api_key_expired", "Expired API key")

    clock.advance(seconds=5)
    with monkeypatch.context() as patched:
        patched.setattr(kit.shop.stripe, "send", refuse)
        assert await recover(kit) == 1
        other = await new_order(kit)
        with pytest.raises(StripeMisconfigured):
            await kit.shop.start_checkout(GUEST, other.id)
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'unknown'") == 1
    clock.advance(minutes=6)
    assert await recover(kit) == 1
    await pay_and_check(kit, order.id)
    await pay_and_check(kit, other.id)
    assert len(await at_stripe(kit, "checkout/sessions")) == 2
