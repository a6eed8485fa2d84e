"""What may be done while nobody knows what became of a Stripe write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.ids import OperationId
from vivr.operations.model import (
    KEY_LIFE,
    Operation,
    OperationKind,
    Outcome,
    Recovery,
    choose_recovery,
    idempotency_key_of,
    retry_delay,
)
from vivr.stripe_gateway.requests import StripeRequest, cancel_intent, create_customer, expire_session, form_of

SENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPERATION = Operation(
    id=OperationId("opr_1"),
    kind=OperationKind.CREATE_SESSION,
    intent="session:pay_1",
    attempt=1,
    account="acct_1",
    livemode=False,
    api_version="2026-05-27.dahlia",
    idempotency_key="vivr-opr_1-1",
    request_sealed=b"",
    encoder="this",
    order_id=None,
    payment_id=None,
    outcome=Outcome.UNKNOWN,
    object_id=None,
    error_code=None,
    error_message=None,
    stripe_request_id=None,
    request_id="req_1",
    first_sent_at=SENT,
    tries=1,
    absent_since=None,
    lease_until=SENT,
    next_try_at=SENT,
    ended_at=None,
)


def chosen(reason: str | None = None, *, encoder: str = "this", after: timedelta = timedelta(minutes=1)) -> Recovery:
    """What is done after some time."""
    return choose_recovery(OPERATION, encoder=encoder, now=SENT + after, last_reason=reason)


@pytest.mark.parametrize(
    "reason", [None, "no_answer", "rate_limit", "status_500", "status_409", "status_None", "misconfigured"]
)
def test_while_the_key_lives_the_call_is_repeated(reason: str | None) -> None:
    assert chosen(reason) == Recovery.REPEAT
    assert chosen(reason, after=KEY_LIFE - timedelta(microseconds=1)) == Recovery.REPEAT
    assert chosen(reason, after=KEY_LIFE) == Recovery.READ
    assert chosen(reason, encoder="another") == Recovery.READ


@pytest.mark.parametrize(
    "reason", ["idempotency_error", "status_500_replayed", "read_absent", "read_stripe_unavailable"]
)
def test_what_a_repeat_cannot_tell_is_read_and_read_on(reason: str) -> None:
    assert chosen(reason) == Recovery.READ


def test_the_life_of_a_key_stays_below_stripes_24_hours() -> None:
    assert timedelta(hours=24) - timedelta(hours=2) > KEY_LIFE


def test_a_new_attempt_has_a_new_key_and_a_repeat_the_old_one() -> None:
    assert idempotency_key_of(OperationId("opr_1"), 1) == "vivr-opr_1-1"
    assert idempotency_key_of(OperationId("opr_1"), 1) != idempotency_key_of(OperationId("opr_1"), 2)
    assert len(idempotency_key_of(OperationId("opr_" + "0" * 26), 10**6)) <= 255


def test_an_outcome_is_settled_or_not() -> None:
    assert {outcome for outcome in Outcome if replace(OPERATION, outcome=outcome).is_settled} == {
        Outcome.SUCCEEDED,
        Outcome.FAILED,
    }


def test_pauses_double_up_to_five_minutes() -> None:
    pauses = [retry_delay(tries).total_seconds() for tries in (1, 2, 3, 8, 9, 10, 10**6)]
    assert pauses == [2, 4, 8, 256, 300, 300, 300]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parameters = st.recursive(
    texts | st.integers(-(2**60), 2**60) | st.booleans(),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(texts, inner, min_size=1, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(st.dictionaries(texts, parameters, max_size=5))
def test_a_stored_document_comes_back_as_it_was_and_encodes_to_the_same_form(document: dict[str, object]) -> None:
    request = StripeRequest("/v1/things", document)  # pyright: ignore[reportArgumentType]
    restored = StripeRequest.from_bytes(request.to_bytes())
    assert restored == request
    assert list(restored.parameters) == list(document)
    assert restored.to_bytes() == request.to_bytes()
    assert form_of(restored.parameters) == form_of(request.parameters)


def test_requests_hold_what_they_are_about_and_nothing_else() -> None:
    assert create_customer(email="a@example.com", name=None, metadata={"owner": "ord_1"}) == StripeRequest(
        "/v1/customers", {"email": "a@example.com", "metadata": {"owner": "ord_1"}}
    )
    assert expire_session("cs_1") == StripeRequest("/v1/checkout/sessions/cs_1/expire", {})
    assert cancel_intent("pi_1").path == "/v1/payment_intents/pi_1/cancel"
