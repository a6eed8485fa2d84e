-- What an event is about, for claiming: its PaymentIntent where its body names one, else its object. It is a hint by which
-- waiting events are grouped so that one read serves them all, and never a fact: what counts is read from Stripe.
ALTER TABLE inbox_event ADD COLUMN subject text;
UPDATE inbox_event SET subject = object_id;
ALTER TABLE inbox_event ALTER COLUMN subject SET NOT NULL;
CREATE INDEX inbox_event_by_subject ON inbox_event (account, livemode, subject) WHERE state IN ('RECEIVED', 'RETRYING');
DROP INDEX inbox_event_by_object;

-- Stripe rendered the body under another API version than ours: it is processed all the same, for everything is read anew,
-- but somebody should set the endpoint right.
ALTER TABLE inbox_event ADD COLUMN version_drift boolean NOT NULL DEFAULT false;
