"""The judgement of Stripe's word: an order is paid if and only if everything fits, and what is captured stays so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from money_samples import INTENT, ORDER, PAYMENT, SESSION
from vivr.orders.model import SETTLED, TRANSITIONS, Order, OrderState
from vivr.payments.model import OPEN, Judgement, Misfit, Payment, PaymentState, Snapshot, judge, order_move, poll_delay
from vivr.stripe_gateway.objects import Charge, PaymentError, PaymentIntent, Session

STATUSES = [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
    "of_a_later_version",
]


def payment_in(state: PaymentState, customer_id: str | None, *, livemode: bool) -> Payment:
    """The payment, standing elsewhere."""
    return replace(PAYMENT, state=state, customer_id=customer_id, livemode=livemode)


def order_in(state: OrderState, currency: str, payable_minor: int) -> Order:
    """The order, standing elsewhere and asking for something else."""
    return replace(ORDER, state=state, currency=currency, payable_minor=payable_minor)


payments = st.builds(
    payment_in,
    st.sampled_from(PaymentState),
    st.sampled_from(["cus_1", "cus_1", "cus_2", None]),
    livemode=st.sampled_from([False, False, True]),
)
orders = st.builds(
    order_in,
    st.sampled_from(OrderState),
    st.sampled_from(["EUR", "EUR", "USD"]),
    st.sampled_from([2980, 2980, 2979, 1]),
)
intents = st.builds(
    PaymentIntent,
    id=st.just("pi_1"),
    status=st.sampled_from([*STATUSES, "succeeded", "requires_capture"]),
    amount=st.sampled_from([2980, 2980, 100]),
    amount_received=st.sampled_from([2980, 2980, 2979, 0]),
    currency=st.sampled_from(["eur", "eur", "EUR", "usd", "jpy"]),
    livemode=st.sampled_from([False, False, True]),
    customer=st.sampled_from(["cus_1", "cus_1", "cus_2", None]),
    last_payment_error=st.none() | st.just(PaymentError("card_error")),
    metadata=st.sampled_from([{"payment": "pay_1"}, {"payment": "pay_1"}, {"payment": "pay_2"}, {}]),
)
sessions = st.builds(
    Session,
    id=st.just("cs_1"),
    status=st.sampled_from(["open", "complete", "expired", None]),
    payment_status=st.sampled_from(["paid", "unpaid", "no_payment_required"]),
    amount_total=st.just(2980),
    currency=st.just("eur"),
    livemode=st.just(False),
    expires_at=st.just(0),
)
snapshots = st.builds(Snapshot, st.just(1), st.none() | sessions, st.none() | intents)


def what_fits(payment: Payment, order: Order, snapshot: Snapshot) -> bool:
    """The comparisons and the states, written down once more."""
    intent = snapshot.intent
    return (
        intent is not None
        and intent.status == "succeeded"
        and intent.amount_received == order.payable_minor
        and intent.currency.upper() == order.currency
        and intent.customer is not None
        and intent.customer == payment.customer_id
        and intent.livemode == payment.livemode
        and intent.metadata.get("payment") == payment.id
        and order.state in {OrderState.PENDING, OrderState.PROCESSING}
        and payment.state != PaymentState.CAPTURED
    )


@settings(deadline=None, max_examples=600)
@given(payments, orders, snapshots)
def test_an_order_is_paid_if_and_only_if_everything_fits(payment: Payment, order: Order, snapshot: Snapshot) -> None:
    judgement = judge(payment, order, snapshot)
    assert (judgement.order_to == OrderState.PAID) == what_fits(payment, order, snapshot)


@settings(deadline=None, max_examples=600)
@given(payments, orders, snapshots)
def test_money_that_came_settles_or_is_a_misfit_and_moves_no_order(
    payment: Payment, order: Order, snapshot: Snapshot
) -> None:
    judgement = judge(payment, order, snapshot)
    intent = snapshot.intent
    if intent is not None and intent.status == "succeeded" and payment.state != PaymentState.CAPTURED:
        assert judgement.state == PaymentState.CAPTURED
        assert (judgement.misfit is None) == (judgement.order_to == OrderState.PAID)
    if judgement.misfit is not None:
        assert judgement.order_to is None
        assert judgement.state in {PaymentState.CAPTURED, PaymentState.AUTHORIZED}


@settings(deadline=None, max_examples=600)
@given(payments, orders, snapshots)
def test_no_judgement_leaves_the_table_of_moves_or_takes_a_payment_back(
    payment: Payment, order: Order, snapshot: Snapshot
) -> None:
    judgement = judge(payment, order, snapshot)
    assert judgement.order_to is None or (order.state, judgement.order_to) in TRANSITIONS
    if payment.state == PaymentState.CAPTURED:
        assert judgement == Judgement(PaymentState.CAPTURED, None, None, "already_captured")
    if payment.state in {PaymentState.CANCELLED, PaymentState.FAILED}:
        assert judgement.state in {payment.state, PaymentState.CAPTURED, PaymentState.AUTHORIZED}
    if order.state in SETTLED or order.state == OrderState.CANCELLED:
        assert judgement.order_to is None


@pytest.mark.parametrize(
    ("changes", "misfit"),
    [
        ({"livemode": True, "currency": "usd", "amount_received": 1, "customer": None}, Misfit.WRONG_MODE),
        ({"currency": "usd", "amount_received": 1, "customer": None}, Misfit.WRONG_CURRENCY),
        ({"amount_received": 2981, "customer": None}, Misfit.WRONG_AMOUNT),
        ({"amount_received": 0}, Misfit.WRONG_AMOUNT),
        ({"customer": None}, Misfit.WRONG_CUSTOMER),
        ({"customer": "cus_2"}, Misfit.WRONG_CUSTOMER),
        ({"metadata": {"shop": "other-shop", "payment": "pay_2"}}, Misfit.STRAY),
        ({"metadata": {}}, Misfit.STRAY),
    ],
)
def test_the_gravest_misfit_is_named(changes: dict[str, Any], misfit: Misfit) -> None:
    intent = structs.replace(INTENT, **changes)
    for state in OrderState:
        judgement = judge(PAYMENT, replace(ORDER, state=state), Snapshot(1, SESSION, intent))
        assert judgement == Judgement(PaymentState.CAPTURED, misfit, None, misfit)


@pytest.mark.parametrize(
    ("state", "misfit"),
    [(state, Misfit.TWICE) for state in sorted(SETTLED)] + [(OrderState.CANCELLED, Misfit.LATE)],
)
def test_fitting_money_for_an_order_that_can_take_none_is_twice_or_late(state: OrderState, misfit: Misfit) -> None:
    judgement = judge(PAYMENT, replace(ORDER, state=state), Snapshot(1, SESSION, INTENT))
    assert judgement == Judgement(PaymentState.CAPTURED, misfit, None, misfit)


def test_a_payment_that_sent_no_customer_is_never_fitting() -> None:
    intent = PaymentIntent("pi_1", "succeeded", 2980, 2980, "eur", livemode=False, customer=None)
    judgement = judge(replace(PAYMENT, customer_id=None), ORDER, Snapshot(1, SESSION, intent))
    assert judgement.misfit == Misfit.WRONG_CUSTOMER


@pytest.mark.parametrize(
    ("session_status", "intent_status", "before", "after"),
    [
        ("open", None, "REQUIRES_PAYMENT", "REQUIRES_PAYMENT"),
        ("open", "requires_payment_method", "REQUIRES_PAYMENT", "REQUIRES_PAYMENT"),
        ("open", "requires_action", "REQUIRES_PAYMENT", "REQUIRES_ACTION"),
        ("open", "requires_payment_method", "REQUIRES_ACTION", "REQUIRES_PAYMENT"),
        ("expired", None, "REQUIRES_PAYMENT", "CANCELLED"),
        ("expired", "requires_payment_method", "REQUIRES_PAYMENT", "CANCELLED"),
        ("expired", "requires_action", "REQUIRES_ACTION", "CANCELLED"),
        ("expired", "canceled", "REQUIRES_PAYMENT", "CANCELLED"),
        ("expired", "succeeded", "REQUIRES_PAYMENT", "CAPTURED"),
        ("complete", "processing", "REQUIRES_PAYMENT", "PROCESSING"),
        ("complete", "requires_payment_method", "PROCESSING", "FAILED"),
        ("complete", "succeeded", "PROCESSING", "CAPTURED"),
        ("complete", "requires_capture", "REQUIRES_PAYMENT", "AUTHORIZED"),
        ("complete", "canceled", "AUTHORIZED", "CANCELLED"),
        (None, "canceled", "REQUIRES_PAYMENT", "CANCELLED"),
        (None, "requires_confirmation", "REQUIRES_PAYMENT", "REQUIRES_PAYMENT"),
        ("complete", "processing", "CANCELLED", "CANCELLED"),
        ("open", None, "FAILED", "FAILED"),
        ("complete", "succeeded", "CANCELLED", "CAPTURED"),
    ],
)
def test_where_a_payment_stands_is_the_word_of_its_intent(
    session_status: str | None, intent_status: str | None, before: str, after: str
) -> None:
    session = Session("cs_1", session_status, "unpaid", 2980, "eur", livemode=False, expires_at=0)
    intent = None
    if intent_status is not None:
        received = 2980 if intent_status == "succeeded" else 0
        intent = PaymentIntent("pi_1", intent_status, 2980, received, "eur", livemode=False, customer="cus_1")
    payment = replace(PAYMENT, state=PaymentState(before))
    snapshot = Snapshot(1, session if session_status else None, intent)
    assert judge(payment, ORDER, snapshot).state == PaymentState(after)


def test_a_failed_debit_that_was_never_seen_processing_ends_its_payment() -> None:
    failed = PaymentIntent(
        "pi_1",
        "requires_payment_method",
        2980,
        0,
        "eur",
        livemode=False,
        customer="cus_1",
        last_payment_error=PaymentError("card_error"),
    )
    assert judge(PAYMENT, ORDER, Snapshot(1, SESSION, failed)).state == PaymentState.FAILED


def test_the_session_says_nothing_about_money() -> None:
    for payment_status in ("paid", "no_payment_required"):
        session = Session("cs_1", "complete", payment_status, 2980, "eur", livemode=False, expires_at=0)
        judgement = judge(PAYMENT, ORDER, Snapshot(1, session, None))
        assert (judgement.state in OPEN, judgement.order_to) == (True, None)


def test_only_an_expanded_charge_is_read() -> None:
    charge = Charge("ch_1", 2980, 2980, "eur", "succeeded")
    expanded = PaymentIntent("pi_1", "succeeded", 2980, 2980, "eur", livemode=False, latest_charge=charge)
    bare = PaymentIntent("pi_1", "succeeded", 2980, 2980, "eur", livemode=False, latest_charge="ch_1")
    assert Snapshot(1, None, expanded).charge == charge
    assert Snapshot(1, None, bare).charge is None
    assert Snapshot(1, None, None).charge is None


def test_captured_money_is_held_until_all_of_it_was_given_back() -> None:
    captured = replace(PAYMENT, state=PaymentState.CAPTURED, captured_minor=2980)
    assert captured.holds_money
    assert replace(captured, refunded_minor=2979).holds_money
    assert not replace(captured, refunded_minor=2980).holds_money
    assert not replace(captured, refunded_minor=980, lost_minor=2000).holds_money
    assert not PAYMENT.holds_money


@pytest.mark.parametrize(
    ("sums", "state", "expected"),
    [
        ((2980, 0, 0), OrderState.SHIPPED, OrderState.REFUNDED),
        ((2979, 0, 0), OrderState.DELIVERED, None),
        ((2980, 0, 0), OrderState.REFUNDED, None),
        ((0, 0, 0), OrderState.REFUNDED, OrderState.DELIVERED),
        ((0, 1, 0), OrderState.DELIVERED, OrderState.DISPUTED),
        ((2980, 1, 0), OrderState.REFUNDED, OrderState.DISPUTED),
        ((2980, 1, 0), OrderState.DISPUTED, None),
        ((0, 0, 2980), OrderState.DISPUTED, OrderState.REFUNDED),
        ((980, 0, 2000), OrderState.DISPUTED, OrderState.REFUNDED),
        ((0, 0, 2979), OrderState.DISPUTED, OrderState.DELIVERED),
        ((0, 0, 0), OrderState.DISPUTED, OrderState.DELIVERED),
        ((0, 2980, 0), OrderState.CANCELLED, None),
    ],
)
def test_the_order_follows_the_sums_of_what_settled_it(
    sums: tuple[int, int, int], state: OrderState, expected: OrderState | None
) -> None:
    refunded, disputed, lost = sums
    payment = replace(
        PAYMENT, settles=True, captured_minor=2980, refunded_minor=refunded, disputed_minor=disputed, lost_minor=lost
    )
    assert order_move(state, OrderState.DELIVERED, payment) is expected
    assert order_move(state, OrderState.DELIVERED, replace(payment, settles=False)) is None


@given(
    st.sampled_from(sorted(SETTLED)),
    st.sampled_from([OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED]),
    st.tuples(*[st.integers(0, 3000)] * 3),
)
def test_whatever_the_sums_do_the_order_moves_along_an_edge_and_rests_there(
    state: OrderState, progress: OrderState, sums: tuple[int, int, int]
) -> None:
    refunded, disputed, lost = sums
    payment = replace(
        PAYMENT, settles=True, captured_minor=2980, refunded_minor=refunded, disputed_minor=disputed, lost_minor=lost
    )
    if state not in {OrderState.REFUNDED, OrderState.DISPUTED}:
        progress = state
    to = order_move(state, progress, payment)
    assert to is None or (state, to) in TRANSITIONS
    assert order_move(to or state, progress, payment) is None


def test_stripe_is_asked_after_20_seconds_then_half_as_often_down_to_every_five_minutes() -> None:
    first, longest = timedelta(seconds=20), timedelta(minutes=5)
    pauses = [poll_delay(polls, first=first, longest=longest).total_seconds() for polls in (0, 1, 2, 3, 4, 5, 1000)]
    assert pauses == [20, 40, 80, 160, 300, 300, 300]
