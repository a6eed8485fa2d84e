-- Doubts about a payment (early fraud warnings, reviews) and the holds that they put on an order.

CREATE TABLE order_hold (
    id text CONSTRAINT order_hold_pkey PRIMARY KEY,
    order_id text NOT NULL CONSTRAINT order_hold_order_exists REFERENCES orders,
    cause text NOT NULL CONSTRAINT order_hold_cause_known CHECK (cause IN ('fraud_warning', 'review')),
    object_id text NOT NULL CONSTRAINT order_hold_object_id_short CHECK (length(object_id) <= 255),
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL,
    released_by text,
    released_at timestamptz,
    -- What was released once does not hold the order again.
    CONSTRAINT order_hold_once UNIQUE (order_id, object_id),
    CONSTRAINT order_hold_released_whole CHECK ((released_by IS NULL) = (released_at IS NULL))
);
-- Several doubts may hold one order, which its own columns could not say.
ALTER TABLE orders DROP CONSTRAINT orders_hold_whole;
ALTER TABLE orders DROP COLUMN hold_reason;
ALTER TABLE orders DROP COLUMN hold_by;
ALTER TABLE orders DROP COLUMN hold_since;

CREATE TABLE fraud_flag (
    id text CONSTRAINT fraud_flag_pkey PRIMARY KEY,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text NOT NULL CONSTRAINT fraud_flag_stripe_id_short CHECK (length(stripe_id) <= 255),
    kind text NOT NULL CONSTRAINT fraud_flag_kind_known CHECK (kind IN ('fraud_warning', 'review')),
    payment_id text NOT NULL CONSTRAINT fraud_flag_payment_exists REFERENCES payment,
    order_id text NOT NULL CONSTRAINT fraud_flag_order_exists REFERENCES orders,
    -- Stripe's own words: the type of fraud or the reason of the review, and how the review ended.
    word text NOT NULL,
    is_open boolean NOT NULL,
    closed_word text,
    decision text CONSTRAINT fraud_flag_decision_known CHECK (decision IN ('refund', 'keep')),
    decided_by text,
    seen_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT fraud_flag_stripe_once UNIQUE (account, livemode, stripe_id),
    CONSTRAINT fraud_flag_decided_whole CHECK ((decision IS NULL) = (decided_by IS NULL))
);
CREATE INDEX fraud_flag_open ON fraud_flag (seen_at) WHERE is_open AND decision IS NULL;

-- What staff wrote to the bank, sealed, until the dispute has ended.
CREATE TABLE dispute_evidence (
    dispute_id text CONSTRAINT dispute_evidence_pkey PRIMARY KEY CONSTRAINT dispute_evidence_dispute_exists
        REFERENCES dispute,
    written_sealed bytea NOT NULL,
    version integer NOT NULL CONSTRAINT dispute_evidence_version_positive CHECK (version >= 1),
    edited_by text NOT NULL,
    edited_at timestamptz NOT NULL
);
