"""All SQL of reconciliation: balance transactions, how far they were read, what is looked for, and payouts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.operations.model import StripeScope
from vivr.reconciliation.model import Movement, MovementState, PayoutState, StoredPayout

_KEEP = Sql(
    "keep_balance_transaction",
    "Keep a balance transaction once; a later reading may only add which payout it is part of.",
    """
    INSERT INTO balance_transaction (account, livemode, id, type, reporting_category, source_id, intent_id, counterpart,
                                     currency, amount_minor, fee_minor, net_minor, exchange_rate, payout_id, state,
                                     reason, created_at, seen_at, ask_at)
    VALUES (%(account)s, %(livemode)s, %(id)s, %(type)s, %(reporting_category)s, %(source_id)s, %(intent_id)s,
            %(counterpart)s, %(currency)s, %(amount_minor)s, %(fee_minor)s, %(net_minor)s, %(exchange_rate)s,
            %(payout_id)s, %(state)s, %(reason)s, %(created_at)s, %(seen_at)s, %(ask_at)s)
    ON CONFLICT ON CONSTRAINT balance_transaction_pkey DO UPDATE SET payout_id = excluded.payout_id
    WHERE excluded.payout_id IS NOT NULL AND balance_transaction.payout_id IS NULL
    """,
)

_LOCK_POSTER = Sql(
    "lock_balance_poster",
    "Only one poster works at a time; another one gives up at once.",
    "SELECT pg_try_advisory_xact_lock(1447249235)",
)

_POSTABLE = Sql(
    "next_postable_balance_transaction",
    "What can be posted now: movements of the account, and those whose counterpart stands in the books.",
    """
    SELECT * FROM balance_transaction
    WHERE state <> 'posted'
      AND ((state = 'waiting' AND counterpart IS NULL)
           OR EXISTS (SELECT FROM ledger_entry WHERE ledger_entry.account = balance_transaction.account
                AND ledger_entry.livemode = balance_transaction.livemode AND object_id = source_id
                AND kind = counterpart))
    ORDER BY created_at, (counterpart = 'capture') DESC, id
    LIMIT 1
    """,
)

_END = Sql(
    "end_balance_transaction",
    "Write what became of a balance transaction that is not posted; no row: somebody was quicker.",
    """
    UPDATE balance_transaction SET state = %(to)s, reason = %(reason)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s AND state IN ('waiting', 'foreign')
    """,
)

_OF_INTENT = Sql(
    "balance_of_intent",
    "What was posted of a PaymentIntent's movements.",
    """
    SELECT * FROM balance_transaction
    WHERE account = %(account)s AND livemode = %(livemode)s AND intent_id = %(intent_id)s AND state = 'posted'
    ORDER BY created_at, id
    """,
)

_CLAIM_UNEXPLAINED = Sql(
    "claim_unexplained_balance_transaction",
    "Take the oldest movement that waited too long for its counterpart and whose turn it is.",
    """
    UPDATE balance_transaction SET ask_at = %(next_at)s
    WHERE (account, livemode, id) = (
        SELECT account, livemode, id FROM balance_transaction
        WHERE state = 'waiting' AND counterpart IS NOT NULL AND ask_at <= %(now)s
        ORDER BY ask_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)

_NOT_OURS = Sql(
    "balance_transactions_not_posted",
    "What stands in Stripe's balance and not in the books, newest first.",
    """
    SELECT * FROM balance_transaction WHERE state <> 'posted' ORDER BY created_at DESC, id LIMIT %(limit)s
    """,
)

_CLAIM_READING = Sql(
    "claim_balance_reading",
    "Take the reading of Stripe's list if it is due; the first one begins where the books do.",
    """
    INSERT INTO balance_reading (account, livemode, read_to, next_at)
    VALUES (%(account)s, %(livemode)s,
            coalesce((SELECT min(at) FROM ledger_entry WHERE account = %(account)s AND livemode = %(livemode)s),
                     %(now)s),
            %(next_at)s)
    ON CONFLICT ON CONSTRAINT balance_reading_pkey DO UPDATE SET next_at = excluded.next_at
    WHERE balance_reading.next_at <= %(now)s
    RETURNING read_to
    """,
)

_END_READING = Sql(
    "end_balance_reading",
    "All that was listed up to then is kept.",
    """
    UPDATE balance_reading SET read_to = greatest(read_to, %(read_to)s)
    WHERE account = %(account)s AND livemode = %(livemode)s
    """,
)

_MISSING = Sql(
    "movements_without_balance_transaction",
    "Entries whose balance transaction did not come in time and whose turn it is to be looked for.",
    """
    SELECT ledger_entry.object_id, ledger_entry.kind, ledger_entry.order_id, ledger_entry.payment_id
    FROM ledger_entry
    LEFT JOIN balance_search USING (account, livemode, object_id, kind)
    WHERE ledger_entry.account = %(account)s AND ledger_entry.livemode = %(livemode)s
      AND ledger_entry.kind = ANY(%(kinds)s) AND ledger_entry.at < %(before)s AND ledger_entry.at > %(after)s
      AND coalesce(balance_search.next_at, %(now)s) <= %(now)s
      AND NOT EXISTS (SELECT FROM balance_transaction WHERE balance_transaction.account = ledger_entry.account
            AND balance_transaction.livemode = ledger_entry.livemode AND source_id = ledger_entry.object_id
            AND counterpart = ledger_entry.kind)
    ORDER BY ledger_entry.at LIMIT %(limit)s
    """,
)

_CLAIM_SEARCH = Sql(
    "claim_balance_search",
    "Take the search for one movement if it is its turn; no row: another worker has it.",
    """
    INSERT INTO balance_search (account, livemode, object_id, kind, searches, next_at)
    VALUES (%(account)s, %(livemode)s, %(object_id)s, %(kind)s, 1, %(next_at)s)
    ON CONFLICT ON CONSTRAINT balance_search_pkey
    DO UPDATE SET searches = balance_search.searches + 1, next_at = excluded.next_at
    WHERE balance_search.next_at <= %(now)s
    RETURNING searches
    """,
)

_KEEP_PAYOUT = Sql(
    "keep_payout",
    "Keep a payout once, as it begins.",
    """
    INSERT INTO payout (account, livemode, id, amount_minor, currency, automatic, state, arrival_at, created_at,
                        updated_at)
    VALUES (%(account)s, %(livemode)s, %(id)s, %(amount_minor)s, %(currency)s, %(automatic)s, 'pending', %(arrival_at)s,
            %(created_at)s, %(now)s)
    ON CONFLICT ON CONSTRAINT payout_pkey DO NOTHING
    """,
)

_MOVE_PAYOUT = Sql(
    "move_payout",
    "Move a payout on; no row: it stands there or beyond.",
    """
    UPDATE payout SET state = %(to)s, failure_code = %(failure_code)s, updated_at = %(now)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s AND state = ANY(%(before)s)
    RETURNING *
    """,
)

_RECONCILE_PAYOUT = Sql(
    "reconcile_payout",
    "Everything that a payout consists of is kept.",
    """
    UPDATE payout SET reconciled_at = coalesce(reconciled_at, %(now)s)
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s
    """,
)

_KNOWN = Sql(
    "known_balance_transactions",
    "Those of some balance transactions that are kept.",
    """
    SELECT * FROM balance_transaction
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = ANY(%(ids)s)
    """,
)


@dataclass(frozen=True, slots=True)
class MissingMovement:
    """An entry whose balance transaction did not come."""

    object_id: str
    kind: str
    order_id: str | None
    payment_id: str | None


async def keep(tx: Tx, movements: Sequence[Movement]) -> None:
    """Keep balance transactions, each once, in the order in which all writers lock them."""
    await tx.run_many(
        _KEEP,
        [
            {name: getattr(movement, name) for name in Movement.__slots__}
            for movement in sorted(movements, key=lambda one: one.id)
        ],
    )


async def try_lock_poster(tx: Tx) -> bool:
    """Become the one poster until the transaction ends."""
    return bool(await tx.value(_LOCK_POSTER, bool))


async def next_postable(tx: Tx) -> Movement | None:
    """The oldest movement that can be posted now; captures come before what goes back of them."""
    return await tx.row(_POSTABLE, Movement)


async def end(tx: Tx, movement: Movement, to: MovementState, reason: str | None = None) -> bool:
    """Write what became of it; False: somebody was quicker."""
    key = {"account": movement.account, "livemode": movement.livemode, "id": movement.id}
    return await tx.run(_END, to=to, reason=reason, **key) == 1


async def posted_of_intent(tx: Tx, movement: Movement) -> list[Movement]:
    """What was posted before of the same PaymentIntent."""
    return await tx.rows(
        _OF_INTENT,
        Movement,
        account=movement.account,
        livemode=movement.livemode,
        intent_id=movement.intent_id,
    )


async def claim_unexplained(tx: Tx, *, now: datetime, next_at: datetime) -> Movement | None:
    """A movement that waited too long; None: there is none."""
    return await tx.row(_CLAIM_UNEXPLAINED, Movement, now=now, next_at=next_at)


async def not_posted(tx: Tx, limit: int) -> list[Movement]:
    """What stands in Stripe's balance and not in the books."""
    return await tx.rows(_NOT_OURS, Movement, limit=limit)


async def known(tx: Tx, scope: StripeScope, ids: Sequence[str]) -> list[Movement]:
    """Those of some balance transactions that are kept."""
    return await tx.rows(_KNOWN, Movement, account=scope.account, livemode=scope.livemode, ids=list(ids))


async def claim_reading(tx: Tx, scope: StripeScope, *, now: datetime, next_at: datetime) -> datetime | None:
    """Up to when the list was read, if reading it is due; else None."""
    return await tx.value(
        _CLAIM_READING, datetime, account=scope.account, livemode=scope.livemode, now=now, next_at=next_at
    )


async def end_reading(tx: Tx, scope: StripeScope, *, read_to: datetime) -> None:
    """All that was listed up to then is kept."""
    await tx.run(_END_READING, account=scope.account, livemode=scope.livemode, read_to=read_to)


async def missing(tx: Tx, scope: StripeScope, **values: object) -> list[MissingMovement]:
    """Entries whose balance transaction has to be looked for."""
    return await tx.rows(_MISSING, MissingMovement, account=scope.account, livemode=scope.livemode, **values)


async def claim_search(tx: Tx, scope: StripeScope, one: MissingMovement, *, now: datetime, next_at: datetime) -> bool:
    """Whether this worker is to look for it."""
    searches = await tx.value(
        _CLAIM_SEARCH,
        int,
        account=scope.account,
        livemode=scope.livemode,
        object_id=one.object_id,
        kind=one.kind,
        now=now,
        next_at=next_at,
    )
    return searches is not None


async def keep_payout(tx: Tx, scope: StripeScope, **values: object) -> None:
    """Keep a payout once, as it begins."""
    await tx.run(_KEEP_PAYOUT, account=scope.account, livemode=scope.livemode, **values)


async def move_payout(
    tx: Tx, scope: StripeScope, payout_id: str, to: PayoutState, before: Sequence[PayoutState], **values: object
) -> StoredPayout | None:
    """Move a payout on; None: it stands there or beyond."""
    return await tx.row(
        _MOVE_PAYOUT,
        StoredPayout,
        account=scope.account,
        livemode=scope.livemode,
        id=payout_id,
        to=to,
        before=list(before),
        **values,
    )


async def reconcile_payout(tx: Tx, scope: StripeScope, payout_id: str, now: datetime) -> None:
    """Everything that it consists of is kept."""
    await tx.run(_RECONCILE_PAYOUT, account=scope.account, livemode=scope.livemode, id=payout_id, now=now)
