-- The inbox: every received event once, kept until it is processed, ignored with a reason, or dead with an alert.

CREATE TABLE inbox_event (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL CONSTRAINT inbox_event_id_short CHECK (length(id) <= 255),
    type text NOT NULL,
    object_id text NOT NULL,
    api_version text,
    -- The first body, as it came; it can be emptied when its retention ends.
    body text,
    received_at timestamptz NOT NULL,
    deliveries integer NOT NULL DEFAULT 1,
    state text NOT NULL CONSTRAINT inbox_event_state_known CHECK
        (state IN ('RECEIVED', 'PROCESSED', 'IGNORED', 'RETRYING', 'DEAD')),
    reason text,
    order_id text CONSTRAINT inbox_event_order_exists REFERENCES orders,
    payment_id text CONSTRAINT inbox_event_payment_exists REFERENCES payment,
    tries integer NOT NULL DEFAULT 0,
    -- A claim raises the fence; a worker that lost its lease can't write with the fence it holds.
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    next_try_at timestamptz NOT NULL,
    ended_at timestamptz,
    request_id text NOT NULL,
    CONSTRAINT inbox_event_pkey PRIMARY KEY (account, livemode, id),
    CONSTRAINT inbox_event_ignored_with_reason CHECK (state NOT IN ('IGNORED', 'DEAD') OR reason IS NOT NULL)
);
-- Inline and uncompressed: bodies are read once or never, and compression costs more than it saves (lz4 pays where the
-- server has it: ALTER TABLE inbox_event ALTER COLUMN body SET STORAGE MAIN, ALTER COLUMN body SET COMPRESSION lz4).
ALTER TABLE inbox_event ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE inbox_event SET (toast_tuple_target = 8160);
CREATE INDEX inbox_event_waiting ON inbox_event (next_try_at) WHERE state IN ('RECEIVED', 'RETRYING');
CREATE INDEX inbox_event_by_order ON inbox_event (order_id, received_at);
CREATE INDEX inbox_event_by_object ON inbox_event (account, livemode, object_id);
