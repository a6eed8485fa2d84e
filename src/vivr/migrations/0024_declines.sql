-- Who tries stolen cards is known by his declines: per client, per customer, and per card.

CREATE TABLE payment_client (
    payment_id text NOT NULL,
    client_digest bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT payment_client_pkey PRIMARY KEY (payment_id),
    CONSTRAINT payment_client_payment_exists FOREIGN KEY (payment_id) REFERENCES payment (id)
);

CREATE INDEX payment_client_by_client ON payment_client (client_digest, at);
CREATE INDEX payment_client_in_time ON payment_client (at);

ALTER TABLE payment_attempt ADD COLUMN card_fingerprint text;

CREATE INDEX payment_by_customer ON payment (customer_id);
CREATE INDEX payment_attempt_by_payment ON payment_attempt (payment_id, at);
CREATE INDEX payment_attempt_by_card ON payment_attempt (card_fingerprint, at) WHERE card_fingerprint IS NOT NULL;
CREATE INDEX payment_attempt_in_time ON payment_attempt (at);
