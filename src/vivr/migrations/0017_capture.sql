-- Money that staff captures: an order may be amended before, so that only what remains of it is paid.

-- An amendment writes all lines that remain anew, under its number; those in force are the ones with the order's number.
-- One that was not captured is left behind, and the order's own lines (number 0) are in force again.
ALTER TABLE orders ADD COLUMN amendment integer NOT NULL DEFAULT 0
    CONSTRAINT orders_amendment_not_negative CHECK (amendment >= 0);
ALTER TABLE order_line ADD COLUMN amendment integer NOT NULL DEFAULT 0
    CONSTRAINT order_line_amendment_not_negative CHECK (amendment >= 0);
ALTER TABLE order_line DROP CONSTRAINT order_line_position_sane;
ALTER TABLE order_line ADD CONSTRAINT order_line_position_sane
    CHECK (position >= 1 AND (position <= 100 OR amendment > 0));

-- Of one product some units may be taken and others freed.
ALTER TABLE stock_reservation DROP CONSTRAINT stock_reservation_pkey;
ALTER TABLE stock_reservation ADD CONSTRAINT stock_reservation_pkey PRIMARY KEY (order_id, product_id, state);

-- Until when authorised money can be captured, and when somebody was warned of it or the policy last acted on it.
ALTER TABLE payment ADD COLUMN capture_before timestamptz;
ALTER TABLE payment ADD COLUMN lapse_warned_at timestamptz;
ALTER TABLE payment ADD COLUMN lapse_acted_at timestamptz;
CREATE INDEX payment_to_capture ON payment (capture_before) WHERE state = 'AUTHORIZED';

-- When an order began anew to wait for its customer, because the money that was on its way did not come.
ALTER TABLE orders ADD COLUMN second_chance_at timestamptz;
