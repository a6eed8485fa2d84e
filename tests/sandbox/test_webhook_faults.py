"""Webhooks that are shuffled, meet a dead endpoint, or a disabled one; in process, so that every order is known."""

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe

from sandbox.harness import Receiver, Shop
from stripe_sandbox import Options
from stripe_sandbox.clock import ManualClock
from stripe_sandbox.in_process import InProcess

KEY = "sk_test_webhookfaults1"
URL = "http://127.0.0.1:9/hook"
START = 1_800_000_000.0


@dataclass
class World:
    """A sandbox with one endpoint, and what was sent there."""

    seed: int = 1
    names: list[str] = field(default_factory=list[str])
    status: int = 200

    def __post_init__(self) -> None:
        self.clock = ManualClock(START)
        options = Options(webhooks=((URL, "whsec_mine"),), retry_delays_s=(60.0, 3600.0))
        self.box = InProcess(seed=self.seed, clock=self.clock, options=options)

    def control(self, method: str, path: str, **body: object) -> Any:
        """A control of the account."""
        return self.box.control(KEY, method, path, body)

    def make(self, *names: str) -> None:
        """Makes customers of these names, and lets what is due be delivered."""
        for name in names:
            headers = {"Authorization": f"Bearer {KEY}"}
            assert self.box.call("POST", "/v1/customers", data={"name": name}, headers=headers).status_code == 200
        self.deliver()

    def deliver(self) -> int:
        """What is due now; gives how many attempts reached the endpoint."""
        return self.box.deliver(KEY, self.receive)

    def receive(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The endpoint: checks the signature and answers with its status."""
        assert url == URL
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_mine")
        self.names.append(json.loads(body)["data"]["object"]["name"])
        return self.status

    def states(self) -> list[str]:
        """Of the deliveries, oldest first."""
        return [delivery["state"] for delivery in reversed(self.control("GET", "deliveries")["deliveries"])]


@pytest.fixture
def world() -> Generator[World]:
    made = World()
    yield made
    made.box.close()


def test_a_shuffle_waits_for_all_its_events_and_sends_them_in_another_order(world: World) -> None:
    world.control("POST", "faults", kind="webhook_shuffle", event="customer.*", count=9)
    world.make(*"abcdefgh")
    assert (world.names, world.states()) == ([], ["held"] * 8)
    world.make("i")
    assert sorted(world.names) == list("abcdefghi")
    assert world.names != list("abcdefghi")
    assert world.states() == ["acknowledged"] * 9
    world.make("j", "k")
    assert world.names[9:] == ["j", "k"]


def shuffled(seed: int) -> list[str]:
    made = World(seed)
    made.control("POST", "faults", kind="webhook_shuffle", count=6)
    made.make(*"abcdef")
    made.box.close()
    return made.names


def test_a_shuffle_is_the_same_under_a_seed() -> None:
    assert shuffled(3) == shuffled(3)
    assert len({tuple(shuffled(seed)) for seed in range(4)}) > 1


def test_a_shuffle_that_never_fills_sends_what_it_has_after_its_time(world: World) -> None:
    world.control("POST", "faults", kind="webhook_shuffle", count=None, delay_s=30)
    world.make("a", "b", "c")
    world.clock.time += 29
    assert world.deliver() == 0
    world.clock.time += 1
    assert world.deliver() == 3
    assert sorted(world.names) == ["a", "b", "c"]


def test_a_dead_endpoint_is_delivered_to_once_it_lives_again(world: World) -> None:
    world.control("POST", "faults", kind="webhook_dead", count=2)
    world.make("a")
    assert (world.names, world.states()) == ([], ["retrying"])
    world.clock.time += 60
    world.deliver()
    assert (world.names, world.states()) == ([], ["retrying"])
    world.clock.time += 3600
    world.deliver()
    assert (world.names, world.states()) == (["a"], ["acknowledged"])
    attempts = world.control("GET", "deliveries")["deliveries"][0]["attempts"]
    assert [(attempt["status"], attempt["error"]) for attempt in attempts] == [
        (None, "ConnectError"),
        (None, "ConnectError"),
        (200, None),
    ]


def test_an_endpoint_stays_dead_until_its_fault_is_cleared(world: World) -> None:
    world.control("POST", "faults", kind="webhook_dead", count=None)
    world.make("a", "b")
    world.clock.time += 60
    world.deliver()
    assert (world.names, world.states()) == ([], ["retrying"] * 2)
    world.control("DELETE", "faults")
    world.clock.time += 3600
    world.deliver()
    assert world.names == ["a", "b"]


def test_an_endpoint_enabled_again_before_the_next_try_is_delivered_to(world: World) -> None:
    world.status = 500
    world.make("a")
    headers = {"Authorization": f"Bearer {KEY}"}
    endpoint = world.box.call("GET", "/v1/webhook_endpoints", headers=headers).json()["data"][0]["id"]
    for disabled in ("true", "false"):
        world.box.call("POST", f"/v1/webhook_endpoints/{endpoint}", data={"disabled": disabled}, headers=headers)
    world.status = 200
    world.clock.time += 60
    world.deliver()
    assert (world.names, world.states()) == (["a", "a"], ["acknowledged"])


def test_faults_strike_by_a_seed_of_their_own(world: World) -> None:
    drops: list[list[str]] = []
    for _ in range(2):
        world.names.clear()
        world.control("POST", "faults", kind="webhook_drop", count=None, probability=0.5, seed=11)
        world.make(*"abcdefghij")
        drops.append(world.names.copy())
        world.control("DELETE", "faults")
    assert drops[0] == drops[1]
    assert 0 < len(drops[0]) < 10


def test_over_http_a_shuffle_and_a_dead_endpoint_end_in_everything_delivered(shop: Shop, receiver: Receiver) -> None:
    shop.client.v1.webhook_endpoints.create(params={"url": receiver.url, "enabled_events": ["*"]})
    shop.control("POST", "faults", {"kind": "webhook_shuffle", "count": 3})
    shop.control("POST", "faults", {"kind": "webhook_dead", "count": 2})
    for name in "abc":
        shop.client.v1.customers.create(params={"name": name})
    receiver.wait_for("customer.created", 3)
    assert sorted(received.event["data"]["object"]["name"] for received in receiver.got) == ["a", "b", "c"]
