-- Files that staff uploads as evidence of a dispute. Each is a write at Stripe; its content is kept, sealed, until the
-- dispute has ended or another file takes its place.

CREATE TABLE dispute_file (
    operation_id text CONSTRAINT dispute_file_pkey PRIMARY KEY CONSTRAINT dispute_file_operation_exists
        REFERENCES operation,
    dispute_id text NOT NULL CONSTRAINT dispute_file_dispute_exists REFERENCES dispute,
    slot text NOT NULL CONSTRAINT dispute_file_slot_known CHECK (slot IN (
        'receipt', 'customer_communication', 'shipping_documentation', 'service_documentation', 'refund_policy',
        'cancellation_policy', 'customer_signature', 'duplicate_charge_documentation', 'uncategorized_file')),
    kind text NOT NULL CONSTRAINT dispute_file_kind_known CHECK (kind IN ('pdf', 'jpeg', 'png')),
    size_bytes integer NOT NULL CONSTRAINT dispute_file_size_in_bounds CHECK (size_bytes BETWEEN 1 AND 5000000),
    pages integer NOT NULL CONSTRAINT dispute_file_pages_in_bounds CHECK (pages BETWEEN 1 AND 50),
    -- Null: whether it arrived is not known yet.
    stripe_file_id text CONSTRAINT dispute_file_stripe_id_short CHECK (length(stripe_file_id) <= 255),
    content_sealed bytea NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL
);
-- Stripe has one place for each; another one may be on its way there.
CREATE UNIQUE INDEX dispute_file_once_in_slot ON dispute_file (dispute_id, slot) WHERE stripe_file_id IS NOT NULL;
CREATE INDEX dispute_file_of_dispute ON dispute_file (dispute_id);
