"""What a client sees when Stripe fails: 402, 429, 500 and 503, each for its own reason, end to end."""

from typing import Any

import psycopg
import pytest
import stripe
from prometheus_client import REGISTRY

from money_probe import arm, disarm
from vivr.stripe_gateway import metrics
from vivr.stripe_gateway.breaker import BreakerState
from web.harness import Web, basket, data_of, open_web, refusal

CHECKOUT = "/api/stripe/checkout"
FAULTS: list[dict[str, Any]] = [
    {"kind": "refuse"},
    {"kind": "reset"},
    {"kind": "lose_answer"},
    {"kind": "truncate"},
    {"kind": "error_before"},
    {"kind": "rate_limit"},
    {"kind": "rate_limit", "reason": "endpoint-rate"},
]


def failing_with(error: stripe.StripeError) -> Any:
    """What replaces the SDK's call."""

    async def call(*_: object, **__: object) -> None:
        raise error

    return call


async def order_in(web: Web) -> str:
    """An order that can be paid."""
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    return str(order["id"])


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_failing_stripe_is_503_with_a_time_and_a_repeat_succeeds(
    database_url: str, sandbox_url: str, fault: dict[str, Any]
) -> None:
    async with open_web(database_url, sandbox_url, STRIPE_MAX_RETRIES="0") as web:
        order = await order_in(web)
        await arm(web.kit, route="POST /v1/checkout/sessions", **fault)
        answer = await web.browser.post(CHECKOUT, json={"orderId": order})
        assert refusal(answer) == (503, "stripe_unavailable")
        assert answer.headers["Retry-After"] == "5"
        await disarm(web.kit)
        again = await web.browser.post(CHECKOUT, json={"orderId": order})
        assert data_of(again, 201)["orderId"] == order


async def test_while_the_breaker_is_open_the_answer_is_503_and_the_shop_stays_ready(
    database_url: str, sandbox_url: str
) -> None:
    async with open_web(database_url, sandbox_url, STRIPE_MAX_RETRIES="0") as web:
        order = await order_in(web)
        await arm(web.kit, "refuse", "*", count=None)
        for _ in range(6):
            answer = await web.browser.post(CHECKOUT, json={"orderId": order})
            assert refusal(answer) == (503, "stripe_unavailable")
            assert 1 <= int(answer.headers["Retry-After"]) <= 5
        assert data_of(await web.browser.get("/readyz"))["stripe"] == {"breaker": "open"}
        text = (await web.browser.get("/metrics")).text
        assert "\nvivr_stripe_breaker 2.0\n" in text
        assert 'vivr_stripe_not_sent_total{reason="breaker_open"}' in text
        metrics.show_breaker(BreakerState.CLOSED)


async def test_what_the_bank_declines_is_402_with_a_safe_sentence(
    database_url: str, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_web(database_url, sandbox_url) as web:
        order = await order_in(web)
        await web.kit.shop.account.scope()
        declined = stripe.CardError(
            "Your card was reported stolen.",
            param=None,
            code="card_declined",
            http_status=402,
            json_body={"error": {"type": "card_error", "code": "card_declined", "decline_code": "stolen_card"}},
        )
        monkeypatch.setattr(web.kit.shop.stripe, "_raw", failing_with(declined))
        answer = await web.browser.post(CHECKOUT, json={"orderId": order}, headers={"Accept-Language": "en"})
    assert refusal(answer) == (402, "card_declined")
    assert answer.json()["error"] == "The bank declined the payment."
    assert "stolen" not in answer.text
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    "error",
    [
        stripe.AuthenticationError("Invalid API Key provided: sk_test_****", http_status=401),
        stripe.PermissionError("The provided key rk_test_**** does not have access.", http_status=403),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_our_own_keys_problem_is_500_audited_counted_and_never_shown(
    database_url: str, sandbox_url: str, monkeypatch: pytest.MonkeyPatch, error: stripe.StripeError
) -> None:
    counted = REGISTRY.get_sample_value("vivr_stripe_key_refused_total") or 0
    async with open_web(database_url, sandbox_url) as web:
        order = await order_in(web)
        await web.kit.shop.account.scope()
        with monkeypatch.context() as patched:
            patched.setattr(web.kit.shop.stripe, "_raw", failing_with(error))
            for _ in range(2):
                answer = await web.browser.post(CHECKOUT, json={"orderId": order})
                assert refusal(answer) == (500, "internal_error")
                assert "Retry-After" not in answer.headers
                assert "_test_" not in answer.text
        assert REGISTRY.get_sample_value("vivr_stripe_key_refused_total") == counted + 2
        assert data_of(await web.browser.get("/readyz"))["stripe"] == {"breaker": "closed"}
        again = await web.browser.post(CHECKOUT, json={"orderId": order})
        assert data_of(again, 201)["orderId"] == order
    with psycopg.connect(database_url) as connection:
        audited = connection.execute(
            "SELECT actor, object_type, outcome, error_code FROM audit_row WHERE action = 'stripe.key_refused'"
        ).fetchall()
    # Two calls may fall into two minutes.
    assert set(audited) == {("system:gateway", "stripe", "failed", type(error).__name__)}
    assert len(audited) <= 2
