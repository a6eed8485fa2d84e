-- Staff's pages of the inbox, newest first, and the count of what is dead: both stay quick when it holds millions.
CREATE INDEX inbox_event_newest ON inbox_event (received_at, id);
CREATE INDEX inbox_event_dead ON inbox_event (received_at) WHERE state = 'DEAD';
