-- Tries that failed, one row each: the charge that the bank declined, or what stood for it where there was none.
CREATE TABLE payment_attempt (
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL CONSTRAINT payment_attempt_object_id_short CHECK (length(object_id) <= 255),
    payment_id text NOT NULL CONSTRAINT payment_attempt_payment_exists REFERENCES payment,
    order_id text NOT NULL CONSTRAINT payment_attempt_order_exists REFERENCES orders,
    code text NOT NULL,
    decline_code text,
    at timestamptz NOT NULL,
    CONSTRAINT payment_attempt_pkey PRIMARY KEY (account, livemode, object_id)
);
CREATE INDEX payment_attempt_by_order ON payment_attempt (order_id, at);

-- When the customer is to be told that the payment failed, unless it succeeds before.
ALTER TABLE payment ADD COLUMN tell_failure_at timestamptz;
CREATE INDEX payment_to_tell ON payment (tell_failure_at) WHERE tell_failure_at IS NOT NULL;
