-- Our own idempotency: one row per principal, route and client key. The subject (an order's id) is chosen when the key
-- is first seen, so that a repeat after a crash finishes the same work instead of starting another.

CREATE TABLE client_request (
    principal text NOT NULL,
    route text NOT NULL,
    key text NOT NULL CONSTRAINT client_request_key_short CHECK (length(key) BETWEEN 1 AND 255),
    subject_id text NOT NULL CONSTRAINT client_request_subject_once UNIQUE,
    -- Top-level field of the body -> keyed hash of its value: enough to name the field that differs, and no content.
    fields jsonb NOT NULL,
    status integer,
    answer_sealed bytea,
    fence bigint NOT NULL DEFAULT 1,
    lease_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT client_request_pkey PRIMARY KEY (principal, route, key),
    CONSTRAINT client_request_answer_whole CHECK ((status IS NULL) = (answer_sealed IS NULL))
);
CREATE INDEX client_request_by_expiry ON client_request (expires_at);
