"""``Idempotency-Key`` over HTTP: replay, in flight, other input, and recovery after a crash."""

import asyncio
from dataclasses import dataclass

import pytest

from vivr.clock import SetClock
from vivr.idempotency.claim_request import RequestKey, claim_request
from vivr.idempotency.model import New
from vivr.ids import new_order_id
from web.harness import Web, basket, data_of, open_web, refusal


@dataclass(frozen=True)
class SessionKey:
    """Only a session's id."""

    id: str


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


async def test_a_repeat_gets_the_first_answer_word_for_word(web: Web) -> None:
    product = await web.kit.add_product()
    await web.browser.get("/api/auth/me")
    first = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
    again = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (await web.counts())["orders"] == 1
    assert await web.kit.stock(product) == (10, 1)


async def test_without_a_key_the_same_basket_is_bought_twice(web: Web) -> None:
    product = await web.kit.add_product()
    first = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    second = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    assert first["id"] != second["id"]
    assert await web.kit.stock(product) == (10, 2)


async def test_other_input_under_a_used_key_names_the_difference(web: Web) -> None:
    product = await web.kit.add_product()
    await web.browser.get("/api/auth/me")
    data_of(await web.browser.post("/api/orders", json=basket(product), headers=key("a")), 201)
    headers = key("a") | {"Accept-Language": "en"}
    answer = await web.browser.post("/api/orders", json=basket(product, 2), headers=headers)
    assert refusal(answer) == (422, "idempotency_key_reused")
    assert answer.json()["error"].endswith("these differ: items.")
    assert answer.json()["fields"] == {"items": "differs"}
    assert (await web.counts())["orders"] == 1


async def test_a_guest_without_a_session_can_not_use_a_key(web: Web) -> None:
    product = await web.kit.add_product()
    answer = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
    assert refusal(answer) == (400, "idempotency_needs_session")
    assert (await web.counts())["orders"] == 0


@pytest.mark.parametrize("bad", ["", " ", "x" * 256, "caf\xe9", "a\tb"])
async def test_a_key_has_1_to_255_visible_characters(web: Web, bad: str) -> None:
    product = await web.kit.add_product()
    await web.browser.get("/api/auth/me")
    headers = [(b"Idempotency-Key", bad.encode("latin-1"))]
    answer = await web.browser.post("/api/orders", json=basket(product), headers=headers)
    assert refusal(answer) == (400, "idempotency_key_malformed")
    longest = await web.browser.post("/api/orders", json=basket(product), headers=key("x" * 255))
    data_of(longest, 201)


async def test_a_final_refusal_is_replayed_even_when_it_would_succeed_now(web: Web) -> None:
    await web.browser.get("/api/auth/me")
    body = basket("prd_later")
    first = await web.browser.post("/api/orders", json=body, headers=key("a"))
    assert refusal(first) == (422, "validation_failed")
    again = await web.browser.post("/api/orders", json=body, headers=key("a"))
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_conflict_is_not_stored_and_may_succeed_later(web: Web) -> None:
    product = await web.kit.add_product(stock=1)
    await web.browser.get("/api/auth/me")
    first = await web.browser.post("/api/orders", json=basket(product, 2), headers=key("a"))
    assert refusal(first) == (409, "insufficient_stock")
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute("UPDATE product SET stock_on_hand = 2")
    again = await web.browser.post("/api/orders", json=basket(product, 2), headers=key("a"))
    data_of(again, 201)
    assert "Idempotency-Replayed" not in again.headers


async def test_of_ten_simultaneous_repeats_one_places_the_order(web: Web) -> None:
    product = await web.kit.add_product()
    await web.browser.get("/api/auth/me")
    answers = await asyncio.gather(
        *(web.browser.post("/api/orders", json=basket(product), headers=key("a")) for _ in range(10))
    )
    placed = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code != 201]
    assert {answer.json()["data"]["id"] for answer in placed} == {placed[0].json()["data"]["id"]}
    assert {refusal(answer) for answer in waiting} <= {(409, "request_in_flight")}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in waiting)
    assert (await web.counts())["orders"] == 1
    assert await web.kit.stock(product) == (10, 1)


async def test_of_ten_simultaneous_different_requests_under_one_key_one_is_done(web: Web) -> None:
    product = await web.kit.add_product(stock=100)
    await web.browser.get("/api/auth/me")
    answers = await asyncio.gather(
        *(web.browser.post("/api/orders", json=basket(product, n), headers=key("a")) for n in range(1, 11))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 9
    assert {refusal(answer)[1] for answer in answers if answer.status_code == 422} == {"idempotency_key_reused"}
    assert (await web.counts())["orders"] == 1


async def test_a_crash_after_placing_is_recovered_with_the_same_order(database_url: str, clock: SetClock) -> None:
    async with open_web(database_url, clock=clock) as web:
        product = await web.kit.add_product()
        await web.browser.get("/api/auth/me")
        first = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
        # What a process leaves behind that placed the order and died before it stored its answer.
        async with web.kit.shop.database.transaction() as tx:
            await tx.connection.execute("UPDATE client_request SET status = NULL, answer_sealed = NULL")
        in_flight = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
        assert refusal(in_flight) == (409, "request_in_flight")
        assert in_flight.headers["Retry-After"] == "30"
        clock.advance(seconds=30)
        recovered = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
        assert recovered.content == first.content
        assert "Idempotency-Replayed" not in recovered.headers
        assert (await web.counts())["orders"] == 1
        assert await web.kit.stock(product) == (10, 1)
        replayed = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
        assert replayed.headers["Idempotency-Replayed"] == "true"


async def test_a_crash_before_placing_is_recovered_under_the_id_that_was_chosen(
    database_url: str, clock: SetClock
) -> None:
    async with open_web(database_url, clock=clock) as web:
        product = await web.kit.add_product()
        await web.browser.get("/api/auth/me")
        session = await web.kit.one(SessionKey, "SELECT id FROM session")
        shop = web.kit.shop
        request = RequestKey(f"guest:{session.id}", "POST /api/orders", "a")
        chosen = new_order_id(clock.now())
        claim = await claim_request(shop.database, clock, shop.seals, request, basket(product), subject_id=chosen)
        assert claim == New(chosen, fence=1)
        clock.advance(seconds=30)
        recovered = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
        assert data_of(recovered, 201)["id"] == chosen
        assert await web.kit.stock(product) == (10, 1)


async def test_an_answer_outlives_the_price_that_it_was_made_with(web: Web) -> None:
    product = await web.kit.add_product(amount=2490)
    await web.browser.get("/api/auth/me")
    first = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute("UPDATE product_price SET amount_minor = 9900")
    again = await web.browser.post("/api/orders", json=basket(product), headers=key("a"))
    assert again.content == first.content
    assert data_of(again, 201)["subtotal"] == 2490
