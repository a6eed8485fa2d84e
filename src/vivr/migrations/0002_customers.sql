-- The only tables that may hold names, e-mails, addresses, IPs and user agents. Sealed columns are AES-256-GCM
-- ciphertext bound to table, column and row; an index column is a keyed hash that allows equality look-ups.

CREATE TABLE person (
    id text CONSTRAINT person_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT person_kind_known CHECK (kind IN ('customer', 'staff')),
    role text CONSTRAINT person_role_known CHECK (role IN ('viewer', 'support', 'finance', 'owner')),
    email_index bytea NOT NULL,
    email_sealed bytea NOT NULL,
    name_sealed bytea NOT NULL,
    password_hash text NOT NULL,
    locale text NOT NULL CONSTRAINT person_locale_known CHECK (locale IN ('fr', 'en')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT person_role_fits_kind CHECK ((kind = 'staff') = (role IS NOT NULL)),
    CONSTRAINT person_email_once UNIQUE (kind, email_index)
);

CREATE TABLE session (
    token_hash bytea CONSTRAINT session_pkey PRIMARY KEY,
    id text NOT NULL CONSTRAINT session_id_once UNIQUE,
    person_id text CONSTRAINT session_person_exists REFERENCES person ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_by_person ON session (person_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- Where a request came from. Audit rows name it and carry a keyed hash of it, so that it can be deleted on its expiry
-- without breaking the audit chain.
CREATE TABLE request_origin (
    id text CONSTRAINT request_origin_pkey PRIMARY KEY,
    sealed bytea NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX request_origin_by_expiry ON request_origin (expires_at);

-- Which Stripe account a key belongs to, asked once from Stripe and kept, so that a start does not need the network.
CREATE TABLE stripe_account (
    key_digest bytea CONSTRAINT stripe_account_pkey PRIMARY KEY,
    account text NOT NULL,
    livemode boolean NOT NULL,
    learnt_at timestamptz NOT NULL
);
