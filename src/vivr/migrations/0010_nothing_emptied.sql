-- What only grows is not emptied either: TRUNCATE passes row triggers by, and CASCADE from another table would follow
-- the references into the books.

CREATE TRIGGER order_line_emptied_append_only BEFORE TRUNCATE ON order_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_history_emptied_append_only BEFORE TRUNCATE ON order_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_emptied_append_only BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_emptied_append_only BEFORE TRUNCATE ON ledger_posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_row_emptied_append_only BEFORE TRUNCATE ON audit_row
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_emptied_append_only BEFORE TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
