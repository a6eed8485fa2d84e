"""The websocket of `stripe listen`, spoken by hand."""

import json
import time
from collections.abc import Generator
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sandbox.harness import ServerThread, Shop
from stripe_sandbox import Store, SystemClock
from stripe_sandbox.hangup import cut_connection
from stripe_sandbox.listeners import KEPT_MAX, account_of
from stripe_sandbox.listening import Taps

PROTOCOL = Subprotocol("stripecli-devproxy-v1")
WAIT_S = 20


def session(shop: Shop, **form: str) -> dict[str, Any]:
    answer = shop.http.post("/v1/stripecli/sessions", data={"websocket_features[]": "webhooks", **form})
    assert answer.status_code == 200, answer.text
    return answer.json()


def dial(shop: Shop, listener: str, protocol: Subprotocol = PROTOCOL) -> ClientConnection:
    url = shop.url.replace("http://", "ws://") + "/_sandbox/stripecli?websocket_feature=webhooks"
    return connect(url, subprotocols=[protocol], additional_headers={"Websocket-Id": listener}, proxy=None)


def heard(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(socket.recv(timeout=WAIT_S))


def wait_for(shop: Shop, state: str, statuses: list[int | None]) -> None:
    """Until the only delivery looks like this."""
    deadline = time.monotonic() + WAIT_S
    found: Any = None
    while time.monotonic() < deadline:
        (found,) = shop.control("GET", "deliveries")["deliveries"]
        if (found["state"], [one["status"] for one in found["attempts"]]) == (state, statuses):
            return
        time.sleep(0.01)
    raise AssertionError(found)


@pytest.fixture
def listener(shop: Shop) -> Generator[ClientConnection]:
    with dial(shop, session(shop, forward_to_url="http://127.0.0.1:9/hook")["websocket_id"]) as socket:
        yield socket


def test_a_session_names_the_socket_and_keeps_its_secret(shop: Shop) -> None:
    first, second = session(shop), session(shop)
    assert first["websocket_url"] == shop.url.replace("http://", "ws://") + "/_sandbox/stripecli"
    assert first["websocket_id"] != second["websocket_id"]
    assert first["secret"] == second["secret"]
    assert (first["default_version"], first["latest_version"]) == ("2026-05-27.dahlia", "2026-10-28.endive")


def test_an_unknown_id_and_another_protocol_are_refused_in_the_words_that_the_command_line_reads(shop: Shop) -> None:
    known = session(shop)["websocket_id"]
    for name, protocol in (("cliws_none", PROTOCOL), (known, Subprotocol("chat"))):
        with pytest.raises(InvalidStatus) as refused:
            dial(shop, name, protocol)
        assert refused.value.response.status_code == 400
        assert json.loads(refused.value.response.body or b"") == {"error": {"message": "Unknown WebSocket ID."}}


def test_an_event_comes_in_the_version_of_the_account_and_in_the_latest(shop: Shop, listener: ClientConnection) -> None:
    shop.client.v1.customers.create()
    usual, latest = heard(listener), heard(listener)
    assert (usual["type"], usual["endpoint"], latest["endpoint"]) == (
        "webhook_event",
        {"api_version": None},
        {"api_version": "2026-10-28.endive"},
    )
    assert json.loads(usual["event_payload"])["api_version"] == "2026-05-27.dahlia"
    assert json.loads(latest["event_payload"])["api_version"] == "2026-10-28.endive"
    assert usual["http_headers"]["Stripe-Signature"] != latest["http_headers"]["Stripe-Signature"]


def test_a_delivery_is_pending_then_acknowledged_then_what_the_server_answered(
    shop: Shop, listener: ClientConnection
) -> None:
    shop.client.v1.customers.create()
    conversation = heard(listener)["webhook_conversation_id"]
    wait_for(shop, "pending", [None])
    for nonsense in (b"bytes", "{", "[]", '{"type": "event_ack"}', '{"type": "webhook_response", "status": "fine"}'):
        listener.send(nonsense)
    listener.send(json.dumps({"type": "event_ack", "webhook_conversation_id": conversation}))
    wait_for(shop, "acknowledged", [None])
    listener.send(json.dumps({"type": "webhook_response", "webhook_conversation_id": conversation, "status": 500}))
    wait_for(shop, "failed", [500])
    listener.close()
    wait_for(shop, "failed", [500])


def test_what_was_not_acknowledged_when_the_socket_closed_is_not_sent_again(
    shop: Shop, listener: ClientConnection
) -> None:
    shop.client.v1.customers.create()
    heard(listener)
    wait_for(shop, "pending", [None])
    listener.close()
    wait_for(shop, "ended", [None])


@pytest.mark.parametrize(
    ("kind", "state", "statuses"),
    [("webhook_drop", "dropped", []), ("webhook_dead", "failed", [None]), ("webhook_duplicate", "pending", [None] * 2)],
)
def test_faults_of_webhooks_strike_a_listener_too(
    shop: Shop, listener: ClientConnection, kind: str, state: str, statuses: list[None]
) -> None:
    shop.control("POST", "faults", {"kind": kind, "event": "customer.created"})
    shop.client.v1.customers.create()
    wait_for(shop, state, [*statuses])
    if kind == "webhook_duplicate":
        assert {heard(listener)["webhook_id"] for _ in range(4)} == {shop.client.v1.events.list().data[0].id}


def test_the_page_shows_where_a_listener_forwards_to_and_sends_again(shop: Shop, listener: ClientConnection) -> None:
    shop.client.v1.customers.create()
    first = heard(listener)
    heard(listener)
    (delivery,) = shop.control("GET", "deliveries")["deliveries"]
    account = shop.http.get("/v1/account").json()["id"]
    assert "http://127.0.0.1:9/hook" in shop.http.get("/", params={"account": account, "view": "events"}).text
    again = {"webhook_endpoint": delivery["endpoint"]}
    assert shop.http.post(f"/v1/events/{delivery['event']}/retry", data=again).status_code == 200
    assert heard(listener)["webhook_id"] == first["webhook_id"]


def test_a_resend_names_an_endpoint_or_the_command_line(shop: Shop) -> None:
    shop.client.v1.customers.create()
    event = shop.client.v1.events.list().data[0]
    missing = shop.http.post(f"/v1/events/{event.id}/retry")
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "webhook_endpoint")
    assert shop.http.post(f"/v1/events/{event.id}/retry", data={"for_stripecli": "true"}).status_code == 200
    assert shop.control("GET", "deliveries")["deliveries"] == []


def test_a_command_line_that_connects_anew_keeps_its_listener(shop: Shop) -> None:
    listener = session(shop)["websocket_id"]
    with dial(shop, listener) as first, dial(shop, listener) as second:
        first.close()
        shop.client.v1.customers.create()
        assert heard(second)["type"] == "webhook_event"


def test_no_websocket_is_taken_for_open_after_a_restart() -> None:
    store = Store(None, SystemClock(), 1)
    store.connection.execute("INSERT INTO listener VALUES ('cliws_1', 'acct_1', 'stripe listen', 1)")
    Taps(store)
    assert store.connection.execute("SELECT connected FROM listener").fetchone()["connected"] == 0
    store.close()


def test_only_the_newest_listeners_that_nobody_uses_are_remembered(shop: Shop, server: ServerThread) -> None:
    names = [session(shop)["websocket_id"] for _ in range(KEPT_MAX + 3)]
    known = [name for name in names if account_of(server.store, name) is not None]
    assert known == names[-KEPT_MAX - 1 :]


def test_a_session_after_a_restored_snapshot_is_a_new_one(shop: Shop) -> None:
    shop.control("POST", "snapshot")
    first = session(shop)["websocket_id"]
    shop.control("POST", "restore")
    assert session(shop)["websocket_id"] != first


def test_a_websocket_under_a_foreign_host_name_is_refused(shop: Shop) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyBvaw==", "Host": "evil.example"}
    assert shop.http.get("/_sandbox/stripecli", headers=upgrade).status_code == 421


def test_a_websocket_is_no_longer_an_http_connection_to_cut(listener: ClientConnection) -> None:
    assert not cut_connection(listener.local_address)
