"""Stripe fails in every way it can: each intended write happens once, is never guessed, and the order moves on."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from money_probe import arm, broken_rules, calls, control, disarm, nothing_changes, open_checkout, rows, run
from shop_kit import GUEST, WORKER, Kit, open_kit
from stripe_sandbox.api import Api, ApiAnswer, ApiRequest
from vivr.checkout.expire_orders import expire_orders
from vivr.checkout.recover_operations import recover_operations
from vivr.clock import SetClock
from vivr.errors import Refusal, Unavailable
from vivr.ids import OrderId
from vivr.operations.run_operation import LEASE
from vivr.orders.model import Order, OrderState
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.requests import API_VERSION, StripeRequest, form_of

CUSTOMERS = "POST /v1/customers"
SESSIONS = "POST /v1/checkout/sessions"
EXPIRE = "POST /v1/checkout/sessions/{id}/expire"

BEFORE: list[dict[str, Any]] = [{"kind": "reset"}, {"kind": "error_before"}, {"kind": "rate_limit"}]
BEFORE.append({"kind": "rate_limit", "reason": "global-rate"})
AFTER: list[dict[str, Any]] = [{"kind": "lose_answer"}, {"kind": "error_after"}]
STORED: dict[str, Any] = {"kind": "error_before", "stored": True}


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop whose client does not repeat calls by itself."""
    async with open_kit(database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0") as opened:
        yield opened


async def recover(kit: Kit) -> int:
    """One turn of the worker on unsettled operations."""
    shop = kit.shop
    return await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


async def recover_until_rest(kit: Kit, clock: SetClock, turns_max: int = 12) -> int:
    """Let time pass and recover until nothing is unsettled; how many turns were taken."""
    turns = 0
    while await kit.count("SELECT count(*) FROM operation WHERE outcome IN ('started', 'unknown')"):
        clock.advance(minutes=5, seconds=1)
        turns += await recover(kit)
        assert turns <= turns_max
    return turns


async def at_stripe(kit: Kit, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind."""
    return (await kit.api("GET", f"/v1/{kind}?limit=100"))["data"]


async def new_order(kit: Kit) -> Order:
    """An order without a session."""
    return await kit.place(await kit.add_product())


async def pay_and_check(kit: Kit, order_id: OrderId) -> None:
    """The order can be paid once, and all is well."""
    link = await kit.shop.start_checkout(GUEST, order_id)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order_id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
    assert await kit.count("SELECT count(*) FROM money_exception") == 0


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
            assert await recover(cut_off) == 1
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


@pytest.mark.parametrize("change", [{"unit_amount": 2491}, {"unit_amount": 99_900}, {"currency": "usd"}], ids=str)
async def test_a_session_that_asks_for_other_money_is_expired_before_the_buyer_sees_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    from vivr.checkout.model import session_parameters  # noqa: PLC0415 - the original, before it is replaced

    def other_money(*args: Any, **more: Any) -> Any:
        made: Any = session_parameters(*args, **more)
        for line in made["line_items"]:
            line["price_data"] |= change
        return made

    order = await new_order(kit)
    with monkeypatch.context() as patched:
        patched.setattr("vivr.checkout.start_checkout.session_parameters", other_money)
        with pytest.raises(Unavailable):
            await kit.shop.start_checkout(GUEST, order.id)
    assert [session["status"] for session in await at_stripe(kit, "checkout/sessions")] == ["expired"]
    assert await rows(kit, "SELECT state, session_url FROM payment") == [{"state": "CANCELLED", "session_url": None}]
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("fault", BEFORE, ids=str)
async def test_an_expiry_that_did_not_happen_frees_nothing_until_stripe_confirms(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order, link, product = await open_checkout(kit)
    await arm(kit, route="POST /v1/checkout/sessions/*/expire", **fault)
    with pytest.raises(Unavailable):
        await kit.shop.cancel_order(GUEST, order.id)
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await kit.stock(product) == (10, 1)
    with pytest.raises(Unavailable):
        await kit.shop.cancel_order(GUEST, order.id)
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    assert await calls(kit, EXPIRE) == (2, 1)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("fault", AFTER, ids=str)
async def test_an_expiry_whose_answer_was_lost_is_believed_when_stripe_shows_it(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order, _, product = await open_checkout(kit)
    await arm(kit, route="POST /v1/checkout/sessions/*/expire", **fault)
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'unknown'") == 1
    await recover_until_rest(kit, clock)
    assert (await calls(kit, EXPIRE))[1] == 1
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'succeeded'") == 3
    assert await broken_rules(kit) == {}


async def test_an_order_is_not_cancelled_while_stripe_cannot_be_read(kit: Kit, clock: SetClock) -> None:
    order, link, product = await open_checkout(kit)
    clock.advance(hours=1)
    await arm(kit, "error_before", "GET /v1/checkout/sessions/*", count=None)
    shop = kit.shop
    async with nothing_changes(kit, but=("orders",)):
        assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert (await kit.order(order.id)).deadline_at == clock.now() + timedelta(minutes=2)
    await disarm(kit)
    await kit.pay(link.url)
    clock.advance(minutes=3)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)


async def test_an_overdue_order_that_nobody_pays_is_cancelled_and_its_stock_freed(kit: Kit, clock: SetClock) -> None:
    order, link, product = await open_checkout(kit, quantity=3)
    bare = await kit.place(product, 2)
    shop = kit.shop
    clock.advance(minutes=54)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    clock.advance(minutes=7)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 2
    assert {(await kit.order(order.id)).state, (await kit.order(bare.id)).state} == {OrderState.CANCELLED}
    assert await kit.stock(product) == (10, 0)
    session = await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}")
    assert session["status"] == "expired"
    assert await broken_rules(kit) == {}


async def test_an_order_that_needs_no_money_or_takes_none_never_reaches_stripe(kit: Kit) -> None:
    free = await kit.place(await kit.add_product(amount=0))
    cancelled = await new_order(kit)
    await kit.shop.cancel_order(GUEST, cancelled.id)
    for order in (free, cancelled):
        with pytest.raises(Refusal, match=r"order_already_paid|order_cancelled"):
            await kit.shop.start_checkout(GUEST, order.id)
    assert await calls(kit, CUSTOMERS) == (0, 0)
    assert await kit.count("SELECT count(*) FROM operation") == 0


async def test_a_session_past_its_end_is_replaced_only_when_it_is_seen_expired(kit: Kit, clock: SetClock) -> None:
    order, first, _ = await open_checkout(kit)
    clock.advance(minutes=46)
    await arm(kit, "reset", "POST /v1/checkout/sessions/*/expire")
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    assert len(await at_stripe(kit, "checkout/sessions")) == 1
    clock.advance(seconds=5)
    await recover(kit)
    second = await kit.shop.start_checkout(GUEST, order.id)
    statuses = {session["id"]: session["status"] for session in await at_stripe(kit, "checkout/sessions")}
    assert statuses == {first.session_id: "expired", second.session_id: "open"}
    await pay_and_check(kit, order.id)
