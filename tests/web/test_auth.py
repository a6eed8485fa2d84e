"""Accounts over JSON: registering, logging in and out, and what becomes of a guest's things."""

import json

import httpx
import pytest

from vivr.cart.change_cart import add_to_cart
from vivr.cart.read_cart import cart_units
from vivr.customers.sessions import find_session
from web.harness import PASSWORD, Web, basket, data_of, refusal

ACCOUNT = {"email": "Anna@Example.com", "password": PASSWORD, "name": "Anna Martin"}
LOGIN = {"email": "anna@example.com", "password": PASSWORD}


async def test_a_guest_gets_a_session_by_asking_who_he_is(web: Web) -> None:
    answer = await web.browser.get("/api/auth/me")
    assert data_of(answer) == {"user": None}
    assert "HttpOnly; SameSite=Lax" in answer.headers["Set-Cookie"]
    assert "Secure" not in answer.headers["Set-Cookie"]
    again = await web.browser.get("/api/auth/me")
    assert "Set-Cookie" not in again.headers
    assert await web.kit.count("SELECT count(*) FROM session") == 1


async def test_reading_the_shop_leaves_no_session(web: Web) -> None:
    await web.browser.get("/api/products")
    await web.browser.get("/api/orders")
    assert await web.kit.count("SELECT count(*) FROM session") == 0


async def test_an_account_is_made_sealed_and_entered(web: Web) -> None:
    user = data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)["user"]
    assert (user["email"], user["name"], user["kind"]) == ("anna@example.com", "Anna Martin", "customer")
    assert data_of(await web.browser.get("/api/auth/me"))["user"] == user
    stored = await web.kit.count(
        "SELECT count(*) FROM person WHERE password_hash LIKE '$argon2id$%%' "
        "AND position('anna' in encode(email_sealed, 'escape')) = 0 "
        "AND position('Anna' in encode(name_sealed, 'escape')) = 0"
    )
    assert stored == 1


async def test_registering_an_address_again_is_answered_like_the_first_time(web: Web) -> None:
    first = data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)["user"]
    async with web.client() as other:
        second = data_of(await other.post("/api/auth/register", json=ACCOUNT | {"email": " ANNA@EXAMPLE.COM "}), 201)[
            "user"
        ]
    assert first.pop("id") != second.pop("id")
    assert (
        first == second == {"kind": "customer", "email": "anna@example.com", "name": "Anna Martin", "confirmed": False}
    )
    assert await web.kit.count("SELECT count(*) FROM person WHERE confirmed_at IS NULL") == 2


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"email": "anna"}, {"email": "email_malformed"}),
        ({"email": 5}, {"email": "wrong_type"}),
        ({"password": "too short"}, {"password": "password_too_short"}),
        ({"password": "x" * 257}, {"password": "password_too_long"}),
        ({"password": "anna@example.com"}, {"password": "password_guessable"}),
        ({"password": "motdepasse123"}, {"password": "password_common"}),
        ({"name": " "}, {"name": "required"}),
        ({"name": "Anna\u0000"}, {"name": "control_characters"}),
        ({"name": "x" * 201, "email": ""}, {"name": "too_long", "email": "email_malformed"}),
    ],
)
async def test_a_bad_registration_names_its_fields(web: Web, change: dict[str, object], fields: dict[str, str]) -> None:
    body = json.dumps(ACCOUNT | change)
    answer = await web.browser.post("/api/auth/register", content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"] == fields
    assert await web.kit.count("SELECT count(*) FROM person") == 0


async def test_logging_in_makes_a_new_session_and_ends_the_old_one(web: Web) -> None:
    data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)
    async with web.client(Origin="http://127.0.0.1:8000") as other:
        data_of(await other.get("/api/auth/me"))
        planted = other.cookies["vivr_session"]
        user = data_of(await other.post("/api/auth/login", json=LOGIN))["user"]
        assert user["email"] == "anna@example.com"
        assert other.cookies["vivr_session"] != planted
    assert await _session_of(web, planted) is None


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(web: Web) -> None:
    data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)
    answers: list[httpx.Response] = []
    for attempt in (
        LOGIN | {"password": "wrong horse battery"},
        LOGIN | {"email": "bert@example.com"},
        LOGIN | {"email": "?"},
    ):
        async with web.client() as stranger:
            answers.append(await stranger.post("/api/auth/login", json=attempt))
    assert {refusal(answer) for answer in answers} == {(401, "wrong_credentials")}
    assert len({answer.json()["error"] for answer in answers}) == 1
    assert all("Set-Cookie" not in answer.headers for answer in answers)


async def test_logging_out_ends_the_session_for_good(web: Web) -> None:
    data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)
    token = web.browser.cookies["vivr_session"]
    assert data_of(await web.browser.post("/api/auth/logout")) == {"user": None}
    assert "vivr_session" not in web.browser.cookies
    assert await _session_of(web, token) is None
    assert data_of(await web.browser.post("/api/auth/logout")) == {"user": None}


async def test_staff_do_not_log_in_at_the_customers_door(web: Web) -> None:
    data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute("UPDATE person SET kind = 'staff', role = 'owner'")
    async with web.client() as other:
        assert refusal(await other.post("/api/auth/login", json=LOGIN)) == (401, "wrong_credentials")


async def test_a_guests_orders_and_basket_go_to_the_account(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    guest = (await web.kit.order(order["id"])).principal
    async with web.kit.shop.database.transaction() as tx:
        await add_to_cart(tx, guest, product, 3, web.kit.shop.clock.now())
    user = data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)["user"]
    customer = f"customer:{user['id']}"
    adopted = await web.kit.order(order["id"])
    assert (adopted.principal, adopted.person_id) == (customer, user["id"])
    async with web.kit.shop.database.transaction() as tx:
        assert await cart_units(tx, customer) == 3
        assert await cart_units(tx, guest) == 0
    listed = data_of(await web.browser.get("/api/orders"))
    assert [item["id"] for item in listed["items"]] == [order["id"]]


async def test_who_registers_is_in_the_audit_with_a_sealed_origin(web: Web) -> None:
    data_of(await web.browser.post("/api/auth/register", json=ACCOUNT), 201)
    named = await web.kit.count(
        "SELECT count(*) FROM audit_row JOIN request_origin ON request_origin.id = audit_row.origin_id "
        "WHERE action = 'customer.registered' AND audit_row.origin_digest = request_origin.digest "
        "AND request_origin.expires_at - request_origin.created_at = interval '365 days'"
    )
    assert named == 1


async def _session_of(web: Web, token: str) -> object:
    async with web.kit.shop.database.transaction() as tx:
        return await find_session(tx, web.kit.shop.clock.now(), token)
