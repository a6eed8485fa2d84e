-- Disputed charges: Stripe's word on each, and what of it is booked.

CREATE TABLE dispute (
    id text CONSTRAINT dispute_pkey PRIMARY KEY,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text NOT NULL CONSTRAINT dispute_stripe_id_short CHECK (length(stripe_id) <= 255),
    -- Neither is known of money that names this shop without being a payment of its own.
    payment_id text CONSTRAINT dispute_payment_exists REFERENCES payment,
    order_id text CONSTRAINT dispute_order_exists REFERENCES orders,
    charge_id text NOT NULL,
    intent_id text NOT NULL,
    -- Stripe's own words, whatever they will be.
    state text NOT NULL CONSTRAINT dispute_state_short CHECK (length(state) <= 255),
    reason text NOT NULL CONSTRAINT dispute_reason_short CHECK (length(reason) <= 255),
    amount_minor bigint NOT NULL CONSTRAINT dispute_amount_positive CHECK (amount_minor > 0),
    currency text NOT NULL CONSTRAINT dispute_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    is_withdrawn boolean NOT NULL,
    is_reinstated boolean NOT NULL,
    due_at timestamptz,
    -- What of the booked loss was owed to the customer anyway; empty while no loss is booked.
    loss_owed_minor bigint CONSTRAINT dispute_loss_within_amount CHECK (loss_owed_minor BETWEEN 0 AND amount_minor),
    submissions integer NOT NULL CONSTRAINT dispute_submissions_not_negative CHECK (submissions >= 0),
    -- Of the read that is applied: an older read changes nothing.
    ticket bigint NOT NULL,
    alert_at timestamptz,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT dispute_stripe_once UNIQUE (account, livemode, stripe_id)
);
CREATE INDEX dispute_by_payment ON dispute (payment_id);
CREATE INDEX dispute_by_order ON dispute (order_id, opened_at);
CREATE INDEX dispute_to_alert ON dispute (alert_at) WHERE alert_at IS NOT NULL;

ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_kind_known;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_kind_known CHECK
    (kind IN ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal', 'dispute_loss',
              'dispute_loss_reversal', 'balance_transaction'));
