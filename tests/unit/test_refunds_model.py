"""What a refund gives back, line by line to the last cent of tax; who may ask, and who decides."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money_samples import NOW, PAYMENT
from vivr.errors import InvalidInput, VivrError
from vivr.ids import OrderId, ProductId, RefundId
from vivr.money import Money
from vivr.operations.model import OperationKind
from vivr.orders.model import OrderLine, OrderState
from vivr.payments.model import PaymentState
from vivr.recovery import ENDINGS
from vivr.refunds.model import (
    TRANSITIONS,
    LineRest,
    Reason,
    Refund,
    RefundLine,
    RefundPlan,
    RefundState,
    RefundTerms,
    Wish,
    WishedUnits,
    check_refundable,
    judge_acceptance,
    may_execute,
    plan_refund,
    poll_delay,
    state_of_status,
    sums_of,
)

TERMS: Final = RefundTerms("shop", customer_executes=False, approval_above=Money(5000, "EUR"))
GONE: Final = replace(
    PAYMENT, state=PaymentState.CAPTURED, captured_minor=5000, refunded_minor=1500, refund_pending_minor=500
)
REFUND: Final = Refund(
    id=RefundId("rfd_1"),
    order_id=OrderId("ord_1"),
    payment_id=PAYMENT.id,
    account="acct_1",
    livemode=False,
    stripe_id=None,
    state=RefundState.REQUESTED,
    origin="customer",
    amount_minor=5001,
    currency="EUR",
    reason=Reason.OTHER,
    wish=Wish().to_json(),
    requested_by="customer:per_1",
    backed_by=None,
    decided_by=None,
    failure_code=None,
    requested_at=NOW,
    updated_at=NOW,
    poll_at=None,
    polls=0,
    request_id="req_1",
)


def line(position: int, amount_minor: int, tax_minor: int, quantity: int = 1, kind: str = "product") -> LineRest:
    """A line of which nothing is refunded."""
    return LineRest(
        OrderLine(
            position=position,
            kind=kind,
            product_id=ProductId(f"prd_{position}") if kind == "product" else None,
            sku="sku",
            title="Bol",
            quantity=quantity,
            unit_minor=0,
            discount_minor=0,
            amount_minor=amount_minor,
            tax_rate_bp=2000,
            net_minor=amount_minor - tax_minor,
            tax_minor=tax_minor,
        )
    )


def after(rests: list[LineRest], plan: RefundPlan, *, sign: int = 1) -> list[LineRest]:
    """The lines once a plan is carried out, or (-1) taken back."""
    parts = {part.position: part for part in plan.lines}
    return [_shifted(rest, parts.get(rest.line.position), sign) for rest in rests]


def _shifted(rest: LineRest, part: RefundLine | None, sign: int) -> LineRest:
    if part is None:
        return rest
    return replace(
        rest,
        refunded_minor=rest.refunded_minor + sign * part.amount_minor,
        refunded_tax_minor=rest.refunded_tax_minor + sign * part.tax_minor,
        refunded_quantity=rest.refunded_quantity + sign * part.quantity,
    )


def holds(rests: list[LineRest]) -> bool:
    """What the database's CHECK on a line's sums asks for."""
    return all(
        0 <= rest.refunded_minor <= rest.line.amount_minor
        and 0 <= rest.refunded_tax_minor <= rest.line.tax_minor
        and 0 <= rest.refunded_minor - rest.refunded_tax_minor <= rest.line.net_minor
        and 0 <= rest.refunded_quantity <= rest.line.quantity
        for rest in rests
    )


def free(rests: list[LineRest]) -> Money:
    return Money(sum(rest.rest_minor for rest in rests), "EUR")


def planned(wish: Wish, rests: list[LineRest]) -> RefundPlan:
    plan = plan_refund(wish, rests, free(rests))
    assert isinstance(plan, RefundPlan), plan
    return plan


def refusal(wish: Wish, rests: list[LineRest]) -> object:
    found = plan_refund(wish, rests, free(rests))
    assert isinstance(found, VivrError)
    return found.fields if isinstance(found, InvalidInput) else found.code


@st.composite
def orders(draw: st.DrawFn) -> list[LineRest]:
    """One to five lines of any amount, with any tax that fits into it."""
    rests: list[LineRest] = []
    for position in range(1, draw(st.integers(1, 5)) + 1):
        amount = draw(st.integers(0, 5000))
        rests.append(line(position, amount, draw(st.integers(0, amount // 5)), draw(st.integers(1, 5))))
    return rests


@given(orders(), st.data())
def test_whatever_the_parts_the_last_refund_takes_the_rest_of_every_line(
    rests: list[LineRest], data: st.DataObject
) -> None:
    done: list[RefundPlan] = []
    for _ in range(6):
        left = free(rests)
        if left.is_zero:
            break
        wish = Wish(amount_minor=data.draw(st.integers(1, left.amount_minor)))
        unit = next((rest for rest in rests if rest.rest_minor and rest.rest_quantity), None)
        if unit is not None and unit.line.product_id is not None and data.draw(st.booleans()):
            wish = Wish(items=(WishedUnits(unit.line.product_id, data.draw(st.integers(1, unit.rest_quantity))),))
        plan = plan_refund(wish, rests, left)
        if isinstance(plan, VivrError):
            assert plan.code == "refund_nothing_left"
            continue
        assert sum(part.amount_minor for part in plan.lines) == plan.amount.amount_minor
        assert all(part.net_minor >= 0 and part.tax_minor >= 0 for part in plan.lines)
        rests = after(rests, plan)
        assert holds(rests)
        done.append(plan)
        if data.draw(st.booleans()):
            rests = after(rests, done.pop(data.draw(st.integers(0, len(done) - 1))), sign=-1)
            assert holds(rests)
    if not free(rests).is_zero:
        rests = after(rests, planned(Wish(), rests))
    assert [(rest.rest_minor, rest.line.tax_minor - rest.refunded_tax_minor) for rest in rests] == [(0, 0)] * len(rests)


def test_an_amount_is_shared_out_by_largest_remainder() -> None:
    rests = [line(1, 1000, 167), line(2, 1000, 167), line(3, 490, 82, kind="shipping")]
    plan = planned(Wish(amount_minor=100), rests)
    assert [(part.amount_minor, part.tax_minor) for part in plan.lines] == [(40, 7), (40, 7), (20, 3)]
    assert plan.amount == Money(100, "EUR")


def test_units_take_their_share_and_the_last_ones_the_rest() -> None:
    rests = [line(1, 1000, 167, quantity=3)]
    first = planned(Wish(items=(WishedUnits(ProductId("prd_1"), 1, restock=True),)), rests)
    assert first.lines == (RefundLine(1, 1, 1, 333, 277, 56),)
    rests = after(rests, first)
    last = planned(Wish(items=(WishedUnits(ProductId("prd_1"), 2),)), rests)
    assert last.lines == (RefundLine(1, 2, 0, 667, 556, 111),)


def test_units_that_stand_on_the_shelf_again_do_not_come_back_twice() -> None:
    back = replace(line(1, 900, 150, quantity=3), restocked_quantity=2)
    plan = planned(Wish(items=(WishedUnits(ProductId("prd_1"), 3, restock=True),)), [back])
    assert (plan.lines[0].quantity, plan.lines[0].restock_quantity) == (3, 1)


def test_shipping_goes_back_whole() -> None:
    rests = [line(1, 1000, 167), line(2, 490, 82, kind="shipping")]
    assert planned(Wish(shipping=True), rests).lines == (RefundLine(2, 0, 0, 490, 408, 82),)


def test_a_payment_that_settles_nothing_has_no_lines() -> None:
    assert plan_refund(Wish(), [], Money(2980, "EUR")) == RefundPlan(Money(2980, "EUR"), ())


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(amount_minor=1001), "refund_over_remaining"),
        (Wish(amount_minor=0), {"amount": "out_of_range"}),
        (Wish(amount_minor=-5), {"amount": "out_of_range"}),
        (Wish(amount_minor=5, shipping=True), {"amount": "amount_or_items"}),
        (Wish(shipping=True), {"shipping": "nothing_left"}),
        (Wish(items=(WishedUnits(ProductId("prd_9"), 1),)), {"items.0.productId": "product_not_in_order"}),
        (Wish(items=(WishedUnits(ProductId("prd_1"), 0),)), {"items.0.quantity": "quantity_over_rest"}),
        (Wish(items=(WishedUnits(ProductId("prd_1"), 3),)), {"items.0.quantity": "quantity_over_rest"}),
        (
            Wish(items=(WishedUnits(ProductId("prd_1"), 1), WishedUnits(ProductId("prd_1"), 1))),
            {"items.1.productId": "product_not_in_order"},
        ),
    ],
)
def test_a_wish_that_does_not_fit_is_refused(wish: Wish, expected: object) -> None:
    assert refusal(wish, [line(1, 1000, 167, quantity=2)]) == expected


def test_nothing_is_left_of_what_was_given_back() -> None:
    assert refusal(Wish(), [line(1, 0, 0)]) == "refund_nothing_left"
    given_back = replace(line(1, 100, 20, quantity=2), refunded_minor=100, refunded_tax_minor=20)
    rests = [given_back, line(2, 100, 0)]
    assert refusal(Wish(items=(WishedUnits(ProductId("prd_1"), 1),)), rests) == "refund_nothing_left"


def test_only_captured_money_without_a_dispute_goes_back() -> None:
    captured = replace(PAYMENT, state=PaymentState.CAPTURED, captured_minor=2980)
    assert check_refundable(captured) is None
    for payment, code in (
        (PAYMENT, "payment_not_captured"),
        (replace(captured, captured_minor=0), "payment_not_captured"),
        (replace(captured, disputed_minor=1), "payment_disputed"),
    ):
        refused = check_refundable(payment)
        assert refused is not None
        assert refused.code == code


@pytest.mark.parametrize(
    ("origin", "role", "order_state", "amount_minor", "executes", "expected"),
    [
        ("staff", "support", OrderState.SHIPPED, 3000, False, True),
        ("staff", "owner", OrderState.PAID, 3001, False, False),
        ("system", "system", OrderState.CANCELLED, 3001, False, True),
        ("customer", "customer", OrderState.PAID, 3000, False, False),
        ("customer", "guest", OrderState.PAID, 3000, True, True),
        ("customer", "guest", OrderState.PAID, 2999, True, False),
        ("customer", "guest", OrderState.SHIPPED, 3000, True, False),
    ],
)
def test_who_may_refund_at_once(
    origin: str, role: str, order_state: OrderState, amount_minor: int, *, executes: bool, expected: bool
) -> None:
    terms = replace(TERMS, customer_executes=executes)
    assert may_execute(origin, role, order_state, Money(amount_minor, "EUR"), GONE, terms) is expected


def test_a_customer_passes_no_limit() -> None:
    payment, terms = replace(GONE, captured_minor=5001), replace(TERMS, customer_executes=True)
    assert not may_execute("customer", "guest", OrderState.PAID, Money(3001, "EUR"), payment, terms)


def test_what_went_back_before_counts_towards_the_limit() -> None:
    refund = replace(REFUND, amount_minor=3001)
    assert judge_acceptance(refund, GONE, "staff:a", "support", TERMS) is False
    assert judge_acceptance(replace(refund, amount_minor=3000), GONE, "staff:a", "support", TERMS) is True


def test_what_cannot_be_compared_with_the_limit_needs_two() -> None:
    payment = replace(GONE, currency="JPY")
    assert not may_execute("staff", "owner", OrderState.PAID, Money(1, "JPY"), payment, TERMS)
    assert judge_acceptance(replace(REFUND, currency="JPY"), payment, "staff:a", "owner", TERMS) is False


@pytest.mark.parametrize(
    ("refund", "actor", "role", "expected"),
    [
        (REFUND, "staff:a", "support", False),
        (REFUND, "staff:a", "viewer", "forbidden"),
        (REFUND, "customer:per_1", "customer", "forbidden"),
        (replace(REFUND, backed_by="staff:a"), "staff:a", "owner", "refund_needs_another"),
        (replace(REFUND, backed_by="staff:a"), "staff:b", "support", "refund_needs_approver"),
        (replace(REFUND, backed_by="staff:a"), "staff:b", "finance", True),
        (replace(REFUND, amount_minor=5000), "staff:a", "support", True),
        (replace(REFUND, state=RefundState.SUBMITTED), "staff:a", "owner", "refund_already_decided"),
    ],
)
def test_two_of_staff_agree_above_the_limit(refund: Refund, actor: str, role: str, expected: object) -> None:
    judged = judge_acceptance(refund, PAYMENT, actor, role, TERMS)
    assert (judged.code if isinstance(judged, VivrError) else judged) == expected


def test_without_a_limit_one_word_is_enough() -> None:
    assert judge_acceptance(REFUND, PAYMENT, "staff:a", "support", replace(TERMS, approval_above=None)) is True


def test_stripes_words_are_states_and_an_unknown_one_waits() -> None:
    words = ("pending", "requires_action", "succeeded", "failed", "canceled", None, "new_word")
    assert [state_of_status(word).name for word in words] == [
        *("PENDING", "PENDING", "SUCCEEDED", "FAILED", "CANCELED", "PENDING", "PENDING")
    ]


def test_a_refund_never_goes_back() -> None:
    rank = {state: place for place, state in enumerate(RefundState)}
    assert all(rank[start] < rank[to] for start, to in TRANSITIONS)
    assert [sums_of(state, 7) for state in RefundState] == [(0, 0), (0, 7), (0, 7), (7, 0), (0, 0), (0, 0)]


def test_a_waiting_refund_is_asked_about_at_growing_distances() -> None:
    assert [poll_delay(polls).total_seconds() for polls in (0, 1, 8, 9, 99)] == [60, 120, 15360, 21600, 21600]


def test_a_wish_is_stored_as_it_was_asked() -> None:
    wish = Wish(items=(WishedUnits(ProductId("prd_1"), 2, restock=True),), shipping=True)
    assert Wish.from_json(wish.to_json()) == wish


def test_every_kind_of_write_has_its_ending() -> None:
    assert set(ENDINGS) == set(OperationKind)
