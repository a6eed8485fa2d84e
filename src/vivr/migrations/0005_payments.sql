-- One attempt to collect an order's payable total, the Stripe writes made for it, and the money that does not fit.

-- A Stripe customer belongs to a person, or to one guest order; it is never looked up by e-mail.
CREATE TABLE stripe_customer (
    account text NOT NULL,
    livemode boolean NOT NULL,
    owner text NOT NULL,
    customer_id text NOT NULL CONSTRAINT stripe_customer_id_short CHECK (length(customer_id) <= 255),
    created_at timestamptz NOT NULL,
    CONSTRAINT stripe_customer_pkey PRIMARY KEY (account, livemode, owner),
    CONSTRAINT stripe_customer_id_once UNIQUE (account, livemode, customer_id)
);

CREATE TABLE payment (
    id text CONSTRAINT payment_pkey PRIMARY KEY,
    order_id text NOT NULL CONSTRAINT payment_order_exists REFERENCES orders,
    account text NOT NULL,
    livemode boolean NOT NULL,
    kind text NOT NULL CONSTRAINT payment_kind_known CHECK (kind IN ('session', 'intent', 'none')),
    state text NOT NULL CONSTRAINT payment_state_known CHECK (state IN
        ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED', 'CAPTURED', 'FAILED', 'CANCELLED')),
    settles boolean NOT NULL DEFAULT false,
    amount_minor bigint NOT NULL CONSTRAINT payment_amount_not_negative CHECK (amount_minor >= 0),
    currency text NOT NULL CONSTRAINT payment_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    customer_id text,
    session_id text CONSTRAINT payment_session_id_short CHECK (length(session_id) <= 255),
    session_url text,
    session_expires_at timestamptz,
    intent_id text CONSTRAINT payment_intent_id_short CHECK (length(intent_id) <= 255),
    charge_id text,
    captured_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payment_captured_not_negative CHECK (captured_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0,
    refund_pending_minor bigint NOT NULL DEFAULT 0,
    disputed_minor bigint NOT NULL DEFAULT 0,
    lost_minor bigint NOT NULL DEFAULT 0,
    method_type text,
    method_brand text,
    method_last4 text CONSTRAINT payment_last4_form CHECK (method_last4 ~ '^[0-9A-Z]{1,4}$'),
    failure_code text,
    failure_message text,
    -- A reader takes ticket_taken + 1 before it fetches; apply refuses a ticket below the last applied one.
    ticket_taken bigint NOT NULL DEFAULT 0,
    ticket_applied bigint NOT NULL DEFAULT 0,
    poll_at timestamptz,
    polls integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payment_session_once UNIQUE (account, livemode, session_id),
    CONSTRAINT payment_intent_once UNIQUE (account, livemode, intent_id),
    CONSTRAINT payment_refunds_within_captured CHECK
        (refunded_minor >= 0 AND refund_pending_minor >= 0 AND refunded_minor + refund_pending_minor <= captured_minor),
    CONSTRAINT payment_settles_only_captured CHECK (NOT settles OR state = 'CAPTURED')
);
CREATE UNIQUE INDEX payment_open_once ON payment (order_id)
    WHERE state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED');
CREATE UNIQUE INDEX payment_settles_once ON payment (order_id) WHERE settles;
CREATE INDEX payment_by_order ON payment (order_id, created_at);
CREATE INDEX payment_to_poll ON payment (poll_at) WHERE poll_at IS NOT NULL;

-- One intended Stripe write, stored before it is sent, with the exact request document (sealed, dropped after rest).
CREATE TABLE operation (
    id text CONSTRAINT operation_pkey PRIMARY KEY,
    kind text NOT NULL,
    intent text NOT NULL,
    attempt integer NOT NULL CONSTRAINT operation_attempt_positive CHECK (attempt >= 1),
    account text NOT NULL,
    livemode boolean NOT NULL,
    api_version text NOT NULL,
    idempotency_key text NOT NULL CONSTRAINT operation_key_short CHECK (length(idempotency_key) <= 255),
    request_sealed bytea,
    encoder text NOT NULL,
    order_id text CONSTRAINT operation_order_exists REFERENCES orders,
    payment_id text CONSTRAINT operation_payment_exists REFERENCES payment,
    outcome text NOT NULL CONSTRAINT operation_outcome_known CHECK
        (outcome IN ('started', 'succeeded', 'failed', 'unknown')),
    object_id text,
    error_code text,
    error_message text,
    stripe_request_id text,
    request_id text NOT NULL,
    first_sent_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 1,
    absent_since timestamptz,
    lease_until timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT operation_attempt_once UNIQUE (account, livemode, intent, attempt),
    CONSTRAINT operation_key_once UNIQUE (account, livemode, idempotency_key),
    CONSTRAINT operation_ended_with_outcome CHECK ((ended_at IS NULL) = (outcome IN ('started', 'unknown')))
);
CREATE UNIQUE INDEX operation_succeeded_once ON operation (account, livemode, intent) WHERE outcome = 'succeeded';
CREATE UNIQUE INDEX operation_running_once ON operation (account, livemode, intent)
    WHERE outcome IN ('started', 'unknown');
CREATE INDEX operation_to_recover ON operation (next_try_at) WHERE outcome IN ('started', 'unknown');
CREATE INDEX operation_by_order ON operation (order_id, first_sent_at);

-- Money that does not fit: held, explained, resolved by staff or by rule. One per Stripe object.
CREATE TABLE money_exception (
    id text CONSTRAINT money_exception_pkey PRIMARY KEY,
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL CONSTRAINT money_exception_kind_known CHECK (kind IN
        ('wrong_amount', 'wrong_currency', 'wrong_customer', 'wrong_mode', 'late', 'twice', 'stray', 'double_loss', 'unknown_order')),
    payment_id text CONSTRAINT money_exception_payment_exists REFERENCES payment,
    order_id text CONSTRAINT money_exception_order_exists REFERENCES orders,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    expected_minor bigint,
    expected_currency text,
    explanation text NOT NULL,
    state text NOT NULL CONSTRAINT money_exception_state_known CHECK (state IN ('open', 'resolved')),
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text,
    resolution text,
    CONSTRAINT money_exception_once UNIQUE (account, livemode, object_id),
    CONSTRAINT money_exception_resolved_whole CHECK
        ((state = 'resolved') = (resolved_at IS NOT NULL AND resolved_by IS NOT NULL AND resolution IS NOT NULL))
);
CREATE INDEX money_exception_open ON money_exception (created_at) WHERE state = 'open';
