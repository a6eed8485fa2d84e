"""Armed faults: before the effect, after it, and on the way of a webhook."""

import threading

import httpx
import pytest
import stripe

from sandbox.harness import Receiver, Shop
from stripe_sandbox.faults import RATE_LIMIT_REASONS

CUSTOMERS = "POST /v1/customers"


def arm(shop: Shop, kind: str, **more: object) -> None:
    shop.control("POST", "faults", {"kind": kind, **more})


def customers(shop: Shop) -> int:
    return len(shop.client.v1.customers.list().data)


@pytest.mark.parametrize(("kind", "effects"), [("reset", 0), ("lose_answer", 1)])
def test_a_cut_connection_leaves_the_effect_that_its_kind_says(shop: Shop, kind: str, effects: int) -> None:
    arm(shop, kind, route=CUSTOMERS)
    with pytest.raises(httpx.TransportError):
        shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert customers(shop) == effects
    again = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert again.status_code == 200
    assert ("Idempotent-Replayed" in again.headers) == (effects == 1)
    assert customers(shop) == 1


def test_the_official_client_sees_a_lost_answer_as_a_connection_error(shop: Shop) -> None:
    arm(shop, "lose_answer", route=CUSTOMERS)
    with pytest.raises(stripe.APIConnectionError):
        shop.client.v1.customers.create(params={"name": "Anna"}, options={"idempotency_key": "k"})
    found = shop.client.v1.customers.create(params={"name": "Anna"}, options={"idempotency_key": "k"})
    assert [customer.id for customer in shop.client.v1.customers.list().data] == [found.id]


def test_a_500_before_the_effect_can_be_repeated_with_the_same_key(shop: Shop) -> None:
    arm(shop, "error_before", route=CUSTOMERS)
    first = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.json()["error"]["type"]) == (500, "api_error")
    assert customers(shop) == 0
    assert shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"}).status_code == 200


def test_a_500_after_the_effect_is_kept_and_replayed(shop: Shop) -> None:
    arm(shop, "error_after", route=CUSTOMERS, should_retry=False)
    first = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.headers["Stripe-Should-Retry"]) == (500, "false")
    again = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (500, "true")
    assert customers(shop) == 1


def test_whether_a_500_is_kept_can_be_chosen(shop: Shop) -> None:
    arm(shop, "error_before", route=CUSTOMERS, stored=True, should_retry=True)
    assert shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"}).headers["Stripe-Should-Retry"] == "true"
    assert shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"}).status_code == 500
    assert customers(shop) == 0
    arm(shop, "error_after", route="GET /v1/customers")
    assert shop.http.get("/v1/customers").status_code == 500


@pytest.mark.parametrize(
    ("reason", "code"), [*((reason, "rate_limit") for reason in RATE_LIMIT_REASONS), (None, "lock_timeout")]
)
def test_a_429_has_no_effect_and_is_not_kept(shop: Shop, reason: str | None, code: str) -> None:
    arm(shop, "rate_limit", route=CUSTOMERS, reason=reason, should_retry=True)
    first = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert first.headers["Stripe-Should-Retry"] == "true"
    assert (first.status_code, first.json()["error"]["code"]) == (429, code)
    assert first.headers.get("Stripe-Rate-Limited-Reason") == reason
    assert customers(shop) == 0
    assert shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"}).status_code == 200


def test_while_a_slow_call_runs_its_key_is_in_use(shop: Shop) -> None:
    arm(shop, "slow", route=CUSTOMERS, ms=2000)
    answers: list[httpx.Response] = []

    def call_slowly() -> None:
        with httpx.Client(base_url=shop.url, headers=shop.http.headers, trust_env=False, timeout=40) as http:
            answers.append(http.post("/v1/customers", headers={"Idempotency-Key": "k"}))

    caller = threading.Thread(target=call_slowly)
    caller.start()
    for _ in range(1000):
        if not shop.control("GET", "faults")["faults"]:  # taken as soon as the call has come
            break
    busy = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    caller.join()
    assert (busy.status_code, busy.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert answers[0].status_code == 200
    assert shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"}).headers["Idempotent-Replayed"] == "true"
    assert customers(shop) == 1


def test_a_fault_meets_only_its_route_its_count_and_its_account(shop: Shop) -> None:
    arm(shop, "error_before", route="POST /v1/checkout/*", count=2)
    assert shop.http.post("/v1/customers").status_code == 200
    statuses = [shop.http.post("/v1/checkout/sessions").status_code for _ in range(3)]
    assert statuses == [500, 500, 400]
    arm(shop, "error_before", count=None)
    assert [shop.http.get("/v1/account").status_code for _ in range(3)] == [500, 500, 500]
    stranger = {"Authorization": "Bearer sk_test_somebodyelse3"}
    assert shop.http.get("/v1/account", headers=stranger).status_code == 200
    assert shop.control("DELETE", "faults") == {"cleared": 1}
    assert shop.http.get("/v1/account").status_code == 200


def test_faults_can_be_seen_and_disarmed_one_by_one(shop: Shop) -> None:
    arm(shop, "reset")
    arm(shop, "webhook_drop", event="charge.*")
    armed = shop.control("GET", "faults")["faults"]
    assert [(fault["kind"], fault["count"]) for fault in armed] == [("reset", 1), ("webhook_drop", 1)]
    shop.control("DELETE", f"faults/{armed[0]['id']}")
    assert shop.http.delete(f"/_sandbox/faults/{armed[0]['id']}").status_code == 404
    assert [fault["kind"] for fault in shop.control("GET", "faults")["faults"]] == ["webhook_drop"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "reset", "colour": "red"},
        {"kind": "slow", "ms": "1"},
        {"kind": "slow", "ms": True},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(shop: Shop, body: dict[str, object]) -> None:
    assert shop.http.post("/_sandbox/faults", json=body).status_code == 400
    assert shop.control("GET", "faults") == {"faults": []}


def test_a_lost_webhook_never_comes_and_the_buyer_does_not_wait_for_it(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    arm(shop, "webhook_drop", event="checkout.session.completed")
    answer = shop.pay(shop.session())
    assert answer.status_code == 303
    assert answer.elapsed.total_seconds() < 2
    receiver.wait_for("payment_intent.succeeded")
    assert "checkout.session.completed" not in receiver.types()
    dropped = shop.control("GET", "deliveries?type=checkout.session.completed")["deliveries"]
    assert [delivery["state"] for delivery in dropped] == ["dropped"]
    missed = shop.client.v1.events.list(params={"delivery_success": False, "type": "checkout.session.completed"})
    assert len(missed.data) == 1


def test_a_webhook_may_come_twice_late_or_badly_signed(shop: Shop, receiver: Receiver) -> None:
    endpoint = shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    assert endpoint.secret is not None
    arm(shop, "webhook_duplicate", event="customer.created")
    shop.client.v1.customers.create()
    twice = receiver.wait_for("customer.created", 2)
    assert twice[0].event["id"] == twice[1].event["id"]
    arm(shop, "webhook_bad_signature", event="customer.created")
    shop.client.v1.customers.create()
    spoiled = receiver.wait_for("customer.created", 3)[2]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(spoiled.body, spoiled.headers["Stripe-Signature"], endpoint.secret)
    arm(shop, "webhook_delay", event="customer.created", delay_s=3600)
    shop.client.v1.customers.create()
    for _ in range(200):
        if shop.control("GET", "deliveries")["deliveries"][0]["state"] == "delayed":
            break
    assert len(receiver.got) == 3
    shop.control("POST", "clock", {"advance_s": 3601})
    receiver.wait_for("customer.created", 4)
