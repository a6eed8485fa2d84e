"""Keeps, restores and forgets one account's whole state: every row of every table that is the account's."""

import json

from stripe_sandbox.state.store import Account, Store

TABLES = ("account", "object", "delivery", "timer", "idempotency", "tally")


def take(store: Store, account: Account, name: str, snapshots_max: int) -> bool:
    """Stores a copy of the account's rows under a name, in place of an older one; False when there are too many."""
    with store.transaction() as tx:
        others = tx.execute(
            "SELECT COUNT(*) AS others FROM snapshot WHERE account = ? AND name != ?", (account.id, name)
        ).fetchone()
        if others["others"] >= snapshots_max:
            return False
        rows = {
            table: [dict(row) for row in tx.execute(f"SELECT * FROM {table} WHERE {_owner(table)} = ?", (account.id,))]  # noqa: S608 - table names from the list above
            for table in TABLES
        }
        rows["moment"] = [{"sandbox": account.time.at(store.clock.now())}]
        tx.execute(
            "INSERT OR REPLACE INTO snapshot (account, name, body) VALUES (?, ?, ?)",
            (account.id, name, json.dumps(rows)),
        )
    return True


def restore(store: Store, account: Account, name: str) -> bool:
    """Replaces the account's rows by the copy, and lets its time go on from there; False when there is no such copy."""
    with store.transaction() as tx:
        found = tx.execute("SELECT body FROM snapshot WHERE account = ? AND name = ?", (account.id, name)).fetchone()
        if found is None:
            return False
        rows = json.loads(found["body"])
        for table in TABLES:
            tx.execute(f"DELETE FROM {table} WHERE {_owner(table)} = ?", (account.id,))  # noqa: S608 - as above
            for row in rows[table]:
                columns = ", ".join(row)
                marks = ", ".join("?" * len(row))
                tx.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - columns of our own schema
        tx.execute(
            "UPDATE account SET anchor_real = ?, anchor_sandbox = ? WHERE id = ?",
            (store.clock.now(), rows["moment"][0]["sandbox"], account.id),
        )
    return True


def forget(store: Store, account: Account) -> None:
    """Deletes everything of an account, its snapshots too; its key opens a new one, whose ids begin anew."""
    with store.transaction() as tx:
        for table in (*TABLES, "snapshot", "listener"):
            tx.execute(f"DELETE FROM {table} WHERE {_owner(table)} = ?", (account.id,))  # noqa: S608 - as above


def _owner(table: str) -> str:
    return "id" if table == "account" else "account"
