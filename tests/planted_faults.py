"""What breaks each rule of `vivr doctor --money`, as a superuser could, and what is said of it."""

from typing import Final, LiteralString

FAULTS: Final[dict[str, tuple[LiteralString, str, set[str]]]] = {
    "check_settled_once": (
        "UPDATE payment SET settles = false WHERE settles",
        "state=PAID settling_payments=0",
        {"check_held_once"},
    ),
    "check_settled_for_total": (
        "UPDATE orders SET payable_minor = payable_minor - 1 WHERE state = 'PAID'",
        "captured=2980EUR payable=2979EUR",
        set(),
    ),
    "check_held_once": (
        """
        UPDATE payment SET state = 'CAPTURED', intent_id = 'pi_other', charge_id = 'ch_other', captured_minor = 0
        WHERE state = 'REQUIRES_PAYMENT'""",
        "intent=pi_other exceptions=0",
        set(),
    ),
    "check_settling_not_held": (
        """
        INSERT INTO money_exception (id, account, livemode, object_id, kind, payment_id, order_id, amount_minor,
                                     currency, captured, explanation, state, created_at)
        SELECT 'exc_1', account, livemode, intent_id, 'late', id, order_id, 2980, 'EUR', false, 'planted', 'open', now()
        FROM payment WHERE settles""",
        "exception=exc_1 kind=late",
        set(),
    ),
    "check_accepted_settles": (
        """
        INSERT INTO money_exception (id, account, livemode, object_id, kind, payment_id, order_id, amount_minor,
                                     currency, captured, explanation, state, created_at, resolution, resolved_by,
                                     resolved_at, accepted_order_id)
        SELECT 'exc_1', account, livemode, intent_id, 'late', id, order_id, 2980, 'EUR', true, 'planted', 'resolved',
               now(), 'accepted', 'system:rule', now(), order_id
        FROM payment WHERE settles""",
        "by=system:rule",
        set(),
    ),
    "check_open_once": (
        """
        DROP INDEX payment_open_once;
        INSERT INTO payment SELECT (jsonb_populate_record(payment, '{"id": "pay_2", "session_id": null}')).*
        FROM payment WHERE state = 'REQUIRES_PAYMENT'""",
        "open_payments=2",
        set(),
    ),
    "check_cancelled_closed": (
        "UPDATE orders SET state = 'CANCELLED' WHERE state = 'PENDING'",
        "payment=REQUIRES_PAYMENT",
        {"check_reservation_as_ordered", "check_history_leads_to_state"},
    ),
    "check_capture_posted": (
        "UPDATE ledger_entry SET object_id = 'ch_other' WHERE kind = 'capture'",
        "charge=ch_* entries=0",
        set(),
    ),
    "check_entry_balanced": (
        "UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE ledger_account = 'sales' AND amount_minor < 0",
        "EUR sum=1",
        set(),
    ),
    "check_refund_posted": (
        "UPDATE refund SET stripe_id = 're_other'",
        "state=SUCCEEDED refund_entries=0 failure_entries=0",
        set(),
    ),
    "check_refund_amount": (
        """
        UPDATE ledger_posting SET amount_minor = -999 FROM ledger_entry
        WHERE entry_id = ledger_entry.id AND kind = 'refund' AND ledger_account = 'fx_clearing'""",
        "refund posted=-999 refund=1000",
        {"check_entry_balanced", "check_movement_cleared"},
    ),
    "check_movement_posted": (
        "UPDATE balance_transaction SET state = 'foreign', reason = 'planted' WHERE type = 'payout'",
        "state=foreign net=-2910EUR posted=-2910 entries=1",
        {"check_balance_agrees"},
    ),
    "check_balance_agrees": (
        """
        INSERT INTO ledger_posting (entry_id, position, ledger_account, currency, amount_minor)
        SELECT id, 9, 'stripe_balance', 'EUR', 5 FROM ledger_entry WHERE kind = 'capture';
        INSERT INTO ledger_posting (entry_id, position, ledger_account, currency, amount_minor)
        SELECT id, 10, 'bank', 'EUR', -5 FROM ledger_entry WHERE kind = 'capture'""",
        "books=-995 balance_transactions=-1000",
        set(),
    ),
    "check_movement_cleared": (
        "UPDATE balance_transaction SET amount_minor = 2981, fee_minor = 71 WHERE type = 'charge'",
        "cleared=2981EUR seen=2980EUR rate=",
        set(),
    ),
    "check_payout_adds_up": (
        "UPDATE payout SET amount_minor = 2911",
        "payout=2911 parts=2910",
        set(),
    ),
    "check_entry_has_movement": (
        """
        UPDATE ledger_entry SET at = now() - interval '121 minutes', object_id = 'ch_lost' WHERE kind = 'capture';
        UPDATE payment SET charge_id = 'ch_lost' WHERE settles""",
        "kind=capture at=*",
        set(),
    ),
    "check_movement_has_entry": (
        """
        INSERT INTO balance_transaction (account, livemode, id, type, reporting_category, source_id, intent_id,
            counterpart, currency, amount_minor, fee_minor, net_minor, state, created_at, seen_at, ask_at)
        VALUES ('acct_1', false, 'txn_1', 'charge', 'charge', 'ch_1', 'pi_1', 'capture', 'EUR', 100, 1, 99, 'waiting',
            now(), now() - interval '121 minutes', now())""",
        "type=charge source=ch_1 net=99EUR seen=*",
        set(),
    ),
    "check_held_posted": (
        """
        INSERT INTO money_exception (id, account, livemode, object_id, kind, amount_minor, currency, captured,
                                     explanation, state, created_at)
        VALUES ('exc_1', 'acct_1', false, 'pi_other', 'unknown_order', 700, 'EUR', true, 'planted', 'open', now())""",
        "books=0 exceptions=700",
        set(),
    ),
    "check_refunds_within_captured": (
        """
        ALTER TABLE payment DROP CONSTRAINT payment_refunds_within_captured;
        UPDATE payment SET refund_pending_minor = 1981 WHERE settles""",
        "captured=2980 refunded=1000 pending=1981",
        {"check_sums_of_refunds"},
    ),
    "check_sums_of_refunds": (
        "UPDATE payment SET refunded_minor = refunded_minor - 1 WHERE settles",
        "refunded=999 pending=0",
        set(),
    ),
    "check_sums_of_lines": (
        "UPDATE refunded_line SET amount_minor = amount_minor - 1 WHERE position = 1",
        "amount=835 tax=* quantity=0 restocked=0",
        set(),
    ),
    "check_refund_lines_add_up": (
        "DELETE FROM refund_line WHERE position = 1; DELETE FROM refunded_line WHERE position = 1",
        "refund=1000",
        set(),
    ),
    "check_double_loss_told": (
        "UPDATE payment SET lost_minor = 2980 WHERE settles",
        "captured=2980 refunded=1000 lost=2980 double_losses=0",
        {"check_refunded_when_all_went_back", "check_sums_of_disputes"},
    ),
    "check_sums_of_disputes": (
        "UPDATE payment SET lost_minor = 1 WHERE settles",
        "disputed=0 lost=1",
        set(),
    ),
    "check_dispute_posted": (
        """
        INSERT INTO dispute (id, account, livemode, stripe_id, payment_id, order_id, charge_id, intent_id, state,
                             reason, amount_minor, currency, is_withdrawn, is_reinstated, submissions, ticket,
                             opened_at, updated_at)
        SELECT 'dsp_1', account, livemode, 'du_1', id, order_id, charge_id, intent_id, 'won', 'general', 1, 'EUR', true,
               true, 0, 0, now(), now()
        FROM payment WHERE settles""",
        "state=won taken=0 back=0 lost=0 argued=0",
        set(),
    ),
    "check_disputed_while_held": (
        """
        UPDATE orders SET state = 'DISPUTED', state_before = state WHERE state = 'PAID';
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PAID', 'DISPUTED', 'planted', 'system:test', 'req_test', now() FROM orders
        WHERE state = 'DISPUTED'""",
        "state=DISPUTED disputed=0",
        set(),
    ),
    "check_stock_not_negative": (
        """
        ALTER TABLE product DROP CONSTRAINT product_stock_not_negative;
        ALTER TABLE product DROP CONSTRAINT product_reserved_within_stock;
        UPDATE product SET stock_on_hand = -1 WHERE stock_reserved = 0""",
        "on_hand=-1 reserved=0",
        set(),
    ),
    "check_stock_reserved": (
        "UPDATE product SET stock_reserved = 2 WHERE stock_reserved = 1",
        "reserved=2 held=1",
        set(),
    ),
    "check_reservation_as_ordered": (
        "UPDATE stock_reservation SET state = 'FREED' WHERE state = 'TAKEN'",
        "order=PAID units=FREED",
        {"check_units_taken_as_sold"},
    ),
    "check_units_taken_as_sold": (
        "UPDATE stock_reservation SET quantity = 2 WHERE state = 'TAKEN'",
        "sold=1 taken=2",
        set(),
    ),
    "check_order_sums_of_lines": (
        "UPDATE orders SET tax_minor = tax_minor - 1 WHERE state = 'PAID'",
        "total=2980 tax=496 lines=2980 lines_tax=497",
        set(),
    ),
    "check_session_has_operation": (
        "UPDATE operation SET object_id = 'cs_other' WHERE kind = 'create_session'",
        "session=cs_*",
        set(),
    ),
    "check_customer_has_operation": (
        "UPDATE operation SET object_id = 'cus_other' WHERE kind = 'create_customer'",
        "owner=*",
        set(),
    ),
    "check_refund_has_operation": (
        "DELETE FROM operation WHERE kind = 'create_refund'",
        "state=SUCCEEDED stripe=re_*",
        set(),
    ),
    "check_operation_succeeds_once": (
        """
        DROP INDEX operation_succeeded_once;
        INSERT INTO operation SELECT (jsonb_populate_record(operation,
            '{"id": "opr_2", "attempt": 2, "idempotency_key": "other"}')).* FROM operation
        WHERE kind = 'create_refund'""",
        "succeeded=2",
        set(),
    ),
    "check_operation_rests_without_request": (
        "UPDATE operation SET request_sealed = 'x' WHERE kind = 'create_refund'",
        "outcome=succeeded",
        set(),
    ),
    "check_event_ends_with_reason": (
        "UPDATE inbox_event SET reason = '' WHERE type = 'checkout.session.completed'",
        "type=checkout.session.completed state=PROCESSED ended_at=*",
        set(),
    ),
    "check_dead_event_has_alert": (
        "UPDATE inbox_event SET state = 'DEAD' WHERE type = 'checkout.session.completed'",
        "type=checkout.session.completed reason=*",
        set(),
    ),
    "check_pending_order_rests": (
        "UPDATE orders SET deadline_at = now() - interval '61 minutes' WHERE state = 'PENDING'",
        "deadline=*",
        set(),
    ),
    "check_processing_order_rests": (
        """
        UPDATE orders SET state = 'PROCESSING' WHERE state = 'PENDING';
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PENDING', 'PROCESSING', 'planted', 'system:test', 'req_test', now() FROM orders
        WHERE state = 'PROCESSING';
        UPDATE order_history SET at = now() - interval '31 days'""",
        "since=*",
        set(),
    ),
    "check_open_payment_is_asked_about": (
        "UPDATE payment SET poll_at = now() - interval '61 minutes' WHERE state = 'REQUIRES_PAYMENT'",
        "state=REQUIRES_PAYMENT poll_at=*",
        set(),
    ),
    "check_operation_rests": (
        """
        UPDATE operation SET outcome = 'unknown', ended_at = NULL, request_sealed = 'x',
            first_sent_at = now() - interval '25 hours' WHERE kind = 'create_refund'""",
        "kind=create_refund outcome=unknown error=",
        set(),
    ),
    "check_refund_rests": (
        """
        UPDATE refund SET state = 'PENDING', updated_at = now() - interval '61 days';
        UPDATE payment SET refund_pending_minor = 1000, refunded_minor = 0 WHERE settles""",
        "state=PENDING since=*",
        set(),
    ),
    "check_event_rests": (
        """
        UPDATE inbox_event SET state = 'RETRYING', ended_at = NULL, next_try_at = now() - interval '16 minutes'
        WHERE type = 'checkout.session.completed'""",
        "type=checkout.session.completed tries=0 turn=*",
        set(),
    ),
    "check_history_leads_to_state": (
        "UPDATE orders SET state = 'SHIPPED' WHERE state = 'PAID'",
        "state=SHIPPED history=PAID",
        set(),
    ),
    "check_history_has_no_gap": (
        "UPDATE order_history SET from_state = 'PROCESSING' WHERE to_state = 'PAID'",
        "from=PROCESSING after=PENDING",
        set(),
    ),
    "check_refunded_when_all_went_back": (
        """
        UPDATE orders SET state = 'REFUNDED' WHERE state = 'PAID';
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PAID', 'REFUNDED', 'planted', 'system:test', 'req_test', now() FROM orders
        WHERE state = 'REFUNDED'""",
        "state=REFUNDED captured=2980 refunded=1000 lost=0",
        set(),
    ),
    "check_tickets_in_turn": (
        "UPDATE payment SET ticket_taken = 0 WHERE settles",
        "taken=0 applied=*",
        set(),
    ),
    "check_append_only_triggers": (
        "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_posting_append_only",
        "trigger=D",
        set(),
    ),
    "check_acts_are_sealed": (
        """
        INSERT INTO audit_row (at, actor, role, action, object_type, object_id, outcome, request_id)
        VALUES (now() - interval '11 minutes', 'system:test', 'system', 'planted', 'order', 'ord_1', 'done', 'req_1')
        """,
        "action=planted at=*",
        set(),
    ),
}
"""Rule -> what breaks it, what is said of it, and which other rules it breaks besides."""
