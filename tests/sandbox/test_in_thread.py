"""A sandbox that a test starts for itself."""

import pytest
import stripe

from sandbox.harness import VERSION
from stripe_sandbox.in_thread import InThread

KEY = "sk_test_inthread00001"


def test_a_test_has_a_sandbox_of_its_own_with_the_controls_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    with InThread(seed=1) as sandbox:
        sessions = stripe.RequestsClient(timeout=20)
        client = stripe.StripeClient(
            KEY,
            base_addresses={"api": sandbox.url},
            stripe_version=VERSION,
            max_network_retries=0,
            http_client=sessions,
        )
        sandbox.control(KEY, "POST", "faults", {"kind": "lose_answer"})
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.create(params={"name": "Anna"})
        assert [customer.name for customer in client.v1.customers.list().data] == ["Anna"]
        with pytest.raises(ValueError, match="kind must be one of"):
            sandbox.control(KEY, "POST", "faults", {"kind": "earthquake"})
        sessions.close()
