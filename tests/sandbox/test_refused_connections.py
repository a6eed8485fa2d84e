"""Nothing answers: one call's connection is cut, or for a while nobody is let in at all."""

import time

import httpx
import pytest
import stripe

from sandbox.harness import VERSION, Shop
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess

KEY = "sk_test_refused00001"
OPEN_AGAIN_S = 20.0


def calls(shop: Shop) -> int:
    """How many calls the sandbox has counted."""
    counted: int = shop.control("GET", "requests")["requests"]
    return counted


def test_a_refused_call_leaves_no_trace(shop: Shop) -> None:
    shop.control("POST", "faults", {"kind": "refuse", "route": "POST /v1/customers", "count": 2})
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert calls(shop) == 0
    made = shop.http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert (made.status_code, "Idempotent-Replayed" in made.headers) == (200, False)


def refusals_until_open(shop: Shop) -> int:
    """Connects anew again and again until it is let in; gives how often the system refused."""
    refused = 0
    deadline = time.monotonic() + OPEN_AGAIN_S
    while time.monotonic() < deadline:
        try:
            with httpx.Client(base_url=shop.url, trust_env=False) as stranger:
                stranger.get("/_sandbox/health")
        except httpx.ConnectError:
            refused += 1
            time.sleep(0.02)
        except httpx.TransportError:
            # Accepted before the door was shut, and cut then.
            continue
        else:
            return refused
    raise AssertionError(f"still shut after {refused} refusals")


def test_while_the_door_is_shut_connecting_is_refused_and_then_it_opens_by_itself(shop: Shop) -> None:
    kept = shop.http.get("/v1/account").json()["id"]
    for _ in range(5):
        assert shop.control("POST", "faults", {"kind": "refuse", "for_s": 0.5})["for_s"] == 0.5
        # On a busy machine the half second may be over before the first attempt.
        if refusals_until_open(shop):
            break
    else:
        raise AssertionError("nobody was refused")
    assert shop.control("GET", "faults") == {"faults": []}
    assert shop.http.get("/v1/account").json()["id"] == kept


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "reset", "for_s": 1},
        {"kind": "refuse", "for_s": 1, "count": 2},
        {"kind": "refuse", "for_s": -1},
        {"kind": "refuse", "for_s": 601},
        {"kind": "refuse", "for_s": True},
        {"kind": "rate_limit", "reason": "mood"},
    ],
)
def test_a_door_that_makes_no_sense_is_refused(shop: Shop, body: dict[str, object]) -> None:
    assert shop.http.post("/_sandbox/faults", json=body).status_code == 400
    assert shop.control("GET", "faults") == {"faults": []}


def test_in_process_a_refused_call_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    clock = ManualClock(1_800_000_000.0)
    box = InProcess(seed=1, clock=clock)
    client = stripe.StripeClient(
        KEY, stripe_version=VERSION, max_network_retries=0, http_client=box.http_client(stripe)
    )
    box.control(KEY, "POST", "faults", {"kind": "refuse"})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create()
    box.control(KEY, "POST", "faults", {"kind": "refuse", "for_s": 60})
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.create()
    clock.time += 60
    assert client.v1.customers.list().data == []
    with pytest.raises(ValueError, match="kind must be one of"):
        box.control(KEY, "POST", "faults", {"kind": "earthquake"})
    box.close()
