-- Money given back: what was asked for, what Stripe made of it, and how much of each order line is refunded.

CREATE TABLE refund (
    id text CONSTRAINT refund_pkey PRIMARY KEY,
    order_id text NOT NULL CONSTRAINT refund_order_exists REFERENCES orders,
    payment_id text NOT NULL CONSTRAINT refund_payment_exists REFERENCES payment,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text CONSTRAINT refund_stripe_id_short CHECK (length(stripe_id) <= 255),
    state text NOT NULL CONSTRAINT refund_state_known CHECK
        (state IN ('REQUESTED', 'SUBMITTED', 'PENDING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
    -- Who made it: staff, the customer, a rule of the shop, or somebody at Stripe behind the shop's back.
    origin text NOT NULL CONSTRAINT refund_origin_known CHECK (origin IN ('staff', 'customer', 'system', 'stripe')),
    amount_minor bigint NOT NULL CONSTRAINT refund_amount_positive CHECK (amount_minor > 0),
    currency text NOT NULL CONSTRAINT refund_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    reason text NOT NULL CONSTRAINT refund_reason_known CHECK
        (reason IN ('requested_by_customer', 'duplicate', 'fraudulent', 'other')),
    -- What was asked for, as it was asked: the lines are written when it is submitted.
    wish jsonb NOT NULL,
    requested_by text NOT NULL,
    -- The first of staff who stands behind it, and who decided it: two persons above the shop's limit.
    backed_by text,
    decided_by text,
    failure_code text,
    requested_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    poll_at timestamptz,
    polls integer NOT NULL DEFAULT 0,
    request_id text NOT NULL,
    CONSTRAINT refund_stripe_once UNIQUE (account, livemode, stripe_id),
    CONSTRAINT refund_seen_at_stripe CHECK (stripe_id IS NOT NULL OR state NOT IN ('PENDING', 'SUCCEEDED')),
    CONSTRAINT refund_failed_with_code CHECK ((failure_code IS NOT NULL) = (state IN ('FAILED', 'CANCELED')))
);
CREATE INDEX refund_by_order ON refund (order_id, requested_at);
CREATE INDEX refund_by_payment ON refund (payment_id);
CREATE INDEX refund_to_poll ON refund (poll_at) WHERE poll_at IS NOT NULL;

-- What a refund gives back of each line, with its exact part of the tax; quantity 0 is a part of the line's amount.
CREATE TABLE refund_line (
    refund_id text NOT NULL CONSTRAINT refund_line_refund_exists REFERENCES refund,
    order_id text NOT NULL,
    position integer NOT NULL,
    quantity integer NOT NULL CONSTRAINT refund_line_quantity_not_negative CHECK (quantity >= 0),
    restock_quantity integer NOT NULL CONSTRAINT refund_line_restock_within_quantity
        CHECK (restock_quantity BETWEEN 0 AND quantity),
    amount_minor bigint NOT NULL,
    net_minor bigint NOT NULL CONSTRAINT refund_line_net_not_negative CHECK (net_minor >= 0),
    tax_minor bigint NOT NULL CONSTRAINT refund_line_tax_not_negative CHECK (tax_minor >= 0),
    CONSTRAINT refund_line_pkey PRIMARY KEY (refund_id, position),
    CONSTRAINT refund_line_order_line_exists FOREIGN KEY (order_id, position) REFERENCES order_line,
    CONSTRAINT refund_line_adds_up CHECK (amount_minor = net_minor + tax_minor)
);
CREATE TRIGGER refund_line_append_only BEFORE UPDATE OR DELETE ON refund_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refund_line_emptied_append_only BEFORE TRUNCATE ON refund_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How much of each order line is refunded or reserved for a refund. The line's own figures stand beside it, held equal
-- by the reference, so that one CHECK can compare them.
ALTER TABLE order_line ADD CONSTRAINT order_line_figures_once
    UNIQUE (order_id, position, amount_minor, tax_minor, quantity);
CREATE TABLE refunded_line (
    order_id text NOT NULL,
    position integer NOT NULL,
    line_amount_minor bigint NOT NULL,
    line_tax_minor bigint NOT NULL,
    line_quantity integer NOT NULL,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    quantity integer NOT NULL,
    restocked_quantity integer NOT NULL DEFAULT 0,
    CONSTRAINT refunded_line_pkey PRIMARY KEY (order_id, position),
    CONSTRAINT refunded_line_figures_exists
        FOREIGN KEY (order_id, position, line_amount_minor, line_tax_minor, line_quantity)
        REFERENCES order_line (order_id, position, amount_minor, tax_minor, quantity),
    CONSTRAINT refunded_line_within_line CHECK
        (amount_minor BETWEEN 0 AND line_amount_minor AND tax_minor BETWEEN 0 AND line_tax_minor
         AND amount_minor - tax_minor BETWEEN 0 AND line_amount_minor - line_tax_minor
         AND quantity BETWEEN 0 AND line_quantity),
    CONSTRAINT refunded_line_restocked_once CHECK (restocked_quantity BETWEEN 0 AND line_quantity)
);

-- The amount that a message tells of, where it tells of one.
ALTER TABLE email_message ADD COLUMN amount_minor bigint;
ALTER TABLE email_message ADD COLUMN currency text;
ALTER TABLE email_message ADD CONSTRAINT email_message_amount_with_currency
    CHECK ((amount_minor IS NULL) = (currency IS NULL));
