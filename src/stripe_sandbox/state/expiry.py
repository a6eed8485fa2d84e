"""What an account forgets by itself, so that a sandbox that runs for weeks stays small.

Events after 30 days of the account's time, as at Stripe, and the oldest beyond a number, each with its deliveries;
idempotency keys after their 24 hours; what happened at other objects is kept, up to a number that is refused beyond.
"""

from dataclasses import dataclass

from stripe_sandbox.state.work import Work

EVENT_LIFE_S = 30 * 24 * 3600
KEY_LIFE_S = 24 * 3600


@dataclass(frozen=True)
class Limits:
    """How much is kept: `events` and `objects` per account, `accounts` in all, `snapshots` per account.

    `look_every` is the number of calls between two looks.
    """

    events: int = 100_000
    objects: int = 500_000
    accounts: int = 10_000
    snapshots: int = 20
    look_every: int = 256


def forget_expired(work: Work, limits: Limits) -> bool:
    """Deletes what is over; says whether the account is full all the same."""
    account = work.account.id
    work.tx.execute("DELETE FROM idempotency WHERE account = ? AND created < ?", (account, work.exact_now - KEY_LIFE_S))
    beyond = work.tx.execute(
        "SELECT seq FROM object WHERE account = ? AND kind = 'event' ORDER BY seq DESC LIMIT 1 OFFSET ?",
        (account, limits.events),
    ).fetchone()
    over = (account, work.now - EVENT_LIFE_S, 0 if beyond is None else beyond["seq"])
    old_events = "FROM object WHERE account = ? AND kind = 'event' AND (created < ? OR seq <= ?)"
    work.tx.execute(f"DELETE FROM delivery WHERE event IN (SELECT id {old_events})", over)  # noqa: S608 - the text above
    work.tx.execute(f"DELETE {old_events}", over)
    row = work.tx.execute("SELECT COUNT(*) AS objects FROM object WHERE account = ?", (account,)).fetchone()
    return row["objects"] >= limits.objects
