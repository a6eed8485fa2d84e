"""Token buckets: never over a limit in any second, writes first, in order, and nobody waits for nothing."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.stripe_gateway.turns import Bucket, TurnQueue, Turns, Waiter, endpoint_of


@dataclass
class Asker:
    """A call that waits, and when it went."""

    endpoint: str
    is_write: bool
    came_s: float
    went_s: float | None = None


def join(queue: TurnQueue, asker: Asker, now: list[float]) -> None:
    """Let it stand in line."""

    def go() -> bool:
        asker.went_s = now[0]
        return True

    queue.join(Waiter(asker.endpoint, go), is_write=asker.is_write)


def busiest_second(times_s: list[float]) -> int:
    """The most that went in any second, its end not counted."""
    return max((sum(1 for other in times_s if start <= other < start + 1) for start in times_s), default=0)


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("get", "/v1/payment_intents/pi_3Nx09", "GET /v1/payment_intents/{id}"),
        ("post", "/v1/checkout/sessions", "POST /v1/checkout/sessions"),
        ("post", "/v1/checkout/sessions/cs_test_a1B2/expire", "POST /v1/checkout/sessions/{id}/expire"),
        ("get", "/v1/radar/early_fraud_warnings/issfr_1", "GET /v1/radar/early_fraud_warnings/{id}"),
        ("get", "/v1/account", "GET /v1/account"),
    ],
)
def test_an_endpoint_is_a_path_without_its_ids(method: str, path: str, endpoint: str) -> None:
    assert endpoint_of(method, path) == endpoint


@given(st.integers(1, 8), st.lists(st.floats(0, 0.7), max_size=60))
def test_no_second_sees_more_tokens_than_there_are(size: int, pauses_s: list[float]) -> None:
    bucket, now_s, taken = Bucket(size), 100.0, list[float]()
    for pause_s in pauses_s:
        now_s += pause_s
        if bucket.free_at(now_s) <= now_s:
            bucket.take(now_s)
            taken.append(now_s)
        else:
            # Whoever waits for the token that it names gets it then.
            assert len([at for at in taken if at > now_s - 1]) == size
            assert bucket.free_at(now_s) == taken[-size] + 1
    assert busiest_second(taken) <= size


def test_a_drained_bucket_is_empty_for_a_second() -> None:
    bucket = Bucket(3)
    bucket.drain(5.0)
    assert bucket.free_at(5.5) == 6.0
    assert bucket.free_at(6.0) == 6.0


ASKERS = st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from("abc"), st.booleans()), max_size=50)


@given(st.integers(1, 6), st.integers(1, 4), ASKERS)
def test_the_queue_keeps_every_limit_and_lets_everybody_go(
    per_s: int, endpoint_per_s: int, coming: list[tuple[float, str, bool]]
) -> None:
    queue, now, askers = TurnQueue(per_s, endpoint_per_s), [50.0], list[Asker]()
    look_again_s: float | None = None
    for pause_s, endpoint, is_write in coming:
        comes_s = now[0] + pause_s
        while look_again_s is not None and look_again_s <= comes_s:
            now[0] = look_again_s
            look_again_s = queue.serve(now[0])
            assert look_again_s is None or look_again_s > now[0]
        now[0] = comes_s
        askers.append(Asker(endpoint, is_write, comes_s))
        join(queue, askers[-1], now)
        look_again_s = queue.serve(now[0])
    while look_again_s is not None:
        now[0] = look_again_s
        look_again_s = queue.serve(now[0])
    went = [asker.went_s for asker in askers if asker.went_s is not None]
    assert len(went) == len(askers)
    assert busiest_second(went) <= per_s
    for endpoint in "abc":
        of_endpoint = [asker for asker in askers if asker.endpoint == endpoint]
        assert busiest_second([asker.went_s or 0 for asker in of_endpoint]) <= endpoint_per_s
        for is_write in (True, False):
            in_order = [asker.went_s for asker in of_endpoint if asker.is_write is is_write]
            assert in_order == sorted(in_order, key=lambda at: at or 0)
    for number, write in enumerate(askers):
        # No read of its endpoint that came after it went before it did.
        for read in askers[number + 1 :]:
            if write.is_write and not read.is_write and read.endpoint == write.endpoint:
                assert (read.went_s or 0) >= (write.went_s or 0)


def test_a_write_goes_before_reads_that_wait_longer() -> None:
    queue, now, went = TurnQueue(1, 1), [10.0], list[str]()
    for name, is_write in (("first", False), ("read", False), ("write", True)):
        queue.join(Waiter(name, lambda name=name: went.append(name) is None), is_write=is_write)
        queue.serve(now[0])
    for at_s in (11.0, 12.0):
        queue.serve(at_s)
    assert went == ["first", "write", "read"]


async def test_without_a_limit_nobody_waits() -> None:
    turns = Turns(None)
    assert all([await turns.wait("GET /v1/events", is_write=False, patience_s=0) for _ in range(500)])


async def test_who_is_not_served_in_time_is_told_and_takes_no_token() -> None:
    turns = Turns(2, 2)
    assert await turns.wait("GET /a", is_write=False, patience_s=1)
    assert await turns.wait("GET /a", is_write=False, patience_s=1)
    assert not await turns.wait("GET /a", is_write=False, patience_s=0.01)
    waiting = asyncio.create_task(turns.wait("GET /b", is_write=False, patience_s=30))
    assert await waiting
