-- What Stripe's balance did: each movement kept once, and posted once if it is ours.

CREATE TABLE balance_transaction (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL CONSTRAINT balance_transaction_id_short CHECK (length(id) <= 255),
    type text NOT NULL,
    reporting_category text NOT NULL,
    -- The charge, refund, dispute or payout that made it, and the PaymentIntent behind that.
    source_id text,
    intent_id text,
    -- The kind of entry that was posted for the source before; NULL: a movement of the whole account, such as a payout.
    counterpart text CONSTRAINT balance_transaction_counterpart_known CHECK
        (counterpart IN ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal')),
    currency text NOT NULL CONSTRAINT balance_transaction_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    net_minor bigint NOT NULL,
    exchange_rate numeric,
    payout_id text,
    state text NOT NULL CONSTRAINT balance_transaction_state_known CHECK (state IN ('waiting', 'posted', 'foreign')),
    reason text,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ask_at timestamptz NOT NULL,
    CONSTRAINT balance_transaction_pkey PRIMARY KEY (account, livemode, id),
    CONSTRAINT balance_transaction_net_adds_up CHECK (net_minor = amount_minor - fee_minor),
    CONSTRAINT balance_transaction_foreign_with_reason CHECK (state <> 'foreign' OR reason IS NOT NULL)
);
CREATE INDEX balance_transaction_not_posted ON balance_transaction (seen_at) WHERE state <> 'posted';
CREATE INDEX balance_transaction_by_source ON balance_transaction (account, livemode, source_id);
CREATE INDEX balance_transaction_by_intent ON balance_transaction (account, livemode, intent_id);
CREATE INDEX balance_transaction_by_payout ON balance_transaction (account, livemode, payout_id)
    WHERE payout_id IS NOT NULL;

-- Up to when Stripe's list of balance transactions was read, and when it is read next.
CREATE TABLE balance_reading (
    account text NOT NULL,
    livemode boolean NOT NULL,
    read_to timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT balance_reading_pkey PRIMARY KEY (account, livemode)
);

-- A movement in the books whose balance transaction did not come: when it is looked for by its source next.
CREATE TABLE balance_search (
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL,
    searches integer NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT balance_search_pkey PRIMARY KEY (account, livemode, object_id, kind)
);

CREATE TABLE payout (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL CONSTRAINT payout_id_short CHECK (length(id) <= 255),
    amount_minor bigint NOT NULL,
    currency text NOT NULL CONSTRAINT payout_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    automatic boolean NOT NULL,
    state text NOT NULL CONSTRAINT payout_state_known CHECK
        (state IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
    failure_code text,
    arrival_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    reconciled_at timestamptz,
    CONSTRAINT payout_pkey PRIMARY KEY (account, livemode, id)
);

ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_kind_known;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_kind_known CHECK (kind IN
    ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal', 'dispute_loss', 'dispute_loss_reversal',
     'balance_transaction', 'acceptance', 'payout', 'payout_failure'));
CREATE INDEX ledger_entry_in_time ON ledger_entry (at);
CREATE INDEX ledger_posting_by_account ON ledger_posting (ledger_account, currency) INCLUDE (amount_minor);
