"""Listeners: the official command line told to `listen` is one more receiver of its account's events.

It gets what happens while its websocket is open, once and without retries. A delivery to it is `pending` until it says
that the event came, then `acknowledged`; the answer of the server that it forwards to decides for good.
"""

from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.ids import scramble
from stripe_sandbox.state.store import Store
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.versions import DEFAULT_VERSION, VERSIONS

SOCKET_PATH = "/_sandbox/stripecli"
LATEST = max(VERSIONS)
# After this long the command line connects anew; what happens just then would not reach it.
RECONNECT_DELAY_S = 24 * 3600
# Of those that are not connected only the newest are remembered.
KEPT_MAX = 20
PREFIX = "cliws"
UNNAMED = "stripe listen"


def create_listener(call: Call) -> Doc:
    """POST /v1/stripecli/sessions: where the websocket is, and the secret that signs (one for each account)."""
    work = call.work
    # Listeners are no part of a snapshot, so their ids don't come from the account's counter, which may be put back.
    number = work.tx.execute("SELECT COALESCE(MAX(rowid), 0) + 1 FROM listener").fetchone()[0]
    listener_id = f"{PREFIX}_1" + scramble(work.account.seed, PREFIX, number, length=23)
    work.tx.execute(
        "DELETE FROM listener WHERE account = ? AND NOT connected AND id NOT IN "
        "(SELECT id FROM listener WHERE account = ? ORDER BY rowid DESC LIMIT ?)",
        (work.account.id, work.account.id, KEPT_MAX),
    )
    work.tx.execute(
        "INSERT INTO listener (id, account, forward_to) VALUES (?, ?, ?)",
        (listener_id, work.account.id, call.params.get("forward_to_url") or UNNAMED),
    )
    return {
        "default_version": DEFAULT_VERSION,
        "device_token": scramble(work.account.seed, "device", length=24),
        "display_connect_filter_warning": False,
        "latest_version": LATEST,
        "reconnect_delay": RECONNECT_DELAY_S,
        "secret": _secret(work),
        "websocket_authorized_feature": "webhooks",
        "websocket_id": listener_id,
        "websocket_url": "ws" + call.base_url.removeprefix("http") + SOCKET_PATH,
    }


def _secret(work: Work) -> str:
    return "whsec_" + scramble(work.account.seed, "stripecli", length=64)


def is_listener(endpoint_id: str) -> bool:
    """Says whether a delivery goes to a listener rather than to a webhook endpoint."""
    return endpoint_id.startswith(PREFIX + "_")


def find_listener(work: Work, listener_id: str) -> Doc | None:
    """The listener with the keys of a webhook endpoint; disabled while its websocket is closed."""
    row = work.tx.execute(
        "SELECT * FROM listener WHERE id = ? AND account = ?", (listener_id, work.account.id)
    ).fetchone()
    return None if row is None else _as_endpoint(work, row)


def account_of(store: Store, listener_id: str) -> str | None:
    """Whose listener it is, or None."""
    row = store.connection.execute("SELECT account FROM listener WHERE id = ?", (listener_id,)).fetchone()
    return None if row is None else row["account"]


def connected_listeners(work: Work) -> list[Doc]:
    """Those whose websocket is open."""
    rows = work.tx.execute("SELECT * FROM listener WHERE account = ? AND connected", (work.account.id,)).fetchall()
    return [_as_endpoint(work, row) for row in rows]


def _as_endpoint(work: Work, row: Any) -> Doc:
    return {
        "id": row["id"],
        "object": "stripecli_listener",
        "api_version": None,
        "enabled_events": ["*"],
        "status": "enabled" if row["connected"] else "disabled",
        "url": row["forward_to"],
        "_secrets": [{"secret": _secret(work), "until": None}],
    }


def connect(work: Work, listener_id: str) -> None:
    """Its websocket opened: from now on events are addressed to it."""
    work.tx.execute("UPDATE listener SET connected = 1 WHERE id = ?", (listener_id,))


def disconnect(work: Work, listener_id: str) -> None:
    """Its websocket closed: what it did not acknowledge is not sent again."""
    work.tx.execute("UPDATE listener SET connected = 0 WHERE id = ?", (listener_id,))
    work.tx.execute(
        "UPDATE delivery SET state = 'ended', due = NULL WHERE endpoint = ? AND state = 'pending'", (listener_id,)
    )
