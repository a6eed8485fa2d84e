"""Money that does not fit is held once and explained; it never pays an order, and never hinders the right payment."""

from datetime import UTC, datetime, timedelta

import pytest

from money_probe import (
    SEPA_FAILS,
    SEPA_OK,
    broken_rules,
    cancel_here_alone,
    deliver_about,
    events_about,
    intent_of,
    let_bank,
    named_intent,
    nothing_changes,
    open_checkout,
    pay_by_debit,
    pay_intent,
    reason_of,
    rows,
    run,
)
from shop_kit import GUEST, Kit
from vivr.errors import Conflict
from vivr.ledger.read_ledger import postings_of_order
from vivr.orders.model import OrderState

BOOKS = ("exceptions", "ledger", "messages")


@pytest.mark.parametrize(
    ("change", "kind", "brought"),
    [
        ({"amount": "5379"}, "wrong_amount", (5379, "EUR")),
        ({"amount": "5381"}, "wrong_amount", (5381, "EUR")),
        ({"currency": "usd"}, "wrong_currency", (5470, "USD")),
        ({"customer": "somebody"}, "wrong_customer", (5470, "EUR")),
        ({"customer": ""}, "wrong_customer", (5470, "EUR")),
        ({}, "stray", (5470, "EUR")),
        ({"amount": "1", "currency": "jpy", "customer": ""}, "wrong_currency", (100, "JPY")),
    ],
)
async def test_a_genuine_payment_that_does_not_fit_makes_one_exception_and_nothing_else(
    kit: Kit, change: dict[str, str], kind: str, brought: tuple[int, str]
) -> None:
    order, link, product = await open_checkout(kit, quantity=2)
    if change.get("customer") == "somebody":
        change = {"customer": (await kit.api("POST", "/v1/customers", {"name": "Somebody"}))["id"]}
    if change.get("amount") == "1":
        change = {**change, "amount": "100"}
    fields = {**await named_intent(kit, order.id), **change}
    async with nothing_changes(kit, but=BOOKS):
        intent = await pay_intent(kit, fields)
        assert intent["status"] == "succeeded"
        await deliver_about(kit, intent["id"])
        await deliver_about(kit, intent["id"])
    held = await rows(kit, "SELECT * FROM money_exception")
    assert [(row["kind"], row["object_id"], row["state"]) for row in held] == [(kind, intent["id"], "open")]
    assert (held[0]["amount_minor"], held[0]["currency"]) == brought
    assert (held[0]["expected_minor"], held[0]["expected_currency"]) == (5470, "EUR")
    async with kit.shop.database.transaction() as tx:
        posted = [(row.kind, row.ledger_account, row.amount_minor) for row in await postings_of_order(tx, order.id)]
    assert posted == [("capture", "fx_clearing", brought[0]), ("capture", "held_for_customers", -brought[0])]
    assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'money_exception.recorded'") == 1
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (8, 0)
    assert await kit.count("SELECT count(*) FROM money_exception") == 1
    assert await broken_rules(kit) == {}


async def test_a_stray_that_comes_after_the_order_is_paid_is_held_too(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    fields = await named_intent(kit, order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    intent = await pay_intent(kit, fields)
    async with nothing_changes(kit, but=BOOKS):
        await deliver_about(kit, intent["id"])
    assert await kit.count("SELECT count(*) FROM money_exception") == 1


async def test_a_stray_that_was_only_authorised_is_held_without_a_posting_until_it_is_captured(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent = await pay_intent(kit, {**await named_intent(kit, order.id), "capture_method": "manual", "amount": "700"})
    assert intent["status"] == "requires_capture"
    await deliver_about(kit, intent["id"])
    assert await kit.count("SELECT amount_minor::int FROM money_exception") == 700
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 0
    await kit.api("POST", f"/v1/payment_intents/{intent['id']}/capture", {"amount_to_capture": "600"})
    await deliver_about(kit, intent["id"])
    assert await kit.count("SELECT count(*) FROM money_exception") == 1
    assert await kit.count("SELECT max(amount_minor)::int FROM ledger_posting") == 600
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await broken_rules(kit) == {}


async def test_a_named_payment_that_brings_nothing_is_no_exception(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    fields = await named_intent(kit, order.id)
    del fields["confirm"], fields["payment_method"], fields["return_url"]
    intent = await pay_intent(kit, fields)
    await kit.api("POST", f"/v1/payment_intents/{intent['id']}/cancel")
    async with nothing_changes(kit):
        await deliver_about(kit, intent["id"])
    cancelled = (await events_about(kit, intent["id"]))[-1]
    state, reason = await reason_of(kit, cancelled["id"])
    assert (state, reason) == (
        "PROCESSED",
        "The PaymentIntent is not the one of the payment that it names; it is canceled and holds no money.",
    )


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"metadata[shop]": "another-shop"}, "It belongs to another shop that shares this Stripe account."),
        ({"metadata[shop]": "TEST-SHOP"}, "It belongs to another shop that shares this Stripe account."),
        ({"metadata[shop]": ""}, "It carries none of this shop's metadata."),
        ({"metadata[payment]": ""}, "It carries none of this shop's metadata."),
    ],
)
async def test_money_of_another_shop_is_ignored_with_a_reason(kit: Kit, metadata: dict[str, str], reason: str) -> None:
    order, _, _ = await open_checkout(kit)
    intent = await pay_intent(kit, {**await named_intent(kit, order.id), **metadata})
    async with nothing_changes(kit):
        await deliver_about(kit, intent["id"])
    succeeded = [event for event in await events_about(kit, intent["id"]) if event["type"].endswith("succeeded")]
    assert await reason_of(kit, succeeded[0]["id"]) == ("IGNORED", reason)


async def test_a_session_of_another_program_is_ignored(kit: Kit) -> None:
    fields = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "2490",
        "line_items[0][price_data][product_data][name]": "Bol",
    }
    session = await kit.api("POST", "/v1/checkout/sessions", fields)
    await kit.sandbox.post(
        session["url"],
        data={"number": "4242424242424242", "expiry": "12/34", "cvc": "123", "name": "A", "email": "a@example.com"},
    )
    async with nothing_changes(kit):
        await kit.deliver_all()
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state = 'IGNORED' AND reason IS NOT NULL") == (
        await kit.count("SELECT count(*) FROM inbox_event")
    )


async def test_a_session_that_only_names_our_payment_is_not_its_session(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    named = await named_intent(kit, order.id)
    fields = {"mode": "payment", "success_url": "http://127.0.0.1:9/", "customer": named["customer"]}
    fields |= {name: value for name, value in named.items() if name.startswith("metadata")}
    fields |= {"line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "eur"}
    fields |= {"line_items[0][price_data][unit_amount]": "2980"}
    fields |= {"line_items[0][price_data][product_data][name]": "Bol"}
    forged = await kit.api("POST", "/v1/checkout/sessions", fields)
    await kit.pay(forged["url"])
    async with nothing_changes(kit):
        await deliver_about(kit, forged["id"])
    completed = (await events_about(kit, forged["id"]))[0]
    assert await reason_of(kit, completed["id"]) == ("IGNORED", "Another session belongs to this payment.")
    await run(kit, "UPDATE payment SET session_id = NULL, session_url = NULL")
    await run(kit, "UPDATE inbox_event SET state = 'RECEIVED', ended_at = NULL, next_try_at = now()")
    await kit.process()
    assert await rows(kit, "SELECT state, reason, tries FROM inbox_event") == [
        {"state": "RETRYING", "reason": "Unavailable", "tries": 0}
    ]
    del link


async def test_money_for_a_payment_that_this_shop_does_not_know_is_held_as_unknown_order(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent = await pay_intent(kit, {**await named_intent(kit, order.id), "metadata[payment]": "pay_nobody"})
    async with nothing_changes(kit, but=BOOKS):
        await deliver_about(kit, intent["id"])
        await deliver_about(kit, intent["id"])
    held = await rows(kit, "SELECT kind, order_id, payment_id, amount_minor, expected_minor FROM money_exception")
    assert held == [
        {"kind": "unknown_order", "order_id": None, "payment_id": None, "amount_minor": 2980, "expected_minor": None}
    ]
    assert await kit.count("SELECT count(*) FROM ledger_entry WHERE order_id IS NULL") == 1


async def test_an_order_that_changed_under_its_session_is_not_paid_by_it(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await run(kit, "UPDATE orders SET payable_minor = payable_minor - 1 WHERE id = %(id)s", id=order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await rows(kit, "SELECT kind, amount_minor, expected_minor FROM money_exception") == [
        {"kind": "wrong_amount", "amount_minor": 2980, "expected_minor": 2979}
    ]
    assert await rows(kit, "SELECT state, settles, captured_minor FROM payment") == [
        {"state": "CAPTURED", "settles": False, "captured_minor": 2980}
    ]
    assert await kit.stock(product) == (10, 1)
    assert await rows(kit, "SELECT kind FROM email_message") == [{"kind": "money_exception_staff"}]
    await run(kit, "UPDATE orders SET payable_minor = payable_minor + 1 WHERE id = %(id)s", id=order.id)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize(
    ("field", "value", "kind"), [("amount", "1000", "wrong_amount"), ("customer", "somebody", "wrong_customer")]
)
async def test_a_session_payment_that_was_changed_at_stripe_is_not_trusted(
    kit: Kit, field: str, value: str, kind: str
) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url, "4000000000000002")
    if value == "somebody":
        value = (await kit.api("POST", "/v1/customers", {"name": "Somebody"}))["id"]
    await kit.api("POST", f"/v1/payment_intents/{await intent_of(kit, link.session_id)}", {field: value})
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert [row["kind"] for row in await rows(kit, "SELECT kind FROM money_exception")] == [kind]
    assert await broken_rules(kit) == {}


async def test_an_order_with_money_that_is_held_is_not_cancelled_and_keeps_its_stock(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await run(kit, "UPDATE orders SET payable_minor = payable_minor - 1 WHERE id = %(id)s", id=order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    with pytest.raises(Conflict, match="payment_in_progress"):
        await kit.shop.cancel_order(GUEST, order.id)
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await kit.stock(product) == (10, 1)


async def test_an_order_whose_money_is_held_is_not_paid_a_second_time(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await run(kit, "UPDATE orders SET payable_minor = payable_minor - 1 WHERE id = %(id)s", id=order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    with pytest.raises(Conflict, match="payment_in_progress"):
        await kit.shop.start_checkout(GUEST, order.id)
    assert len((await kit.api("GET", "/v1/checkout/sessions"))["data"]) == 1


async def test_money_after_the_cancellation_is_held_as_late(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await cancel_here_alone(kit)
    await kit.pay(link.url)
    await kit.deliver_all()
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert [row["kind"] for row in await rows(kit, "SELECT kind FROM money_exception")] == ["late"]
    assert await kit.stock(product) == (10, 0)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("first", [0, 1])
async def test_two_captured_payments_pay_an_order_once_and_hold_the_other(kit: Kit, first: int) -> None:
    order, old_link, product = await open_checkout(kit)
    await run(kit, "UPDATE payment SET state = 'CANCELLED' WHERE order_id = %(id)s", id=order.id)
    new_link = await kit.shop.start_checkout(GUEST, order.id)
    assert new_link.session_id != old_link.session_id
    links = (old_link, new_link)
    await kit.pay(links[0].url)
    await kit.pay(links[1].url)
    for link in (links[first], links[1 - first]):
        settlement = await kit.shop.settle_session(GUEST, link.session_id)
        assert settlement is not None
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    settling = await rows(kit, "SELECT session_id FROM payment WHERE settles")
    assert settling == [{"session_id": links[first].session_id}]
    assert [row["kind"] for row in await rows(kit, "SELECT kind FROM money_exception")] == ["twice"]
    assert await kit.count("SELECT count(*) FROM email_message WHERE kind = 'order_confirmation'") == 1
    assert await broken_rules(kit) == {}


async def test_an_event_of_live_mode_or_another_account_is_ignored(kit: Kit) -> None:
    _, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    event = (await kit.events("checkout.session.completed"))[0]
    async with nothing_changes(kit):
        assert await kit.deliver({**event, "livemode": True}) == 200
        assert await kit.deliver({**event, "id": "evt_other", "account": "acct_other"}) == 200
        assert await kit.deliver({**event, "id": "evt_type", "type": "checkout.session.unheard_of"}) == 200
        assert await kit.deliver({**event, "id": "evt_bare", "data": {"object": {}}}) == 200
        await kit.process()
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state = 'IGNORED' AND reason IS NOT NULL") == 4
    await kit.deliver_all()
    assert await kit.count("SELECT count(*) FROM orders WHERE state = 'PAID'") == 1


async def test_an_event_about_an_object_that_stripe_does_not_have_is_ignored(kit: Kit) -> None:
    _, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    event = (await kit.events("payment_intent.succeeded"))[0]
    forged = {**event, "id": "evt_forged", "data": {"object": {**event["data"]["object"], "id": "pi_nobody"}}}
    async with nothing_changes(kit):
        assert await kit.deliver(forged) == 200
        await kit.process()
    assert await reason_of(kit, "evt_forged") == ("IGNORED", "Stripe has no such object in this account.")


async def test_what_an_event_says_is_never_believed(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await kit.pay(link.url, "4000000000000002")
    failed = (await kit.events("payment_intent.payment_failed"))[0]
    claims = {**failed["data"]["object"], "status": "succeeded", "amount_received": 2980}
    lie = {**failed, "id": "evt_lie", "type": "payment_intent.succeeded", "data": {"object": claims}}
    assert await kit.deliver(lie) == 200
    await kit.process()
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await broken_rules(kit) == {}


async def test_the_order_of_events_and_their_repetition_change_nothing(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url, "4000000000000002")
    await kit.pay(link.url)
    events = await kit.events()
    for event in (*reversed(events), *events):
        assert await kit.deliver(event) == 200
        await kit.process()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 1
    assert await kit.count("SELECT min(deliveries) FROM inbox_event") == 2
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')") == 0
    assert await broken_rules(kit) == {}


async def test_a_debit_on_its_way_is_processing_and_its_money_pays_the_order(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await pay_by_debit(kit, link.url, SEPA_OK)
    session = await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}")
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    await kit.deliver_all("checkout.session.completed")
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    assert await kit.stock(product) == (10, 1)
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 0
    async with nothing_changes(kit, but=("payments",)):
        with pytest.raises(Conflict, match="payment_in_progress"):
            await kit.shop.cancel_order(GUEST, order.id)
        with pytest.raises(Conflict, match="payment_in_progress"):
            await kit.shop.start_checkout(GUEST, order.id)
    await let_bank(kit, link.session_id, "settle")
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await rows(kit, "SELECT method_type, method_last4 FROM payment") == [
        {"method_type": "sepa_debit", "method_last4": "3000"}
    ]
    assert await broken_rules(kit) == {}


async def test_a_debit_that_failed_gives_the_order_back_with_a_new_deadline(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await pay_by_debit(kit, link.url, SEPA_FAILS)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    await run(kit, "UPDATE orders SET deadline_at = now() - interval '3 days' WHERE id = %(id)s", id=order.id)
    await let_bank(kit, link.session_id, "fail")
    await kit.deliver_all()
    given_back = await kit.order(order.id)
    assert given_back.state == OrderState.PENDING
    assert given_back.deadline_at - datetime.now(UTC) > timedelta(minutes=59)
    assert await rows(kit, "SELECT state, failure_code FROM payment") == [
        {"state": "FAILED", "failure_code": "payment_method_provider_decline"}
    ]
    assert await kit.stock(product) == (10, 1)
    again = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(again.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
