-- What the migrations in this folder make together. Nothing runs it: `make schema` writes it, a test compares it.

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';

CREATE TYPE public.pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);

CREATE FUNCTION public.french_key(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT public.unaccent('public.unaccent'::regdictionary, lower(value)) $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END
$$;

CREATE FUNCTION public.refuse_unbalanced_entry() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    entry text := CASE TG_TABLE_NAME WHEN 'ledger_entry' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'entry_id' END;
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_posting WHERE entry_id = entry)
        OR EXISTS (SELECT FROM ledger_posting WHERE entry_id = entry GROUP BY currency HAVING sum(amount_minor) <> 0)
    THEN
        RAISE EXCEPTION 'ledger entry % does not sum to zero', entry
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_entry_balanced';
    END IF;
    RETURN NULL;
END
$$;

CREATE TABLE public.account_mail (
    id text NOT NULL,
    kind text NOT NULL,
    person_id text,
    email_index bytea NOT NULL,
    email_sealed bytea NOT NULL,
    token_hash bytea,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT account_mail_kind_known CHECK ((kind = ANY (ARRAY['account_confirm'::text, 'password_reset'::text, 'email_change'::text, 'password_changed'::text, 'email_changed'::text])))
);

CREATE TABLE public.audit_link (
    sequence bigint NOT NULL,
    audit_id bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE public.audit_row (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    order_id text,
    outcome text NOT NULL,
    amount_minor bigint,
    currency text,
    error_code text,
    request_id text NOT NULL,
    origin_id text,
    origin_digest bytea,
    CONSTRAINT audit_row_amount_with_currency CHECK (((amount_minor IS NULL) = (currency IS NULL))),
    CONSTRAINT audit_row_outcome_known CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'failed'::text])))
);

ALTER TABLE public.audit_row ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_row_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.balance_reading (
    account text NOT NULL,
    livemode boolean NOT NULL,
    read_to timestamp with time zone NOT NULL,
    next_at timestamp with time zone NOT NULL
);

CREATE TABLE public.balance_search (
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL,
    searches integer NOT NULL,
    next_at timestamp with time zone NOT NULL
);

CREATE TABLE public.balance_transaction (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    reporting_category text NOT NULL,
    source_id text,
    intent_id text,
    counterpart text,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    net_minor bigint NOT NULL,
    exchange_rate numeric,
    payout_id text,
    state text NOT NULL,
    reason text,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ask_at timestamp with time zone NOT NULL,
    CONSTRAINT balance_transaction_counterpart_known CHECK ((counterpart = ANY (ARRAY['capture'::text, 'refund'::text, 'refund_failure'::text, 'dispute'::text, 'dispute_reversal'::text]))),
    CONSTRAINT balance_transaction_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT balance_transaction_foreign_with_reason CHECK (((state <> 'foreign'::text) OR (reason IS NOT NULL))),
    CONSTRAINT balance_transaction_id_short CHECK ((length(id) <= 255)),
    CONSTRAINT balance_transaction_net_adds_up CHECK ((net_minor = (amount_minor - fee_minor))),
    CONSTRAINT balance_transaction_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'posted'::text, 'foreign'::text])))
);

CREATE TABLE public.cart_line (
    principal text NOT NULL,
    product_id text NOT NULL,
    quantity integer NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT cart_line_quantity_sane CHECK (((quantity >= 1) AND (quantity <= 1000)))
);

CREATE TABLE public.catalogue_entry (
    handle text NOT NULL,
    "position" integer NOT NULL,
    title text NOT NULL,
    description_html text NOT NULL,
    vendor text NOT NULL,
    kind text NOT NULL,
    tags text[] NOT NULL,
    option_names text[] NOT NULL,
    published boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT catalogue_entry_handle_short CHECK (((length(handle) >= 1) AND (length(handle) <= 255)))
);

CREATE TABLE public.catalogue_entry_text (
    handle text NOT NULL,
    locale text NOT NULL,
    title text,
    description_html text,
    option_names text[] NOT NULL,
    CONSTRAINT catalogue_entry_text_locale_known CHECK ((locale = ANY (ARRAY['fr'::text, 'en'::text])))
);

CREATE TABLE public.catalogue_image (
    handle text NOT NULL,
    "position" integer NOT NULL,
    file text,
    source text NOT NULL,
    alt text NOT NULL,
    width integer,
    height integer,
    CONSTRAINT catalogue_image_size_with_file CHECK ((((file IS NULL) = (width IS NULL)) AND ((file IS NULL) = (height IS NULL))))
);

CREATE TABLE public.client_request (
    principal text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    subject_id text NOT NULL,
    fields jsonb NOT NULL,
    status integer,
    answer_sealed bytea,
    fence bigint DEFAULT 1 NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT client_request_answer_whole CHECK (((status IS NULL) = (answer_sealed IS NULL))),
    CONSTRAINT client_request_key_short CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

CREATE TABLE public.dispute (
    id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text NOT NULL,
    payment_id text,
    order_id text,
    charge_id text NOT NULL,
    intent_id text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    is_withdrawn boolean NOT NULL,
    is_reinstated boolean NOT NULL,
    due_at timestamp with time zone,
    loss_owed_minor bigint,
    submissions integer NOT NULL,
    ticket bigint NOT NULL,
    alert_at timestamp with time zone,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    kept_minor bigint DEFAULT 0 NOT NULL,
    loss_minor bigint,
    CONSTRAINT dispute_amount_positive CHECK ((amount_minor > 0)),
    CONSTRAINT dispute_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT dispute_kept_is_a_part CHECK (((kept_minor >= 0) AND ((kept_minor = 0) OR is_reinstated) AND (kept_minor < amount_minor))),
    CONSTRAINT dispute_loss_whole CHECK (((loss_minor IS NULL) = (loss_owed_minor IS NULL))),
    CONSTRAINT dispute_loss_within_amount CHECK (((loss_owed_minor >= 0) AND (loss_owed_minor <= amount_minor))),
    CONSTRAINT dispute_reason_short CHECK ((length(reason) <= 255)),
    CONSTRAINT dispute_standing_loss_within_amount CHECK (((loss_minor >= 0) AND (loss_minor <= amount_minor))),
    CONSTRAINT dispute_state_short CHECK ((length(state) <= 255)),
    CONSTRAINT dispute_stripe_id_short CHECK ((length(stripe_id) <= 255)),
    CONSTRAINT dispute_submissions_not_negative CHECK ((submissions >= 0))
);

CREATE TABLE public.dispute_evidence (
    dispute_id text NOT NULL,
    written_sealed bytea NOT NULL,
    version integer NOT NULL,
    edited_by text NOT NULL,
    edited_at timestamp with time zone NOT NULL,
    CONSTRAINT dispute_evidence_version_positive CHECK ((version >= 1))
);

CREATE TABLE public.dispute_file (
    operation_id text NOT NULL,
    dispute_id text NOT NULL,
    slot text NOT NULL,
    kind text NOT NULL,
    size_bytes integer NOT NULL,
    pages integer NOT NULL,
    stripe_file_id text,
    content_sealed bytea NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT dispute_file_kind_known CHECK ((kind = ANY (ARRAY['pdf'::text, 'jpeg'::text, 'png'::text]))),
    CONSTRAINT dispute_file_pages_in_bounds CHECK (((pages >= 1) AND (pages <= 50))),
    CONSTRAINT dispute_file_size_in_bounds CHECK (((size_bytes >= 1) AND (size_bytes <= 5000000))),
    CONSTRAINT dispute_file_slot_known CHECK ((slot = ANY (ARRAY['receipt'::text, 'customer_communication'::text, 'shipping_documentation'::text, 'service_documentation'::text, 'refund_policy'::text, 'cancellation_policy'::text, 'customer_signature'::text, 'duplicate_charge_documentation'::text, 'uncategorized_file'::text]))),
    CONSTRAINT dispute_file_stripe_id_short CHECK ((length(stripe_file_id) <= 255))
);

CREATE TABLE public.email_message (
    id text NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    order_id text,
    locale text NOT NULL,
    state text NOT NULL,
    reason text,
    tries integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    amount_minor bigint,
    currency text,
    CONSTRAINT email_message_amount_with_currency CHECK (((amount_minor IS NULL) = (currency IS NULL))),
    CONSTRAINT email_message_state_known CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text])))
);

CREATE TABLE public.fraud_flag (
    id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text NOT NULL,
    kind text NOT NULL,
    payment_id text NOT NULL,
    order_id text NOT NULL,
    word text NOT NULL,
    is_open boolean NOT NULL,
    closed_word text,
    decision text,
    decided_by text,
    seen_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT fraud_flag_decided_whole CHECK (((decision IS NULL) = (decided_by IS NULL))),
    CONSTRAINT fraud_flag_decision_known CHECK ((decision = ANY (ARRAY['refund'::text, 'keep'::text]))),
    CONSTRAINT fraud_flag_kind_known CHECK ((kind = ANY (ARRAY['fraud_warning'::text, 'review'::text]))),
    CONSTRAINT fraud_flag_stripe_id_short CHECK ((length(stripe_id) <= 255))
);

CREATE TABLE public.gap_fill (
    account text NOT NULL,
    livemode boolean NOT NULL,
    filled_to timestamp with time zone NOT NULL,
    next_at timestamp with time zone NOT NULL
);

CREATE TABLE public.inbox_event (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    object_id text NOT NULL,
    api_version text,
    body text,
    received_at timestamp with time zone NOT NULL,
    deliveries integer DEFAULT 1 NOT NULL,
    state text NOT NULL,
    reason text,
    order_id text,
    payment_id text,
    tries integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    next_try_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    request_id text NOT NULL,
    subject text NOT NULL,
    version_drift boolean DEFAULT false NOT NULL,
    CONSTRAINT inbox_event_id_short CHECK ((length(id) <= 255)),
    CONSTRAINT inbox_event_ignored_with_reason CHECK (((state <> ALL (ARRAY['IGNORED'::text, 'DEAD'::text])) OR (reason IS NOT NULL))),
    CONSTRAINT inbox_event_state_known CHECK ((state = ANY (ARRAY['RECEIVED'::text, 'PROCESSED'::text, 'IGNORED'::text, 'RETRYING'::text, 'DEAD'::text])))
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY public.inbox_event ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE public.ledger_entry (
    id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL,
    order_id text,
    payment_id text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_entry_kind_known CHECK ((kind = ANY (ARRAY['capture'::text, 'refund'::text, 'refund_failure'::text, 'dispute'::text, 'dispute_reversal'::text, 'dispute_loss'::text, 'dispute_loss_reversal'::text, 'balance_transaction'::text, 'acceptance'::text, 'payout'::text, 'payout_failure'::text])))
);

CREATE TABLE public.ledger_posting (
    entry_id text NOT NULL,
    "position" integer NOT NULL,
    ledger_account text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT ledger_posting_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ledger_posting_not_zero CHECK ((amount_minor <> 0))
);

CREATE TABLE public.money_exception (
    id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    kind text NOT NULL,
    payment_id text,
    order_id text,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    expected_minor bigint,
    expected_currency text,
    explanation text NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    resolved_by text,
    resolution text,
    charge_id text,
    captured boolean NOT NULL,
    returned_minor bigint DEFAULT 0 NOT NULL,
    rounds integer DEFAULT 0 NOT NULL,
    refund_id text,
    backed_by text,
    decided_by text,
    accepted_order_id text,
    note text,
    rule_at timestamp with time zone,
    rule_tries integer DEFAULT 0 NOT NULL,
    CONSTRAINT money_exception_accepted_with_order CHECK (((accepted_order_id IS NOT NULL) = (COALESCE(resolution, ''::text) = 'accepted'::text))),
    CONSTRAINT money_exception_kind_known CHECK ((kind = ANY (ARRAY['wrong_mode'::text, 'wrong_currency'::text, 'wrong_amount'::text, 'wrong_customer'::text, 'stray'::text, 'twice'::text, 'late'::text, 'oversold'::text, 'unknown_order'::text, 'double_loss'::text, 'ledger_mismatch'::text]))),
    CONSTRAINT money_exception_resolution_known CHECK ((resolution = ANY (ARRAY['refunded'::text, 'lost'::text, 'released'::text, 'accepted'::text, 'acknowledged'::text]))),
    CONSTRAINT money_exception_resolved_whole CHECK (((state = 'resolved'::text) = ((resolved_at IS NOT NULL) AND (resolved_by IS NOT NULL) AND (resolution IS NOT NULL)))),
    CONSTRAINT money_exception_resolving_decided CHECK (((state <> 'resolving'::text) OR (decided_by IS NOT NULL))),
    CONSTRAINT money_exception_returned_not_negative CHECK ((returned_minor >= 0)),
    CONSTRAINT money_exception_state_known CHECK ((state = ANY (ARRAY['open'::text, 'resolving'::text, 'resolved'::text])))
);

CREATE TABLE public.operation (
    id text NOT NULL,
    kind text NOT NULL,
    intent text NOT NULL,
    attempt integer NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    api_version text NOT NULL,
    idempotency_key text NOT NULL,
    request_sealed bytea,
    encoder text NOT NULL,
    order_id text,
    payment_id text,
    outcome text NOT NULL,
    object_id text,
    error_code text,
    error_message text,
    stripe_request_id text,
    request_id text NOT NULL,
    first_sent_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 1 NOT NULL,
    absent_since timestamp with time zone,
    lease_until timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT operation_attempt_positive CHECK ((attempt >= 1)),
    CONSTRAINT operation_ended_with_outcome CHECK (((ended_at IS NULL) = (outcome = ANY (ARRAY['started'::text, 'unknown'::text])))),
    CONSTRAINT operation_key_short CHECK ((length(idempotency_key) <= 255)),
    CONSTRAINT operation_outcome_known CHECK ((outcome = ANY (ARRAY['started'::text, 'succeeded'::text, 'failed'::text, 'unknown'::text])))
);

CREATE TABLE public.order_contact (
    order_id text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    email_index bytea
);

CREATE TABLE public.order_history (
    id bigint NOT NULL,
    order_id text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE public.order_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.order_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.order_hold (
    id text NOT NULL,
    order_id text NOT NULL,
    cause text NOT NULL,
    object_id text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    released_by text,
    released_at timestamp with time zone,
    CONSTRAINT order_hold_cause_known CHECK ((cause = ANY (ARRAY['fraud_warning'::text, 'review'::text]))),
    CONSTRAINT order_hold_object_id_short CHECK ((length(object_id) <= 255)),
    CONSTRAINT order_hold_released_whole CHECK (((released_by IS NULL) = (released_at IS NULL)))
);

CREATE TABLE public.order_line (
    order_id text NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    product_id text,
    sku text NOT NULL,
    title text NOT NULL,
    quantity integer NOT NULL,
    unit_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    amount_minor bigint NOT NULL,
    tax_rate_bp integer NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    amendment integer DEFAULT 0 NOT NULL,
    CONSTRAINT order_line_amendment_not_negative CHECK ((amendment >= 0)),
    CONSTRAINT order_line_amount_adds_up CHECK ((amount_minor = ((unit_minor * quantity) - discount_minor))),
    CONSTRAINT order_line_discount_not_negative CHECK ((discount_minor >= 0)),
    CONSTRAINT order_line_kind_known CHECK ((kind = ANY (ARRAY['product'::text, 'shipping'::text]))),
    CONSTRAINT order_line_position_sane CHECK ((("position" >= 1) AND (("position" <= 100) OR (amendment > 0)))),
    CONSTRAINT order_line_product_for_kind CHECK (((kind = 'product'::text) = (product_id IS NOT NULL))),
    CONSTRAINT order_line_quantity_sane CHECK (((quantity >= 1) AND (quantity <= 1000))),
    CONSTRAINT order_line_tax_adds_up CHECK ((amount_minor = (net_minor + tax_minor))),
    CONSTRAINT order_line_tax_rate_sane CHECK (((tax_rate_bp >= 0) AND (tax_rate_bp <= 10000))),
    CONSTRAINT order_line_unit_not_negative CHECK ((unit_minor >= 0))
);

CREATE TABLE public.orders (
    id text NOT NULL,
    number bigint NOT NULL,
    principal text NOT NULL,
    person_id text,
    state text NOT NULL,
    state_before text,
    currency text NOT NULL,
    locale text NOT NULL,
    return_origin text NOT NULL,
    subtotal_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    payable_minor bigint NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    sessions_made integer DEFAULT 0 NOT NULL,
    request_id text NOT NULL,
    amendment integer DEFAULT 0 NOT NULL,
    second_chance_at timestamp with time zone,
    CONSTRAINT orders_amendment_not_negative CHECK ((amendment >= 0)),
    CONSTRAINT orders_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT orders_discount_within_subtotal CHECK (((discount_minor >= 0) AND (discount_minor <= subtotal_minor))),
    CONSTRAINT orders_locale_known CHECK ((locale = ANY (ARRAY['fr'::text, 'en'::text]))),
    CONSTRAINT orders_payable_within_total CHECK (((payable_minor >= 0) AND (payable_minor <= total_minor))),
    CONSTRAINT orders_shipping_not_negative CHECK ((shipping_minor >= 0)),
    CONSTRAINT orders_state_before_only_disputed CHECK (((state = 'DISPUTED'::text) = (state_before IS NOT NULL))),
    CONSTRAINT orders_state_known CHECK ((state = ANY (ARRAY['PENDING'::text, 'PROCESSING'::text, 'PAID'::text, 'SHIPPED'::text, 'DELIVERED'::text, 'CANCELLED'::text, 'REFUNDED'::text, 'DISPUTED'::text]))),
    CONSTRAINT orders_subtotal_not_negative CHECK ((subtotal_minor >= 0)),
    CONSTRAINT orders_tax_within_total CHECK (((tax_minor >= 0) AND (tax_minor <= total_minor))),
    CONSTRAINT orders_total_adds_up CHECK ((total_minor = ((subtotal_minor - discount_minor) + shipping_minor)))
);

ALTER TABLE public.orders ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.orders_number_seq
    START WITH 10001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payment (
    id text NOT NULL,
    order_id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    settles boolean DEFAULT false NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    customer_id text,
    session_id text,
    session_url text,
    session_expires_at timestamp with time zone,
    intent_id text,
    charge_id text,
    captured_minor bigint DEFAULT 0 NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    refund_pending_minor bigint DEFAULT 0 NOT NULL,
    disputed_minor bigint DEFAULT 0 NOT NULL,
    lost_minor bigint DEFAULT 0 NOT NULL,
    method_type text,
    method_brand text,
    method_last4 text,
    failure_code text,
    failure_message text,
    ticket_taken bigint DEFAULT 0 NOT NULL,
    ticket_applied bigint DEFAULT 0 NOT NULL,
    poll_at timestamp with time zone,
    polls integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    capture_before timestamp with time zone,
    lapse_warned_at timestamp with time zone,
    lapse_acted_at timestamp with time zone,
    tell_failure_at timestamp with time zone,
    CONSTRAINT payment_amount_not_negative CHECK ((amount_minor >= 0)),
    CONSTRAINT payment_captured_not_negative CHECK ((captured_minor >= 0)),
    CONSTRAINT payment_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payment_intent_id_short CHECK ((length(intent_id) <= 255)),
    CONSTRAINT payment_kind_known CHECK ((kind = ANY (ARRAY['session'::text, 'intent'::text, 'none'::text]))),
    CONSTRAINT payment_last4_form CHECK ((method_last4 ~ '^[0-9A-Z]{1,4}$'::text)),
    CONSTRAINT payment_refunds_within_captured CHECK (((refunded_minor >= 0) AND (refund_pending_minor >= 0) AND ((refunded_minor + refund_pending_minor) <= captured_minor))),
    CONSTRAINT payment_session_id_short CHECK ((length(session_id) <= 255)),
    CONSTRAINT payment_settles_only_captured CHECK (((NOT settles) OR (state = 'CAPTURED'::text))),
    CONSTRAINT payment_state_known CHECK ((state = ANY (ARRAY['REQUIRES_PAYMENT'::text, 'REQUIRES_ACTION'::text, 'PROCESSING'::text, 'AUTHORIZED'::text, 'CAPTURED'::text, 'FAILED'::text, 'CANCELLED'::text])))
);

CREATE TABLE public.payment_attempt (
    account text NOT NULL,
    livemode boolean NOT NULL,
    object_id text NOT NULL,
    payment_id text NOT NULL,
    order_id text NOT NULL,
    code text NOT NULL,
    decline_code text,
    at timestamp with time zone NOT NULL,
    card_fingerprint text,
    CONSTRAINT payment_attempt_object_id_short CHECK ((length(object_id) <= 255))
);

CREATE TABLE public.payment_client (
    payment_id text NOT NULL,
    client_digest bytea NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.payout (
    account text NOT NULL,
    livemode boolean NOT NULL,
    id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    automatic boolean NOT NULL,
    state text NOT NULL,
    failure_code text,
    arrival_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    reconciled_at timestamp with time zone,
    CONSTRAINT payout_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payout_id_short CHECK ((length(id) <= 255)),
    CONSTRAINT payout_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'in_transit'::text, 'paid'::text, 'failed'::text, 'canceled'::text])))
);

CREATE TABLE public.person (
    id text NOT NULL,
    kind text NOT NULL,
    role text,
    email_index bytea NOT NULL,
    email_sealed bytea NOT NULL,
    name_sealed bytea NOT NULL,
    password_hash text NOT NULL,
    locale text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    CONSTRAINT person_kind_known CHECK ((kind = ANY (ARRAY['customer'::text, 'staff'::text]))),
    CONSTRAINT person_locale_known CHECK ((locale = ANY (ARRAY['fr'::text, 'en'::text]))),
    CONSTRAINT person_role_fits_kind CHECK (((kind = 'staff'::text) = (role IS NOT NULL))),
    CONSTRAINT person_role_known CHECK ((role = ANY (ARRAY['viewer'::text, 'support'::text, 'finance'::text, 'owner'::text])))
);

CREATE TABLE public.pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);

CREATE SEQUENCE public.pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.pgqueuer_id_seq OWNED BY public.pgqueuer.id;

CREATE TABLE public.pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status public.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

ALTER TABLE public.pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status public.pgqueuer_status DEFAULT 'queued'::public.pgqueuer_status
);

CREATE SEQUENCE public.pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.pgqueuer_schedules_id_seq OWNED BY public.pgqueuer_schedules.id;

CREATE TABLE public.pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

CREATE SEQUENCE public.pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.pgqueuer_statistics_id_seq OWNED BY public.pgqueuer_statistics.id;

CREATE TABLE public.product (
    id text NOT NULL,
    sku text NOT NULL,
    handle text NOT NULL,
    "position" integer NOT NULL,
    options text[] NOT NULL,
    active boolean NOT NULL,
    tax_rate_bp integer NOT NULL,
    grams integer NOT NULL,
    image_position integer,
    stock_on_hand integer NOT NULL,
    stock_reserved integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT product_grams_not_negative CHECK ((grams >= 0)),
    CONSTRAINT product_reserved_not_negative CHECK ((stock_reserved >= 0)),
    CONSTRAINT product_reserved_within_stock CHECK ((stock_reserved <= stock_on_hand)),
    CONSTRAINT product_stock_not_negative CHECK ((stock_on_hand >= 0)),
    CONSTRAINT product_tax_rate_sane CHECK (((tax_rate_bp >= 0) AND (tax_rate_bp <= 10000)))
);

CREATE TABLE public.product_price (
    product_id text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    compare_at_minor bigint,
    CONSTRAINT product_price_compare_above CHECK ((compare_at_minor > amount_minor)),
    CONSTRAINT product_price_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT product_price_not_negative CHECK ((amount_minor >= 0))
);

CREATE TABLE public.product_text (
    product_id text NOT NULL,
    locale text NOT NULL,
    options text[] NOT NULL,
    CONSTRAINT product_text_locale_known CHECK ((locale = ANY (ARRAY['fr'::text, 'en'::text])))
);

CREATE TABLE public.refund (
    id text NOT NULL,
    order_id text NOT NULL,
    payment_id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    stripe_id text,
    state text NOT NULL,
    origin text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    wish jsonb NOT NULL,
    requested_by text NOT NULL,
    backed_by text,
    decided_by text,
    failure_code text,
    requested_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    poll_at timestamp with time zone,
    polls integer DEFAULT 0 NOT NULL,
    request_id text NOT NULL,
    CONSTRAINT refund_amount_positive CHECK ((amount_minor > 0)),
    CONSTRAINT refund_currency_form CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT refund_failed_with_code CHECK (((failure_code IS NOT NULL) = (state = ANY (ARRAY['FAILED'::text, 'CANCELED'::text])))),
    CONSTRAINT refund_origin_known CHECK ((origin = ANY (ARRAY['staff'::text, 'customer'::text, 'system'::text, 'stripe'::text]))),
    CONSTRAINT refund_reason_known CHECK ((reason = ANY (ARRAY['requested_by_customer'::text, 'duplicate'::text, 'fraudulent'::text, 'other'::text]))),
    CONSTRAINT refund_seen_at_stripe CHECK (((stripe_id IS NOT NULL) OR (state <> ALL (ARRAY['PENDING'::text, 'SUCCEEDED'::text])))),
    CONSTRAINT refund_state_known CHECK ((state = ANY (ARRAY['REQUESTED'::text, 'SUBMITTED'::text, 'PENDING'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'CANCELED'::text]))),
    CONSTRAINT refund_stripe_id_short CHECK ((length(stripe_id) <= 255))
);

CREATE TABLE public.refund_line (
    refund_id text NOT NULL,
    order_id text NOT NULL,
    "position" integer NOT NULL,
    quantity integer NOT NULL,
    restock_quantity integer NOT NULL,
    amount_minor bigint NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    CONSTRAINT refund_line_adds_up CHECK ((amount_minor = (net_minor + tax_minor))),
    CONSTRAINT refund_line_net_not_negative CHECK ((net_minor >= 0)),
    CONSTRAINT refund_line_quantity_not_negative CHECK ((quantity >= 0)),
    CONSTRAINT refund_line_restock_within_quantity CHECK (((restock_quantity >= 0) AND (restock_quantity <= quantity))),
    CONSTRAINT refund_line_tax_not_negative CHECK ((tax_minor >= 0))
);

CREATE TABLE public.refunded_line (
    order_id text NOT NULL,
    "position" integer NOT NULL,
    line_amount_minor bigint NOT NULL,
    line_tax_minor bigint NOT NULL,
    line_quantity integer NOT NULL,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    quantity integer NOT NULL,
    restocked_quantity integer DEFAULT 0 NOT NULL,
    CONSTRAINT refunded_line_restocked_once CHECK (((restocked_quantity >= 0) AND (restocked_quantity <= line_quantity))),
    CONSTRAINT refunded_line_within_line CHECK ((((amount_minor >= 0) AND (amount_minor <= line_amount_minor)) AND ((tax_minor >= 0) AND (tax_minor <= line_tax_minor)) AND (((amount_minor - tax_minor) >= 0) AND ((amount_minor - tax_minor) <= (line_amount_minor - line_tax_minor))) AND ((quantity >= 0) AND (quantity <= line_quantity))))
);

CREATE TABLE public.request_origin (
    id text NOT NULL,
    sealed bytea NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.saved_address (
    id text NOT NULL,
    person_id text NOT NULL,
    sealed bytea NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.schema_migration (
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.session (
    token_hash bytea NOT NULL,
    id text NOT NULL,
    person_id text,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    CONSTRAINT session_device_coarse CHECK ((length(device) <= 60))
);

CREATE TABLE public.stock_reservation (
    order_id text NOT NULL,
    product_id text NOT NULL,
    quantity integer NOT NULL,
    state text NOT NULL,
    CONSTRAINT stock_reservation_quantity_sane CHECK (((quantity >= 1) AND (quantity <= 1000))),
    CONSTRAINT stock_reservation_state_known CHECK ((state = ANY (ARRAY['HELD'::text, 'TAKEN'::text, 'FREED'::text])))
);

CREATE TABLE public.stripe_account (
    key_digest bytea NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    learnt_at timestamp with time zone NOT NULL
);

CREATE TABLE public.stripe_customer (
    account text NOT NULL,
    livemode boolean NOT NULL,
    owner text NOT NULL,
    customer_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT stripe_customer_id_short CHECK ((length(customer_id) <= 255))
);

ALTER TABLE ONLY public.pgqueuer ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_id_seq'::regclass);

ALTER TABLE ONLY public.pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_schedules_id_seq'::regclass);

ALTER TABLE ONLY public.pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_statistics_id_seq'::regclass);

ALTER TABLE ONLY public.account_mail
    ADD CONSTRAINT account_mail_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.account_mail
    ADD CONSTRAINT account_mail_token_once UNIQUE (token_hash);

ALTER TABLE ONLY public.audit_link
    ADD CONSTRAINT audit_link_pkey PRIMARY KEY (sequence);

ALTER TABLE ONLY public.audit_link
    ADD CONSTRAINT audit_link_row_once UNIQUE (audit_id);

ALTER TABLE ONLY public.audit_row
    ADD CONSTRAINT audit_row_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.balance_reading
    ADD CONSTRAINT balance_reading_pkey PRIMARY KEY (account, livemode);

ALTER TABLE ONLY public.balance_search
    ADD CONSTRAINT balance_search_pkey PRIMARY KEY (account, livemode, object_id, kind);

ALTER TABLE ONLY public.balance_transaction
    ADD CONSTRAINT balance_transaction_pkey PRIMARY KEY (account, livemode, id);

ALTER TABLE ONLY public.cart_line
    ADD CONSTRAINT cart_line_pkey PRIMARY KEY (principal, product_id);

ALTER TABLE ONLY public.catalogue_entry
    ADD CONSTRAINT catalogue_entry_pkey PRIMARY KEY (handle);

ALTER TABLE ONLY public.catalogue_entry_text
    ADD CONSTRAINT catalogue_entry_text_pkey PRIMARY KEY (handle, locale);

ALTER TABLE ONLY public.catalogue_image
    ADD CONSTRAINT catalogue_image_pkey PRIMARY KEY (handle, "position");

ALTER TABLE ONLY public.client_request
    ADD CONSTRAINT client_request_pkey PRIMARY KEY (principal, route, key);

ALTER TABLE ONLY public.client_request
    ADD CONSTRAINT client_request_subject_once UNIQUE (subject_id);

ALTER TABLE ONLY public.dispute_evidence
    ADD CONSTRAINT dispute_evidence_pkey PRIMARY KEY (dispute_id);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT dispute_file_pkey PRIMARY KEY (operation_id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_stripe_once UNIQUE (account, livemode, stripe_id);

ALTER TABLE ONLY public.email_message
    ADD CONSTRAINT email_message_once UNIQUE (kind, subject_id);

ALTER TABLE ONLY public.email_message
    ADD CONSTRAINT email_message_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.fraud_flag
    ADD CONSTRAINT fraud_flag_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.fraud_flag
    ADD CONSTRAINT fraud_flag_stripe_once UNIQUE (account, livemode, stripe_id);

ALTER TABLE ONLY public.gap_fill
    ADD CONSTRAINT gap_fill_pkey PRIMARY KEY (account, livemode);

ALTER TABLE ONLY public.inbox_event
    ADD CONSTRAINT inbox_event_pkey PRIMARY KEY (account, livemode, id);

ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT ledger_entry_once UNIQUE (account, livemode, object_id, kind);

ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT ledger_entry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_posting
    ADD CONSTRAINT ledger_posting_pkey PRIMARY KEY (entry_id, "position");

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_once UNIQUE (account, livemode, object_id);

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_attempt_once UNIQUE (account, livemode, intent, attempt);

ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_key_once UNIQUE (account, livemode, idempotency_key);

ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_contact
    ADD CONSTRAINT order_contact_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.order_history
    ADD CONSTRAINT order_history_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_hold
    ADD CONSTRAINT order_hold_once UNIQUE (order_id, object_id);

ALTER TABLE ONLY public.order_hold
    ADD CONSTRAINT order_hold_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT order_line_figures_once UNIQUE (order_id, "position", amount_minor, tax_minor, quantity);

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT order_line_pkey PRIMARY KEY (order_id, "position");

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_number_once UNIQUE (number);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT payment_attempt_pkey PRIMARY KEY (account, livemode, object_id);

ALTER TABLE ONLY public.payment_client
    ADD CONSTRAINT payment_client_pkey PRIMARY KEY (payment_id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_intent_once UNIQUE (account, livemode, intent_id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_session_once UNIQUE (account, livemode, session_id);

ALTER TABLE ONLY public.payout
    ADD CONSTRAINT payout_pkey PRIMARY KEY (account, livemode, id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);

ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product_price
    ADD CONSTRAINT product_price_pkey PRIMARY KEY (product_id, currency);

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_sku_once UNIQUE (sku);

ALTER TABLE ONLY public.product_text
    ADD CONSTRAINT product_text_pkey PRIMARY KEY (product_id, locale);

ALTER TABLE ONLY public.refund_line
    ADD CONSTRAINT refund_line_pkey PRIMARY KEY (refund_id, "position");

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_stripe_once UNIQUE (account, livemode, stripe_id);

ALTER TABLE ONLY public.refunded_line
    ADD CONSTRAINT refunded_line_pkey PRIMARY KEY (order_id, "position");

ALTER TABLE ONLY public.request_origin
    ADD CONSTRAINT request_origin_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.saved_address
    ADD CONSTRAINT saved_address_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_id_once UNIQUE (id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.stock_reservation
    ADD CONSTRAINT stock_reservation_pkey PRIMARY KEY (order_id, product_id, state);

ALTER TABLE ONLY public.stripe_account
    ADD CONSTRAINT stripe_account_pkey PRIMARY KEY (key_digest);

ALTER TABLE ONLY public.stripe_customer
    ADD CONSTRAINT stripe_customer_id_once UNIQUE (account, livemode, customer_id);

ALTER TABLE ONLY public.stripe_customer
    ADD CONSTRAINT stripe_customer_pkey PRIMARY KEY (account, livemode, owner);

CREATE INDEX account_mail_by_expiry ON public.account_mail USING btree (expires_at);

CREATE INDEX account_mail_by_person ON public.account_mail USING btree (person_id);

CREATE INDEX audit_row_by_order ON public.audit_row USING btree (order_id, id);

CREATE INDEX balance_transaction_by_intent ON public.balance_transaction USING btree (account, livemode, intent_id);

CREATE INDEX balance_transaction_by_payout ON public.balance_transaction USING btree (account, livemode, payout_id) WHERE (payout_id IS NOT NULL);

CREATE INDEX balance_transaction_by_source ON public.balance_transaction USING btree (account, livemode, source_id);

CREATE INDEX balance_transaction_not_posted ON public.balance_transaction USING btree (seen_at) WHERE (state <> 'posted'::text);

CREATE INDEX catalogue_entry_by_title ON public.catalogue_entry USING btree (public.french_key(title));

CREATE INDEX catalogue_entry_in_order ON public.catalogue_entry USING btree ("position", handle) WHERE published;

CREATE INDEX client_request_by_expiry ON public.client_request USING btree (expires_at);

CREATE INDEX dispute_by_order ON public.dispute USING btree (order_id, opened_at);

CREATE INDEX dispute_by_payment ON public.dispute USING btree (payment_id);

CREATE INDEX dispute_file_of_dispute ON public.dispute_file USING btree (dispute_id);

CREATE UNIQUE INDEX dispute_file_once_in_slot ON public.dispute_file USING btree (dispute_id, slot) WHERE (stripe_file_id IS NOT NULL);

CREATE INDEX dispute_to_alert ON public.dispute USING btree (alert_at) WHERE (alert_at IS NOT NULL);

CREATE INDEX email_message_by_order ON public.email_message USING btree (order_id, created_at);

CREATE INDEX fraud_flag_open ON public.fraud_flag USING btree (seen_at) WHERE (is_open AND (decision IS NULL));

CREATE INDEX inbox_event_by_order ON public.inbox_event USING btree (order_id, received_at);

CREATE INDEX inbox_event_by_subject ON public.inbox_event USING btree (account, livemode, subject) WHERE (state = ANY (ARRAY['RECEIVED'::text, 'RETRYING'::text]));

CREATE INDEX inbox_event_dead ON public.inbox_event USING btree (received_at) WHERE (state = 'DEAD'::text);

CREATE INDEX inbox_event_newest ON public.inbox_event USING btree (received_at, id);

CREATE INDEX inbox_event_waiting ON public.inbox_event USING btree (next_try_at) WHERE (state = ANY (ARRAY['RECEIVED'::text, 'RETRYING'::text]));

CREATE INDEX ledger_entry_by_order ON public.ledger_entry USING btree (order_id, at);

CREATE INDEX ledger_entry_in_time ON public.ledger_entry USING btree (at);

CREATE INDEX ledger_posting_by_account ON public.ledger_posting USING btree (ledger_account, currency) INCLUDE (amount_minor);

CREATE INDEX money_exception_by_order ON public.money_exception USING btree (order_id);

CREATE INDEX money_exception_open ON public.money_exception USING btree (created_at) WHERE (state <> 'resolved'::text);

CREATE INDEX operation_by_order ON public.operation USING btree (order_id, first_sent_at);

CREATE UNIQUE INDEX operation_running_once ON public.operation USING btree (account, livemode, intent) WHERE (outcome = ANY (ARRAY['started'::text, 'unknown'::text]));

CREATE UNIQUE INDEX operation_succeeded_once ON public.operation USING btree (account, livemode, intent) WHERE (outcome = 'succeeded'::text);

CREATE INDEX operation_to_recover ON public.operation USING btree (next_try_at) WHERE (outcome = ANY (ARRAY['started'::text, 'unknown'::text]));

CREATE INDEX order_contact_by_email ON public.order_contact USING btree (email_index);

CREATE INDEX order_history_by_order ON public.order_history USING btree (order_id, id);

CREATE INDEX orders_by_deadline ON public.orders USING btree (deadline_at) WHERE (state = 'PENDING'::text);

CREATE INDEX orders_by_principal ON public.orders USING btree (principal, placed_at DESC, id DESC);

CREATE INDEX orders_in_time ON public.orders USING btree (placed_at DESC, id DESC);

CREATE INDEX payment_attempt_by_card ON public.payment_attempt USING btree (card_fingerprint, at) WHERE (card_fingerprint IS NOT NULL);

CREATE INDEX payment_attempt_by_order ON public.payment_attempt USING btree (order_id, at);

CREATE INDEX payment_attempt_by_payment ON public.payment_attempt USING btree (payment_id, at);

CREATE INDEX payment_attempt_in_time ON public.payment_attempt USING btree (at);

CREATE INDEX payment_by_customer ON public.payment USING btree (customer_id);

CREATE INDEX payment_by_order ON public.payment USING btree (order_id, created_at);

CREATE INDEX payment_client_by_client ON public.payment_client USING btree (client_digest, at);

CREATE INDEX payment_client_in_time ON public.payment_client USING btree (at);

CREATE UNIQUE INDEX payment_open_once ON public.payment USING btree (order_id) WHERE (state = ANY (ARRAY['REQUIRES_PAYMENT'::text, 'REQUIRES_ACTION'::text, 'PROCESSING'::text, 'AUTHORIZED'::text]));

CREATE UNIQUE INDEX payment_settles_once ON public.payment USING btree (order_id) WHERE settles;

CREATE INDEX payment_to_capture ON public.payment USING btree (capture_before) WHERE (state = 'AUTHORIZED'::text);

CREATE INDEX payment_to_poll ON public.payment USING btree (poll_at) WHERE (poll_at IS NOT NULL);

CREATE INDEX payment_to_tell ON public.payment USING btree (tell_failure_at) WHERE (tell_failure_at IS NOT NULL);

CREATE INDEX person_by_email ON public.person USING btree (kind, email_index, created_at DESC);

CREATE UNIQUE INDEX person_confirmed_email_once ON public.person USING btree (kind, email_index) WHERE (confirmed_at IS NOT NULL);

CREATE INDEX person_unconfirmed_by_expiry ON public.person USING btree (expires_at) WHERE (confirmed_at IS NULL);

CREATE INDEX pgqueuer_ep_ea_idx ON public.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::public.pgqueuer_status);

CREATE INDEX pgqueuer_ep_prio_id_idx ON public.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::public.pgqueuer_status);

CREATE INDEX pgqueuer_log_created ON public.pgqueuer_log USING btree (created);

CREATE INDEX pgqueuer_log_job_id_status ON public.pgqueuer_log USING btree (job_id, created DESC);

CREATE INDEX pgqueuer_log_not_aggregated ON public.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

CREATE INDEX pgqueuer_log_status ON public.pgqueuer_log USING btree (status);

CREATE INDEX pgqueuer_picked_heartbeat_idx ON public.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::public.pgqueuer_status);

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON public.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::public.pgqueuer_status) AND (slot IS NOT NULL));

CREATE INDEX pgqueuer_priority_id_id1_idx ON public.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::public.pgqueuer_status);

CREATE INDEX pgqueuer_queue_manager_id_idx ON public.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON public.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON public.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::public.pgqueuer_status, 'picked'::public.pgqueuer_status])) AND (dedupe_key IS NOT NULL));

CREATE INDEX pgqueuer_updated_id_id1_idx ON public.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::public.pgqueuer_status);

CREATE INDEX product_by_handle ON public.product USING btree (handle, "position");

CREATE INDEX refund_by_order ON public.refund USING btree (order_id, requested_at);

CREATE INDEX refund_by_payment ON public.refund USING btree (payment_id);

CREATE INDEX refund_to_poll ON public.refund USING btree (poll_at) WHERE (poll_at IS NOT NULL);

CREATE INDEX request_origin_by_expiry ON public.request_origin USING btree (expires_at);

CREATE INDEX saved_address_by_expiry ON public.saved_address USING btree (expires_at);

CREATE INDEX saved_address_by_person ON public.saved_address USING btree (person_id);

CREATE UNIQUE INDEX saved_address_default_once ON public.saved_address USING btree (person_id) WHERE is_default;

CREATE INDEX session_by_expiry ON public.session USING btree (expires_at);

CREATE INDEX session_by_person ON public.session USING btree (person_id);

CREATE INDEX stock_reservation_held ON public.stock_reservation USING btree (product_id) WHERE (state = 'HELD'::text);

CREATE TRIGGER audit_link_append_only BEFORE DELETE OR UPDATE ON public.audit_link FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_link_emptied_append_only BEFORE TRUNCATE ON public.audit_link FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_row_append_only BEFORE DELETE OR UPDATE ON public.audit_row FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_row_emptied_append_only BEFORE TRUNCATE ON public.audit_row FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER ledger_entry_append_only BEFORE DELETE OR UPDATE ON public.ledger_entry FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON public.ledger_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse_unbalanced_entry();

CREATE TRIGGER ledger_entry_emptied_append_only BEFORE TRUNCATE ON public.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER ledger_posting_append_only BEFORE DELETE OR UPDATE ON public.ledger_posting FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE CONSTRAINT TRIGGER ledger_posting_balanced AFTER INSERT ON public.ledger_posting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse_unbalanced_entry();

CREATE TRIGGER ledger_posting_emptied_append_only BEFORE TRUNCATE ON public.ledger_posting FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_history_append_only BEFORE DELETE OR UPDATE ON public.order_history FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_history_emptied_append_only BEFORE TRUNCATE ON public.order_history FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_line_append_only BEFORE DELETE OR UPDATE ON public.order_line FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_line_emptied_append_only BEFORE TRUNCATE ON public.order_line FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refund_line_append_only BEFORE DELETE OR UPDATE ON public.refund_line FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refund_line_emptied_append_only BEFORE TRUNCATE ON public.refund_line FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.account_mail
    ADD CONSTRAINT account_mail_person_exists FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.audit_link
    ADD CONSTRAINT audit_link_row_exists FOREIGN KEY (audit_id) REFERENCES public.audit_row(id);

ALTER TABLE ONLY public.cart_line
    ADD CONSTRAINT cart_line_product_exists FOREIGN KEY (product_id) REFERENCES public.product(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.catalogue_entry_text
    ADD CONSTRAINT catalogue_entry_text_entry_exists FOREIGN KEY (handle) REFERENCES public.catalogue_entry(handle) ON DELETE CASCADE;

ALTER TABLE ONLY public.catalogue_image
    ADD CONSTRAINT catalogue_image_entry_exists FOREIGN KEY (handle) REFERENCES public.catalogue_entry(handle) ON DELETE CASCADE;

ALTER TABLE ONLY public.dispute_evidence
    ADD CONSTRAINT dispute_evidence_dispute_exists FOREIGN KEY (dispute_id) REFERENCES public.dispute(id);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT dispute_file_dispute_exists FOREIGN KEY (dispute_id) REFERENCES public.dispute(id);

ALTER TABLE ONLY public.dispute_file
    ADD CONSTRAINT dispute_file_operation_exists FOREIGN KEY (operation_id) REFERENCES public.operation(id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.dispute
    ADD CONSTRAINT dispute_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.email_message
    ADD CONSTRAINT email_message_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.fraud_flag
    ADD CONSTRAINT fraud_flag_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.fraud_flag
    ADD CONSTRAINT fraud_flag_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.inbox_event
    ADD CONSTRAINT inbox_event_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.inbox_event
    ADD CONSTRAINT inbox_event_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT ledger_entry_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT ledger_entry_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.ledger_posting
    ADD CONSTRAINT ledger_posting_entry_exists FOREIGN KEY (entry_id) REFERENCES public.ledger_entry(id);

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_accepted_order_exists FOREIGN KEY (accepted_order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.money_exception
    ADD CONSTRAINT money_exception_refund_exists FOREIGN KEY (refund_id) REFERENCES public.refund(id);

ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.order_contact
    ADD CONSTRAINT order_contact_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_history
    ADD CONSTRAINT order_history_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_hold
    ADD CONSTRAINT order_hold_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT order_line_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT order_line_product_exists FOREIGN KEY (product_id) REFERENCES public.product(id);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT payment_attempt_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.payment_attempt
    ADD CONSTRAINT payment_attempt_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.payment_client
    ADD CONSTRAINT payment_client_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_entry_exists FOREIGN KEY (handle) REFERENCES public.catalogue_entry(handle);

ALTER TABLE ONLY public.product_price
    ADD CONSTRAINT product_price_product_exists FOREIGN KEY (product_id) REFERENCES public.product(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.product_text
    ADD CONSTRAINT product_text_product_exists FOREIGN KEY (product_id) REFERENCES public.product(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refund_line
    ADD CONSTRAINT refund_line_order_line_exists FOREIGN KEY (order_id, "position") REFERENCES public.order_line(order_id, "position");

ALTER TABLE ONLY public.refund_line
    ADD CONSTRAINT refund_line_refund_exists FOREIGN KEY (refund_id) REFERENCES public.refund(id);

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_payment_exists FOREIGN KEY (payment_id) REFERENCES public.payment(id);

ALTER TABLE ONLY public.refunded_line
    ADD CONSTRAINT refunded_line_figures_exists FOREIGN KEY (order_id, "position", line_amount_minor, line_tax_minor, line_quantity) REFERENCES public.order_line(order_id, "position", amount_minor, tax_minor, quantity);

ALTER TABLE ONLY public.saved_address
    ADD CONSTRAINT saved_address_person_exists FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_person_exists FOREIGN KEY (person_id) REFERENCES public.person(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.stock_reservation
    ADD CONSTRAINT stock_reservation_order_exists FOREIGN KEY (order_id) REFERENCES public.orders(id);

ALTER TABLE ONLY public.stock_reservation
    ADD CONSTRAINT stock_reservation_product_exists FOREIGN KEY (product_id) REFERENCES public.product(id);
