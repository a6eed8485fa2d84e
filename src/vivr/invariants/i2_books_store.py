"""I2: every movement of money is in the books once, balanced per currency."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_CAPTURE_POSTED = Sql(
    "check_capture_posted",
    "Every capture is posted once.",
    """
    SELECT payment.id AS object_id, order_id, concat('charge=', charge_id, ' entries=', entries) AS detail
    FROM payment CROSS JOIN LATERAL (
        SELECT count(*) AS entries FROM ledger_entry
        WHERE ledger_entry.account = payment.account AND ledger_entry.livemode = payment.livemode
          AND ledger_entry.kind = 'capture' AND object_id = charge_id) AS posted
    WHERE captured_minor > 0 AND entries <> 1
    """,
)

_ENTRY_BALANCED = Sql(
    "check_entry_balanced",
    "The postings of an entry sum to zero in every currency, and no entry is without.",
    """
    SELECT ledger_entry.id AS object_id, order_id, concat(currency, ' sum=', sum(amount_minor)) AS detail
    FROM ledger_entry LEFT JOIN ledger_posting ON entry_id = ledger_entry.id
    GROUP BY ledger_entry.id, order_id, currency
    HAVING coalesce(sum(amount_minor), 1) <> 0
    """,
)

_REFUND_POSTED = Sql(
    "check_refund_posted",
    "Every refund that Stripe made, and every failure of one, is posted once.",
    """
    SELECT refund.id AS object_id, order_id,
           concat('state=', state, ' refund_entries=', refunds, ' failure_entries=', failures) AS detail
    FROM refund CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE kind = 'refund') AS refunds,
               count(*) FILTER (WHERE kind = 'refund_failure') AS failures
        FROM ledger_entry
        WHERE ledger_entry.account = refund.account AND ledger_entry.livemode = refund.livemode
          AND object_id = stripe_id) AS posted
    WHERE refunds <> (stripe_id IS NOT NULL)::int
       OR failures <> (stripe_id IS NOT NULL AND state IN ('FAILED', 'CANCELED'))::int
    """,
)

_REFUND_AMOUNT = Sql(
    "check_refund_amount",
    "A refund posts what it gives back.",
    """
    SELECT refund.id AS object_id, refund.order_id,
           concat(ledger_entry.kind, ' posted=', ledger_posting.amount_minor, ' refund=', refund.amount_minor) AS detail
    FROM refund JOIN ledger_entry ON ledger_entry.account = refund.account AND ledger_entry.livemode = refund.livemode
        AND object_id = stripe_id AND kind IN ('refund', 'refund_failure')
    JOIN ledger_posting ON entry_id = ledger_entry.id AND ledger_account = 'fx_clearing'
    WHERE ledger_posting.amount_minor <> refund.amount_minor * (CASE kind WHEN 'refund' THEN -1 ELSE 1 END)
    """,
)

_DISPUTE_POSTED = Sql(
    "check_dispute_posted",
    "What a dispute took, lost and gave back is posted once each, and only what is argued about is left there.",
    """
    SELECT dispute.id AS object_id, order_id,
           concat('state=', state, ' taken=', taken, ' back=', back, ' lost=', lost, ' argued=', argued) AS detail
    FROM dispute CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE kind = 'dispute') AS taken,
               count(*) FILTER (WHERE kind = 'dispute_reversal') AS back,
               count(*) FILTER (WHERE kind = 'dispute_loss') AS lost,
               coalesce(sum(standing), 0) AS argued
        FROM ledger_entry CROSS JOIN LATERAL (
            SELECT sum(ledger_posting.amount_minor) AS standing FROM ledger_posting
            WHERE entry_id = ledger_entry.id AND ledger_posting.ledger_account = 'disputed_funds') AS posting
        WHERE ledger_entry.account = dispute.account AND ledger_entry.livemode = dispute.livemode
          AND object_id = stripe_id) AS posted
    WHERE taken <> is_withdrawn::int OR back <> (is_withdrawn AND is_reinstated)::int
       OR lost <> (loss_minor IS NOT NULL)::int
       OR coalesce(loss_minor, 0) <> CASE WHEN is_reinstated THEN kept_minor WHEN state = 'lost' THEN amount_minor
                                          ELSE 0 END
       OR argued <> CASE WHEN is_withdrawn AND NOT is_reinstated AND state <> 'lost' THEN amount_minor ELSE 0 END
    """,
)

_HELD_POSTED = Sql(
    "check_held_posted",
    "The books hold for customers exactly what captured exceptions hold that were not accepted.",
    """
    SELECT currency AS object_id, NULL AS order_id, concat('books=', sum(books), ' exceptions=', sum(held)) AS detail
    FROM (SELECT currency, -amount_minor AS books, 0 AS held FROM ledger_posting
          WHERE ledger_account = 'held_for_customers'
          UNION ALL
          SELECT currency, 0, amount_minor - returned_minor FROM money_exception
          WHERE captured AND kind NOT IN ('double_loss', 'ledger_mismatch')
            AND coalesce(resolution, '') <> 'accepted') AS both_sides
    GROUP BY currency HAVING sum(books) <> sum(held)
    """,
)

_MOVEMENT_POSTED = Sql(
    "check_movement_posted",
    "Every balance transaction of ours is posted once with its net amount, and no other one is.",
    """
    SELECT id AS object_id, order_id,
           concat('state=', state, ' net=', net_minor, currency, ' posted=', posted, ' entries=', entries) AS detail
    FROM balance_transaction CROSS JOIN LATERAL (
        SELECT count(DISTINCT ledger_entry.id) AS entries, min(order_id) AS order_id,
               coalesce(sum(ledger_posting.amount_minor) FILTER (WHERE ledger_account = 'stripe_balance'
                   AND ledger_posting.currency = balance_transaction.currency), 0) AS posted
        FROM ledger_entry JOIN ledger_posting ON entry_id = ledger_entry.id
        WHERE ledger_entry.account = balance_transaction.account
          AND ledger_entry.livemode = balance_transaction.livemode
          AND kind = 'balance_transaction' AND object_id = balance_transaction.id) AS books
    WHERE posted <> CASE state WHEN 'posted' THEN net_minor ELSE 0 END
       OR (state <> 'posted' AND entries > 0)
    """,
)

_BALANCE_AGREES = Sql(
    "check_balance_agrees",
    "What the books have at Stripe is the sum of our balance transactions, in every currency.",
    """
    SELECT currency AS object_id, NULL AS order_id, concat('books=', books, ' balance_transactions=', balance) AS detail
    FROM (SELECT currency, sum(amount_minor) AS books FROM ledger_posting
          WHERE ledger_account = 'stripe_balance' GROUP BY currency) AS posted
    FULL JOIN (SELECT currency, sum(net_minor) AS balance FROM balance_transaction
               WHERE state = 'posted' GROUP BY currency) AS moved USING (currency)
    WHERE coalesce(books, 0) <> coalesce(balance, 0)
    """,
)

_CLEARED = Sql(
    "check_movement_cleared",
    "A balance transaction clears what was posted before: the same sum, or the sum at its exchange rate.",
    """
    SELECT balance_transaction.id AS object_id, order_id,
           concat('cleared=', amount_minor, balance_transaction.currency, ' seen=', seen, books.currency,
                  ' rate=', exchange_rate) AS detail
    FROM balance_transaction JOIN LATERAL (
        SELECT ledger_posting.currency, min(order_id) AS order_id, sum(ledger_posting.amount_minor) AS seen
        FROM ledger_entry JOIN ledger_posting ON entry_id = ledger_entry.id AND ledger_account = 'fx_clearing'
        WHERE ledger_entry.account = balance_transaction.account
          AND ledger_entry.livemode = balance_transaction.livemode
          AND object_id = source_id AND kind = counterpart
        GROUP BY ledger_posting.currency) AS books ON true
    WHERE state = 'posted'
      AND CASE WHEN balance_transaction.currency = books.currency THEN amount_minor <> seen
          ELSE exchange_rate IS NULL OR sign(amount_minor) <> sign(seen) END
    """,
)

_PAYOUT_ADDS_UP = Sql(
    "check_payout_adds_up",
    "What an automatic payout consists of adds up to it.",
    """
    SELECT payout.id AS object_id, NULL AS order_id,
           concat('payout=', payout.amount_minor, ' parts=', coalesce(sum(net_minor), 0)) AS detail
    FROM payout LEFT JOIN balance_transaction ON balance_transaction.account = payout.account
        AND balance_transaction.livemode = payout.livemode AND payout_id = payout.id AND type NOT LIKE 'payout%%'
    WHERE reconciled_at IS NOT NULL
    GROUP BY payout.account, payout.livemode, payout.id
    HAVING payout.amount_minor <> coalesce(sum(net_minor), 0)
    """,
)

_NO_ENTRY_ALONE = Sql(
    "check_entry_has_movement",
    "Every movement in the books has its balance transaction within two hours; a pending refund when it goes.",
    """
    SELECT ledger_entry.object_id, ledger_entry.order_id, concat('kind=', ledger_entry.kind, ' at=', at) AS detail
    FROM ledger_entry
    WHERE ledger_entry.kind IN ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal')
      AND at < %(now)s::timestamptz - interval '2 hours'
      AND NOT EXISTS (SELECT FROM balance_transaction WHERE balance_transaction.account = ledger_entry.account
            AND balance_transaction.livemode = ledger_entry.livemode AND source_id = ledger_entry.object_id
            AND counterpart = ledger_entry.kind AND state = 'posted')
      AND NOT EXISTS (SELECT FROM refund WHERE refund.account = ledger_entry.account
            AND refund.livemode = ledger_entry.livemode AND stripe_id = ledger_entry.object_id
            AND refund.state = 'PENDING')
    """,
)

_NO_MOVEMENT_ALONE = Sql(
    "check_movement_has_entry",
    "Every balance transaction is posted or known not to be ours within two hours.",
    """
    SELECT id AS object_id, NULL AS order_id,
           concat('type=', type, ' source=', source_id, ' net=', net_minor, currency, ' seen=', seen_at) AS detail
    FROM balance_transaction
    WHERE state = 'waiting' AND seen_at < %(now)s::timestamptz - interval '2 hours'
    """,
)

INVARIANT: Final = Invariant(
    "I2",
    "Every movement of money is posted once, entries sum to zero, and the books agree with Stripe's balance.",
    (
        _CAPTURE_POSTED,
        _ENTRY_BALANCED,
        _REFUND_POSTED,
        _REFUND_AMOUNT,
        _DISPUTE_POSTED,
        _HELD_POSTED,
        _MOVEMENT_POSTED,
        _BALANCE_AGREES,
        _CLEARED,
        _PAYOUT_ADDS_UP,
        _NO_ENTRY_ALONE,
        _NO_MOVEMENT_ALONE,
    ),
)
