-- An address belongs to the account that proved it first; any number of accounts may wait for a proof.

ALTER TABLE person ADD COLUMN confirmed_at timestamptz;
-- Staff are added by an owner's word. Customers never proved an address until today, so theirs wait for a proof.
UPDATE person SET confirmed_at = created_at WHERE kind = 'staff';
ALTER TABLE person DROP CONSTRAINT person_email_once;
CREATE UNIQUE INDEX person_confirmed_email_once ON person (kind, email_index) WHERE confirmed_at IS NOT NULL;
CREATE INDEX person_by_email ON person (kind, email_index, created_at DESC);
CREATE INDEX person_unconfirmed_by_expiry ON person (expires_at) WHERE confirmed_at IS NULL;

-- A browser in words as coarse as "Firefox, Windows": enough to recognise one's own.
ALTER TABLE session ADD COLUMN device text NOT NULL DEFAULT ''
    CONSTRAINT session_device_coarse CHECK (length(device) <= 60);

-- A mail about an account: to whom, and the hash of its link's secret, which exists in the mail alone.
CREATE TABLE account_mail (
    id text CONSTRAINT account_mail_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT account_mail_kind_known CHECK (
        kind IN ('account_confirm', 'password_reset', 'email_change', 'password_changed', 'email_changed')
    ),
    -- Null until the worker finds whom the address belongs to: asking for a reset must not tell.
    person_id text CONSTRAINT account_mail_person_exists REFERENCES person ON DELETE CASCADE,
    email_index bytea NOT NULL,
    email_sealed bytea NOT NULL,
    token_hash bytea CONSTRAINT account_mail_token_once UNIQUE,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    expires_at timestamptz NOT NULL
);
CREATE INDEX account_mail_by_person ON account_mail (person_id);
CREATE INDEX account_mail_by_expiry ON account_mail (expires_at);

-- A guest's orders are found by their address once somebody proved it.
ALTER TABLE order_contact ADD COLUMN email_index bytea;
CREATE INDEX order_contact_by_email ON order_contact (email_index);

CREATE TABLE saved_address (
    id text CONSTRAINT saved_address_pkey PRIMARY KEY,
    person_id text NOT NULL CONSTRAINT saved_address_person_exists REFERENCES person ON DELETE CASCADE,
    sealed bytea NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX saved_address_by_person ON saved_address (person_id);
CREATE INDEX saved_address_by_expiry ON saved_address (expires_at);
CREATE UNIQUE INDEX saved_address_default_once ON saved_address (person_id) WHERE is_default;
