-- What a customer agreed to buy: frozen lines, prices, tax, total, currency.

CREATE TABLE orders (
    id text CONSTRAINT orders_pkey PRIMARY KEY,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 10001) CONSTRAINT orders_number_once UNIQUE,
    principal text NOT NULL,
    person_id text,
    state text NOT NULL CONSTRAINT orders_state_known CHECK (state IN
        ('PENDING', 'PROCESSING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'REFUNDED', 'DISPUTED')),
    state_before text,
    currency text NOT NULL CONSTRAINT orders_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    locale text NOT NULL CONSTRAINT orders_locale_known CHECK (locale IN ('fr', 'en')),
    -- The allowed origin that the purchase began on: return URLs are built from it.
    return_origin text NOT NULL,
    subtotal_minor bigint NOT NULL CONSTRAINT orders_subtotal_not_negative CHECK (subtotal_minor >= 0),
    discount_minor bigint NOT NULL CONSTRAINT orders_discount_within_subtotal
        CHECK (discount_minor BETWEEN 0 AND subtotal_minor),
    shipping_minor bigint NOT NULL CONSTRAINT orders_shipping_not_negative CHECK (shipping_minor >= 0),
    tax_minor bigint NOT NULL CONSTRAINT orders_tax_within_total CHECK (tax_minor BETWEEN 0 AND total_minor),
    total_minor bigint NOT NULL,
    payable_minor bigint NOT NULL CONSTRAINT orders_payable_within_total CHECK (payable_minor BETWEEN 0 AND total_minor),
    placed_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    sessions_made integer NOT NULL DEFAULT 0,
    hold_reason text,
    hold_by text,
    hold_since timestamptz,
    request_id text NOT NULL,
    CONSTRAINT orders_total_adds_up CHECK (total_minor = subtotal_minor - discount_minor + shipping_minor),
    CONSTRAINT orders_state_before_only_disputed CHECK ((state = 'DISPUTED') = (state_before IS NOT NULL)),
    CONSTRAINT orders_hold_whole CHECK
        ((hold_reason IS NULL) = (hold_by IS NULL) AND (hold_reason IS NULL) = (hold_since IS NULL))
);
CREATE INDEX orders_by_principal ON orders (principal, placed_at DESC, id DESC);
CREATE INDEX orders_in_time ON orders (placed_at DESC, id DESC);
CREATE INDEX orders_by_deadline ON orders (deadline_at) WHERE state = 'PENDING';

CREATE TABLE order_line (
    order_id text NOT NULL CONSTRAINT order_line_order_exists REFERENCES orders,
    position integer NOT NULL CONSTRAINT order_line_position_sane CHECK (position BETWEEN 1 AND 100),
    kind text NOT NULL CONSTRAINT order_line_kind_known CHECK (kind IN ('product', 'shipping')),
    product_id text CONSTRAINT order_line_product_exists REFERENCES product,
    sku text NOT NULL,
    title text NOT NULL,
    quantity integer NOT NULL CONSTRAINT order_line_quantity_sane CHECK (quantity BETWEEN 1 AND 1000),
    unit_minor bigint NOT NULL CONSTRAINT order_line_unit_not_negative CHECK (unit_minor >= 0),
    discount_minor bigint NOT NULL CONSTRAINT order_line_discount_not_negative CHECK (discount_minor >= 0),
    amount_minor bigint NOT NULL,
    tax_rate_bp integer NOT NULL CONSTRAINT order_line_tax_rate_sane CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    CONSTRAINT order_line_pkey PRIMARY KEY (order_id, position),
    CONSTRAINT order_line_product_for_kind CHECK ((kind = 'product') = (product_id IS NOT NULL)),
    CONSTRAINT order_line_amount_adds_up CHECK (amount_minor = unit_minor * quantity - discount_minor),
    CONSTRAINT order_line_tax_adds_up CHECK (amount_minor = net_minor + tax_minor)
);
CREATE TRIGGER order_line_append_only BEFORE UPDATE OR DELETE ON order_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One row per order and product: a unit is held once, then taken once or freed once, never both.
CREATE TABLE stock_reservation (
    order_id text NOT NULL CONSTRAINT stock_reservation_order_exists REFERENCES orders,
    product_id text NOT NULL CONSTRAINT stock_reservation_product_exists REFERENCES product,
    quantity integer NOT NULL CONSTRAINT stock_reservation_quantity_sane CHECK (quantity BETWEEN 1 AND 1000),
    state text NOT NULL CONSTRAINT stock_reservation_state_known CHECK (state IN ('HELD', 'TAKEN', 'FREED')),
    CONSTRAINT stock_reservation_pkey PRIMARY KEY (order_id, product_id)
);
CREATE INDEX stock_reservation_held ON stock_reservation (product_id) WHERE state = 'HELD';

CREATE TABLE order_history (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT order_history_pkey PRIMARY KEY,
    order_id text NOT NULL CONSTRAINT order_history_order_exists REFERENCES orders,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX order_history_by_order ON order_history (order_id, id);
CREATE TRIGGER order_history_append_only BEFORE UPDATE OR DELETE ON order_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Name, e-mail and postal address of one order: a table of the customers' room, sealed, with an expiry.
CREATE TABLE order_contact (
    order_id text CONSTRAINT order_contact_pkey PRIMARY KEY
        CONSTRAINT order_contact_order_exists REFERENCES orders,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
