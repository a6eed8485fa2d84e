-- Double-entry postings and the audit trail: both only grow.

CREATE TABLE ledger_entry (
    id text CONSTRAINT ledger_entry_pkey PRIMARY KEY,
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL CONSTRAINT ledger_entry_kind_known CHECK
        (kind IN ('capture', 'refund', 'refund_failure', 'dispute', 'dispute_reversal', 'balance_transaction')),
    order_id text CONSTRAINT ledger_entry_order_exists REFERENCES orders,
    payment_id text CONSTRAINT ledger_entry_payment_exists REFERENCES payment,
    at timestamptz NOT NULL,
    CONSTRAINT ledger_entry_once UNIQUE (account, livemode, object_id, kind)
);
CREATE INDEX ledger_entry_by_order ON ledger_entry (order_id, at);

CREATE TABLE ledger_posting (
    entry_id text NOT NULL CONSTRAINT ledger_posting_entry_exists REFERENCES ledger_entry,
    position integer NOT NULL,
    ledger_account text NOT NULL,
    currency text NOT NULL CONSTRAINT ledger_posting_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    -- Debit is positive, credit is negative.
    amount_minor bigint NOT NULL CONSTRAINT ledger_posting_not_zero CHECK (amount_minor <> 0),
    CONSTRAINT ledger_posting_pkey PRIMARY KEY (entry_id, position)
);

CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    entry text := CASE TG_TABLE_NAME WHEN 'ledger_entry' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'entry_id' END;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_posting WHERE entry_id = entry)
        OR EXISTS (SELECT FROM ledger_posting WHERE entry_id = entry GROUP BY currency HAVING sum(amount_minor) <> 0)
    THEN
        RAISE EXCEPTION 'ledger entry % does not sum to zero', entry
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_entry_balanced';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();
CREATE CONSTRAINT TRIGGER ledger_posting_balanced AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE audit_row (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_row_pkey PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    order_id text,
    outcome text NOT NULL CONSTRAINT audit_row_outcome_known CHECK (outcome IN ('done', 'refused', 'failed')),
    amount_minor bigint,
    currency text,
    error_code text,
    request_id text NOT NULL,
    origin_id text,
    -- A keyed hash of the origin row, so that deleting that row leaves the chain valid.
    origin_digest bytea,
    CONSTRAINT audit_row_amount_with_currency CHECK ((amount_minor IS NULL) = (currency IS NULL))
);
CREATE INDEX audit_row_by_order ON audit_row (order_id, id);
CREATE TRIGGER audit_row_append_only BEFORE UPDATE OR DELETE ON audit_row
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One sealer chains audit rows after commit, so that no transaction waits on a global row.
CREATE TABLE audit_link (
    sequence bigint CONSTRAINT audit_link_pkey PRIMARY KEY,
    audit_id bigint NOT NULL CONSTRAINT audit_link_row_once UNIQUE
        CONSTRAINT audit_link_row_exists REFERENCES audit_row,
    hash bytea NOT NULL
);
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE ON audit_link
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
