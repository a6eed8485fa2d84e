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
    "What a dispute took, lost and gave back is posted once each.",
    """
    SELECT dispute.id AS object_id, order_id,
           concat('state=', state, ' taken=', taken, ' back=', back, ' lost=', lost, ' turned=', turned) AS detail
    FROM dispute CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE kind = 'dispute') AS taken,
               count(*) FILTER (WHERE kind = 'dispute_reversal') AS back,
               count(*) FILTER (WHERE kind = 'dispute_loss') AS lost,
               count(*) FILTER (WHERE kind = 'dispute_loss_reversal') AS turned
        FROM ledger_entry
        WHERE ledger_entry.account = dispute.account AND ledger_entry.livemode = dispute.livemode
          AND object_id = stripe_id) AS posted
    WHERE taken <> is_withdrawn::int OR back <> (is_withdrawn AND is_reinstated)::int
       OR lost <> (loss_owed_minor IS NOT NULL)::int OR turned <> (loss_owed_minor IS NOT NULL AND is_reinstated)::int
       OR (state = 'lost' AND NOT is_reinstated AND loss_owed_minor IS NULL)
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

INVARIANT: Final = Invariant(
    "I2",
    "Every movement of money is posted once, entries sum to zero, and the books agree with Stripe's balance.",
    (_CAPTURE_POSTED, _ENTRY_BALANCED, _REFUND_POSTED, _REFUND_AMOUNT, _DISPUTE_POSTED, _HELD_POSTED),
)
