-- Money that does not fit is given back, accepted or acknowledged, and what Stripe does to it meanwhile is followed.

ALTER TABLE money_exception DROP CONSTRAINT money_exception_kind_known;
ALTER TABLE money_exception ADD CONSTRAINT money_exception_kind_known CHECK (kind IN
    ('wrong_mode', 'wrong_currency', 'wrong_amount', 'wrong_customer', 'stray', 'twice', 'late', 'oversold',
     'unknown_order', 'double_loss', 'ledger_mismatch'));

-- Resolving: the decision is stored, and Stripe (or a second word) has still to answer.
ALTER TABLE money_exception DROP CONSTRAINT money_exception_state_known;
ALTER TABLE money_exception ADD CONSTRAINT money_exception_state_known CHECK (state IN ('open', 'resolving', 'resolved'));

ALTER TABLE money_exception
    ADD COLUMN charge_id text,
    -- Only authorised money is released, captured money is refunded.
    ADD COLUMN captured boolean NOT NULL DEFAULT true,
    -- How much of it went back, by refunds and lost disputes, whoever asked for it; more than came is a double loss.
    ADD COLUMN returned_minor bigint NOT NULL DEFAULT 0 CONSTRAINT money_exception_returned_not_negative
        CHECK (returned_minor >= 0),
    -- Each decision to give it back is one round: one refund, one operation, one intent.
    ADD COLUMN rounds integer NOT NULL DEFAULT 0,
    ADD COLUMN refund_id text CONSTRAINT money_exception_refund_exists REFERENCES refund,
    ADD COLUMN backed_by text,
    ADD COLUMN decided_by text,
    ADD COLUMN accepted_order_id text CONSTRAINT money_exception_accepted_order_exists REFERENCES orders,
    ADD COLUMN note text,
    -- When the rule looks at it again; at first that follows from created_at.
    ADD COLUMN rule_at timestamptz,
    ADD COLUMN rule_tries integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT money_exception_resolving_decided CHECK (state <> 'resolving' OR decided_by IS NOT NULL),
    ADD CONSTRAINT money_exception_resolution_known CHECK (resolution IN
        ('refunded', 'lost', 'released', 'accepted', 'acknowledged')),
    ADD CONSTRAINT money_exception_accepted_with_order CHECK
        ((accepted_order_id IS NOT NULL) = (coalesce(resolution, '') = 'accepted'));
ALTER TABLE money_exception ALTER COLUMN captured DROP DEFAULT;
-- What waits for a person or for Stripe, whatever it waits for.
DROP INDEX money_exception_open;
CREATE INDEX money_exception_open ON money_exception (created_at) WHERE state <> 'resolved';
CREATE INDEX money_exception_by_order ON money_exception (order_id);

ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_kind_known;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_kind_known CHECK (kind IN
    ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal', 'dispute_loss', 'dispute_loss_reversal',
     'balance_transaction', 'acceptance'));
