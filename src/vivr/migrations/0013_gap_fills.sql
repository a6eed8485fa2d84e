-- Up to when the inbox is known to hold what Stripe's list of events holds, and when that is compared next.
CREATE TABLE gap_fill (
    account text NOT NULL,
    livemode boolean NOT NULL,
    filled_to timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT gap_fill_pkey PRIMARY KEY (account, livemode)
);
