"""The websocket of `stripe listen`: events go out as messages, acknowledgements and answers come back.

Source: Stripe CLI 1.52.0, which names its listener in the header `Websocket-Id` and speaks `stripecli-devproxy-v1`.
"""

import json
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any, cast

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from stripe_sandbox import listeners
from stripe_sandbox.letters import REFUSED, Key, Letter, count_pending
from stripe_sandbox.state.store import Store
from stripe_sandbox.state.work import Work, open_work

PROTOCOL = "stripecli-devproxy-v1"
# The command line asks for a new session when it reads exactly this.
UNKNOWN = {"error": {"message": "Unknown WebSocket ID."}}
CONVERSATION = "wc_"


class Taps:
    """The open websockets, by listener."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._open: dict[str, WebSocket] = {}
        # No websocket outlives the process that held it.
        self.store.connection.execute("UPDATE listener SET connected = 0")

    async def serve(self, socket: WebSocket) -> None:
        """Keeps one websocket until it closes."""
        listener_id = socket.headers.get("websocket-id", "")
        account_id = listeners.account_of(self.store, listener_id)
        if account_id is None or PROTOCOL not in socket.scope["subprotocols"]:
            await socket.send_denial_response(JSONResponse(UNKNOWN, 400))
            return
        await socket.accept(subprotocol=PROTOCOL)
        self._open[listener_id] = socket
        with self._work(account_id) as work:
            listeners.connect(work, listener_id)
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                self._take(account_id, listener_id, message.get("text") or "")
        finally:
            # A command line that connected anew has another websocket by now.
            if self._open.get(listener_id) is socket:
                del self._open[listener_id]
                with self._work(account_id) as work:
                    listeners.disconnect(work, listener_id)

    def _work(self, account_id: str) -> AbstractContextManager[Work]:
        account = self.store.find_account(account_id)
        assert account is not None
        return open_work(self.store, account)

    async def send(self, account_id: str, key: Key, letter: Letter) -> None:
        """Sends an event in the account's version and in the latest; `listen` takes the one that it was told to.

        What becomes of it is told by the messages that come back.
        """
        event_id, listener_id = key
        at = int(self.store.clock.now())
        attempt: dict[str, Any] = {"at": at, "status": None, "error": REFUSED if letter.dead else None}
        with self._work(account_id) as work:
            _note_sent(work, key, [attempt] * letter.copies, dead=letter.dead)
        socket = self._open.get(listener_id)
        if letter.dead or socket is None:
            return
        for version in (None, listeners.LATEST) * letter.copies:
            shown = letter if version is None else _in_version(letter, version)
            message = {
                "type": "webhook_event",
                "endpoint": {"api_version": version},
                "event_payload": shown.body.decode(),
                "http_headers": shown.headers(at),
                "webhook_conversation_id": CONVERSATION + event_id,
                "webhook_id": event_id,
            }
            # What a websocket that just closed did not take is ended by `serve`.
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(json.dumps(message, ensure_ascii=False))

    def _take(self, account_id: str, listener_id: str, text: str) -> None:
        """Reads one message; what is none of the protocol is passed over."""
        try:
            message: Any = json.loads(text)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        told = cast("dict[str, Any]", message)
        key = (str(told.get("webhook_conversation_id")).removeprefix(CONVERSATION), listener_id)
        with self._work(account_id) as work:
            if told.get("type") == "event_ack":
                _note_acknowledged(work, key)
            elif told.get("type") == "webhook_response" and isinstance(told.get("status"), int):
                _note_answered(work, key, told["status"])


def _in_version(letter: Letter, version: str) -> Letter:
    event: dict[str, Any] = json.loads(letter.body)
    return replace(letter, body=json.dumps({**event, "api_version": version}, indent=2, ensure_ascii=False).encode())


def _note_sent(work: Work, key: Key, attempts: list[dict[str, Any]], *, dead: bool) -> None:
    """The event goes into the websocket; nothing more is due."""
    row = _row(work, key)
    if row is not None:
        state = "failed" if dead else "acknowledged" if row["state"] == "acknowledged" else "pending"
        _keep(work, key, state, [*json.loads(row["attempts"]), *attempts])


def _note_acknowledged(work: Work, key: Key) -> None:
    """The command line says that the event came."""
    row = _row(work, key)
    if row is not None and row["state"] == "pending":
        _keep(work, key, "acknowledged", json.loads(row["attempts"]))


def _note_answered(work: Work, key: Key, status: int) -> None:
    """The server that it forwards to answered."""
    row = _row(work, key)
    if row is None:
        return
    attempts: list[dict[str, Any]] = json.loads(row["attempts"])
    waiting = next((attempt for attempt in attempts if attempt["status"] is None), None)
    if waiting is not None:
        waiting["status"] = status
    _keep(work, key, "acknowledged" if 200 <= status < 300 else "failed", attempts)  # noqa: PLR2004 - any 2xx


def _row(work: Work, key: Key) -> Any:
    return work.tx.execute(
        "SELECT state, attempts FROM delivery WHERE event = ? AND endpoint = ? AND account = ?",
        (*key, work.account.id),
    ).fetchone()


def _keep(work: Work, key: Key, state: str, attempts: list[dict[str, Any]]) -> None:
    work.tx.execute(
        "UPDATE delivery SET state = ?, due = NULL, attempts = ? WHERE event = ? AND endpoint = ?",
        (state, json.dumps(attempts), *key),
    )
    count_pending(work, key[0])
