-- A handle is one page; a product is one sellable unit on it, with a price per currency and a stock count.

CREATE TABLE catalogue_entry (
    handle text CONSTRAINT catalogue_entry_pkey PRIMARY KEY
        CONSTRAINT catalogue_entry_handle_short CHECK (length(handle) BETWEEN 1 AND 255),
    position integer NOT NULL,
    title text NOT NULL,
    description_html text NOT NULL,
    vendor text NOT NULL,
    kind text NOT NULL,
    tags text[] NOT NULL,
    option_names text[] NOT NULL,
    published boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX catalogue_entry_in_order ON catalogue_entry (position, handle) WHERE published;
CREATE INDEX catalogue_entry_by_title ON catalogue_entry (french_key(title));

-- The French text stands in the entry itself; other languages stand here, NULL where not translated.
CREATE TABLE catalogue_entry_text (
    handle text NOT NULL CONSTRAINT catalogue_entry_text_entry_exists REFERENCES catalogue_entry ON DELETE CASCADE,
    locale text NOT NULL CONSTRAINT catalogue_entry_text_locale_known CHECK (locale IN ('fr', 'en')),
    title text,
    description_html text,
    option_names text[] NOT NULL,
    CONSTRAINT catalogue_entry_text_pkey PRIMARY KEY (handle, locale)
);

CREATE TABLE catalogue_image (
    handle text NOT NULL CONSTRAINT catalogue_image_entry_exists REFERENCES catalogue_entry ON DELETE CASCADE,
    position integer NOT NULL,
    -- A name made from the picture's content, served under /media/; NULL while the picture was not fetched.
    file text,
    source text NOT NULL,
    alt text NOT NULL,
    width integer,
    height integer,
    CONSTRAINT catalogue_image_pkey PRIMARY KEY (handle, position),
    CONSTRAINT catalogue_image_size_with_file CHECK ((file IS NULL) = (width IS NULL) AND (file IS NULL) = (height IS NULL))
);

CREATE TABLE product (
    id text CONSTRAINT product_pkey PRIMARY KEY,
    sku text NOT NULL CONSTRAINT product_sku_once UNIQUE,
    handle text NOT NULL CONSTRAINT product_entry_exists REFERENCES catalogue_entry,
    position integer NOT NULL,
    options text[] NOT NULL,
    active boolean NOT NULL,
    tax_rate_bp integer NOT NULL CONSTRAINT product_tax_rate_sane CHECK (tax_rate_bp BETWEEN 0 AND 10000),
    grams integer NOT NULL CONSTRAINT product_grams_not_negative CHECK (grams >= 0),
    image_position integer,
    stock_on_hand integer NOT NULL CONSTRAINT product_stock_not_negative CHECK (stock_on_hand >= 0),
    stock_reserved integer NOT NULL DEFAULT 0
        CONSTRAINT product_reserved_not_negative CHECK (stock_reserved >= 0),
    updated_at timestamptz NOT NULL,
    CONSTRAINT product_reserved_within_stock CHECK (stock_reserved <= stock_on_hand)
);
CREATE INDEX product_by_handle ON product (handle, position);

CREATE TABLE product_text (
    product_id text NOT NULL CONSTRAINT product_text_product_exists REFERENCES product ON DELETE CASCADE,
    locale text NOT NULL CONSTRAINT product_text_locale_known CHECK (locale IN ('fr', 'en')),
    options text[] NOT NULL,
    CONSTRAINT product_text_pkey PRIMARY KEY (product_id, locale)
);

CREATE TABLE product_price (
    product_id text NOT NULL CONSTRAINT product_price_product_exists REFERENCES product ON DELETE CASCADE,
    currency text NOT NULL CONSTRAINT product_price_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL CONSTRAINT product_price_not_negative CHECK (amount_minor >= 0),
    compare_at_minor bigint CONSTRAINT product_price_compare_above CHECK (compare_at_minor > amount_minor),
    CONSTRAINT product_price_pkey PRIMARY KEY (product_id, currency)
);

-- A basket belongs to a principal: a guest's session or a person.
CREATE TABLE cart_line (
    principal text NOT NULL,
    product_id text NOT NULL CONSTRAINT cart_line_product_exists REFERENCES product ON DELETE CASCADE,
    quantity integer NOT NULL CONSTRAINT cart_line_quantity_sane CHECK (quantity BETWEEN 1 AND 1000),
    added_at timestamptz NOT NULL,
    CONSTRAINT cart_line_pkey PRIMARY KEY (principal, product_id)
);
