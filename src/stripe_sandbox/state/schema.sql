-- Everything the sandbox remembers. Each row belongs to one account; objects are stored as the JSON that the API shows,
-- plus private keys that begin with an underscore and are never shown.
CREATE TABLE IF NOT EXISTS account (
    id          TEXT PRIMARY KEY,
    seed        TEXT NOT NULL,
    created     INTEGER NOT NULL,
    minted      INTEGER NOT NULL DEFAULT 0,
    anchor_real REAL NOT NULL,
    anchor_sandbox REAL NOT NULL,
    speed       REAL NOT NULL DEFAULT 1.0,
    settings    TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS object (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL,
    account TEXT NOT NULL,
    kind    TEXT NOT NULL,
    created INTEGER NOT NULL,
    body    TEXT NOT NULL,
    -- Products and coupons are named by the caller, so two accounts may use one name.
    UNIQUE (id, account)
);
CREATE INDEX IF NOT EXISTS object_by_kind ON object (account, kind, seq);
CREATE INDEX IF NOT EXISTS object_by_customer ON object (account, kind, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS object_by_intent ON object (account, kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS object_by_charge ON object (account, kind, json_extract(body, '$.charge'));
-- One row per event and endpoint; `due` is sandbox time, NULL once nothing more will be tried.
CREATE TABLE IF NOT EXISTS delivery (
    event    TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    account  TEXT NOT NULL,
    state    TEXT NOT NULL,
    due      REAL,
    attempts TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (event, endpoint)
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (account, due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS delivery_by_account ON delivery (account);
-- What happens by itself when the account's time comes.
CREATE TABLE IF NOT EXISTS timer (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    due     REAL NOT NULL,
    act     TEXT NOT NULL,
    target  TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS timer_due ON timer (account, due);
CREATE INDEX IF NOT EXISTS timer_by_target ON timer (target);
-- The official command line told to `listen`; connected while its websocket is open. No part of a snapshot.
CREATE TABLE IF NOT EXISTS listener (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL,
    forward_to TEXT NOT NULL,
    connected  INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS idempotency (
    account     TEXT NOT NULL,
    key         TEXT NOT NULL,
    path        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request     TEXT NOT NULL,
    status      INTEGER NOT NULL,
    body        TEXT NOT NULL,
    created     REAL NOT NULL,
    PRIMARY KEY (account, key)
);
-- How often each route was called, and how often a call had an effect.
CREATE TABLE IF NOT EXISTS tally (
    account  TEXT NOT NULL,
    route    TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0,
    effects  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, route)
);
CREATE TABLE IF NOT EXISTS snapshot (
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (account, name)
);
