-- A bank may give back a part of what it took: the rest is lost. And what of a booked loss still stands.

ALTER TABLE dispute ADD COLUMN kept_minor bigint NOT NULL DEFAULT 0
    CONSTRAINT dispute_kept_is_a_part CHECK (kept_minor >= 0 AND (kept_minor = 0 OR is_reinstated)
        AND kept_minor < amount_minor);
ALTER TABLE dispute ADD COLUMN loss_minor bigint
    CONSTRAINT dispute_standing_loss_within_amount CHECK (loss_minor BETWEEN 0 AND amount_minor);
UPDATE dispute SET loss_minor = CASE WHEN is_reinstated THEN 0 ELSE amount_minor END WHERE loss_owed_minor IS NOT NULL;
ALTER TABLE dispute ADD CONSTRAINT dispute_loss_whole CHECK ((loss_minor IS NULL) = (loss_owed_minor IS NULL));
