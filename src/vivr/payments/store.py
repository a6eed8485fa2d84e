"""All SQL of payments."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import PaymentId
from vivr.operations.model import StripeScope
from vivr.payments.model import Payment

_INSERT = Sql(
    "insert_payment",
    "Begin a payment; the database allows one open payment per order.",
    """
    INSERT INTO payment (id, order_id, account, livemode, kind, state, amount_minor, currency, customer_id,
                         session_expires_at, poll_at, created_at, updated_at)
    VALUES (%(id)s, %(order_id)s, %(account)s, %(livemode)s, %(kind)s, 'REQUIRES_PAYMENT', %(amount_minor)s,
            %(currency)s, %(customer_id)s, %(session_expires_at)s, %(poll_at)s, %(now)s, %(now)s)
    RETURNING *
    """,
)

_INSERT_NONE = Sql(
    "insert_payment_of_nothing",
    "Settle an order of total zero.",
    """
    INSERT INTO payment (id, order_id, account, livemode, kind, state, settles, amount_minor, currency, created_at,
                         updated_at)
    VALUES (%(id)s, %(order_id)s, '', false, 'none', 'CAPTURED', true, 0, %(currency)s, %(now)s, %(now)s)
    """,
)

_FIND = Sql("find_payment", "One payment.", "SELECT * FROM payment WHERE id = %(id)s")

_LOCK = Sql("lock_payment", "One payment, locked.", "SELECT * FROM payment WHERE id = %(id)s FOR UPDATE")

_OPEN_OF_ORDER = Sql(
    "open_payment_of_order",
    "The payment of an order that may still bring money, locked.",
    """
    SELECT * FROM payment
    WHERE order_id = %(order_id)s AND state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
    FOR UPDATE
    """,
)

_OF_ORDER = Sql(
    "payments_of_order",
    "All payments of an order, oldest first.",
    "SELECT * FROM payment WHERE order_id = %(order_id)s ORDER BY created_at, id",
)

_BY_OBJECT = Sql(
    "payment_by_stripe_object",
    "The payment that a session, PaymentIntent or charge belongs to.",
    """
    SELECT * FROM payment
    WHERE account = %(account)s AND livemode = %(livemode)s
      AND (session_id = %(object_id)s OR intent_id = %(object_id)s)
    """,
)

_BY_SESSION = Sql(
    "payments_by_session",
    "The payment behind a session id, for the return page.",
    "SELECT * FROM payment WHERE session_id = %(session_id)s",
)

_TAKE_TICKET = Sql(
    "take_ticket",
    "The next reader's ticket.",
    "UPDATE payment SET ticket_taken = ticket_taken + 1 WHERE id = %(id)s RETURNING ticket_taken",
)

_ATTACH_SESSION = Sql(
    "attach_session",
    "Attach what Stripe made, first wins; no row: another session is attached.",
    """
    UPDATE payment
    SET session_id = %(session_id)s, session_url = %(url)s, session_expires_at = %(expires_at)s, poll_at = %(poll_at)s,
        updated_at = %(now)s
    WHERE id = %(id)s AND (session_id IS NULL OR session_id = %(session_id)s)
    RETURNING *
    """,
)

_ATTACH_INTENT = Sql(
    "attach_intent",
    "Attach the PaymentIntent that Stripe made, first wins; no row: another one is attached.",
    """
    UPDATE payment SET intent_id = %(intent_id)s, poll_at = %(poll_at)s, updated_at = %(now)s
    WHERE id = %(id)s AND kind = 'intent' AND (intent_id IS NULL OR intent_id = %(intent_id)s)
    RETURNING *
    """,
)

_APPLY = Sql(
    "apply_snapshot",
    # A word that moves the payment outdates every ticket taken so far: their reads may have begun before it.
    "Write Stripe's word; no row: a later word was applied, or another PaymentIntent is attached.",
    """
    UPDATE payment
    SET state = %(state)s, settles = %(settles)s, intent_id = coalesce(intent_id, %(intent_id)s),
        charge_id = coalesce(%(charge_id)s, charge_id), captured_minor = %(captured_minor)s,
        session_url = %(session_url)s,
        method_type = coalesce(%(method_type)s, method_type), method_brand = coalesce(%(method_brand)s, method_brand),
        method_last4 = coalesce(%(method_last4)s, method_last4),
        capture_before = coalesce(%(capture_before)s, capture_before), failure_code = %(failure_code)s,
        failure_message = %(failure_message)s,
        ticket_applied = CASE WHEN state = %(state)s THEN %(ticket)s ELSE ticket_taken END,
        poll_at = CASE WHEN %(state)s IN ('CAPTURED', 'FAILED', 'CANCELLED') THEN NULL ELSE poll_at END,
        updated_at = %(now)s
    WHERE id = %(id)s AND ticket_applied < %(ticket)s
      AND (intent_id IS NULL OR %(intent_id)s::text IS NULL OR intent_id = %(intent_id)s)
    RETURNING *
    """,
)

_POLL_SOON = Sql(
    "poll_payment_soon",
    "Make a payment due that is asked about at all.",
    "UPDATE payment SET poll_at = %(now)s WHERE id = %(id)s AND poll_at > %(now)s",
)

_END = Sql(
    "end_payment",
    "End a payment for which Stripe never made anything.",
    """
    UPDATE payment SET state = 'FAILED', failure_code = %(code)s, poll_at = NULL, updated_at = %(now)s
    WHERE id = %(id)s AND state = 'REQUIRES_PAYMENT' AND session_id IS NULL AND intent_id IS NULL
    RETURNING *
    """,
)

_SHIFT_REFUND_SUMS = Sql(
    "shift_refund_sums",
    "Move money between what is captured, reserved for a refund and refunded; never more than was captured.",
    """
    UPDATE payment
    SET refunded_minor = refunded_minor + %(refunded_minor)s,
        refund_pending_minor = refund_pending_minor + %(pending_minor)s, updated_at = %(now)s
    WHERE id = %(id)s
    RETURNING *
    """,
)

_SET_DISPUTE_SUMS = Sql(
    "set_dispute_sums",
    "Write what of a payment is disputed and what is lost, as its disputes add up.",
    """
    UPDATE payment SET disputed_minor = %(disputed_minor)s, lost_minor = %(lost_minor)s, updated_at = %(now)s
    WHERE id = %(id)s
    RETURNING *
    """,
)

_ACCEPT = Sql(
    "accept_payment",
    "A captured payment of which nothing went back settles an order by staff's decision; no row: it is not like that.",
    """
    UPDATE payment SET settles = true, order_id = %(order_id)s, updated_at = %(now)s
    WHERE id = %(id)s AND state = 'CAPTURED' AND NOT settles AND captured_minor = %(amount_minor)s
      AND refunded_minor = 0 AND refund_pending_minor = 0 AND disputed_minor = 0 AND lost_minor = 0
    RETURNING *
    """,
)

_INSERT_ACCEPTED = Sql(
    "insert_accepted_payment",
    "A PaymentIntent that came beside every payment of ours settles an order by staff's decision.",
    """
    INSERT INTO payment (id, order_id, account, livemode, kind, state, settles, amount_minor, currency, intent_id,
                         charge_id, captured_minor, created_at, updated_at)
    VALUES (%(id)s, %(order_id)s, %(account)s, %(livemode)s, 'intent', 'CAPTURED', true, %(amount_minor)s,
            %(currency)s, %(intent_id)s, %(charge_id)s, %(amount_minor)s, %(now)s, %(now)s)
    RETURNING *
    """,
)

_POLL_ALL_NOW = Sql(
    "poll_all_now",
    "Make every payment due that is asked about at all.",
    "UPDATE payment SET poll_at = %(now)s WHERE poll_at > %(now)s",
)

_CLAIM_POLL = Sql(
    "claim_poll",
    "Take one payment that is due to be asked about, and say when the next time is.",
    """
    UPDATE payment
    SET polls = polls + 1,
        poll_at = %(now)s + least(%(first)s::interval * power(2, least(polls + 1, 20)),
                                  -- Authorised money rests for days, and nobody waits for it in front of a page.
                                  CASE state WHEN 'AUTHORIZED' THEN greatest(%(longest)s::interval, '1 hour')
                                       ELSE %(longest)s::interval END)
    WHERE id = (SELECT id FROM payment WHERE poll_at <= %(now)s AND (session_id IS NOT NULL OR intent_id IS NOT NULL)
                ORDER BY poll_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)

_TO_WARN_OF = Sql(
    "payment_to_warn_of",
    "The authorisation that ends first and that nobody was warned of.",
    """
    SELECT * FROM payment WHERE state = 'AUTHORIZED' AND capture_before <= %(until)s AND lapse_warned_at IS NULL
    ORDER BY capture_before LIMIT 1
    """,
)

_MARK_WARNED = Sql(
    "mark_lapse_warned",
    "Somebody is warned of it; no row: somebody was, or it ended.",
    """
    UPDATE payment SET lapse_warned_at = %(now)s
    WHERE id = %(id)s AND state = 'AUTHORIZED' AND lapse_warned_at IS NULL
    """,
)

_CLAIM_LAPSING = Sql(
    "claim_lapsing_payment",
    "Take one authorisation that ends soon, for the policy to act on it; again later if that fails.",
    """
    UPDATE payment SET lapse_acted_at = %(now)s
    WHERE id = (SELECT id FROM payment
                WHERE state = 'AUTHORIZED' AND capture_before <= %(until)s
                  AND (lapse_acted_at IS NULL OR lapse_acted_at <= %(again_before)s)
                ORDER BY capture_before LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)

_NEEDLESS = Sql(
    "needless_payments",
    "Ways to pay that the customer may still use for an order that another payment settled.",
    """
    SELECT * FROM payment
    WHERE state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION')
      AND EXISTS (SELECT FROM payment AS other WHERE other.order_id = payment.order_id AND other.settles)
    ORDER BY created_at LIMIT %(limit)s
    """,
)


async def insert_payment(tx: Tx, **values: object) -> Payment:
    """Begin a payment."""
    payment = await tx.row(_INSERT, Payment, **values)
    assert payment is not None
    return payment


async def insert_payment_of_nothing(tx: Tx, **values: object) -> None:
    """Settle an order of total zero."""
    await tx.run(_INSERT_NONE, **values)


async def find_payment(tx: Tx, payment_id: str) -> Payment | None:
    """One payment."""
    return await tx.row(_FIND, Payment, id=payment_id)


async def lock_payment(tx: Tx, payment_id: str) -> Payment | None:
    """One payment, locked; its order is locked before it."""
    return await tx.row(_LOCK, Payment, id=payment_id)


async def open_payment_of(tx: Tx, order_id: str) -> Payment | None:
    """The payment that may still bring money, locked."""
    return await tx.row(_OPEN_OF_ORDER, Payment, order_id=order_id)


async def payments_of(tx: Tx, order_id: str) -> list[Payment]:
    """All payments of an order."""
    return await tx.rows(_OF_ORDER, Payment, order_id=order_id)


async def payment_by_object(tx: Tx, scope: StripeScope, object_id: str) -> Payment | None:
    """The payment that a session or PaymentIntent belongs to."""
    return await tx.row(_BY_OBJECT, Payment, account=scope.account, livemode=scope.livemode, object_id=object_id)


async def payment_by_session(tx: Tx, session_id: str) -> Payment | None:
    """The payment behind a session id."""
    return await tx.row(_BY_SESSION, Payment, session_id=session_id)


async def take_ticket(tx: Tx, payment_id: PaymentId) -> int:
    """The next reader's ticket."""
    ticket = await tx.value(_TAKE_TICKET, int, id=payment_id)
    assert ticket is not None
    return ticket


async def attach_session(tx: Tx, **values: object) -> Payment | None:
    """Attach a session, first wins; None: another one is attached."""
    return await tx.row(_ATTACH_SESSION, Payment, **values)


async def attach_intent(tx: Tx, **values: object) -> Payment | None:
    """Attach a PaymentIntent without a session, first wins; None: another one is attached."""
    return await tx.row(_ATTACH_INTENT, Payment, **values)


async def apply_snapshot(tx: Tx, **values: object) -> Payment | None:
    """Write Stripe's word; None: a later word was applied, or another PaymentIntent is attached."""
    return await tx.row(_APPLY, Payment, **values)


async def poll_soon(tx: Tx, payment_id: str, now: datetime) -> None:
    """Make a payment due, if it is asked about at all."""
    await tx.run(_POLL_SOON, id=payment_id, now=now)


async def end_payment(tx: Tx, payment_id: PaymentId, code: str, now: datetime) -> Payment | None:
    """End a payment for which Stripe never made anything."""
    return await tx.row(_END, Payment, id=payment_id, code=code, now=now)


async def shift_refund_sums(tx: Tx, **values: object) -> Payment:
    """Move the refunded and the refund-pending sum."""
    payment = await tx.row(_SHIFT_REFUND_SUMS, Payment, **values)
    assert payment is not None
    return payment


async def set_dispute_sums(tx: Tx, **values: object) -> Payment:
    """Write the disputed and the lost sum."""
    payment = await tx.row(_SET_DISPUTE_SUMS, Payment, **values)
    assert payment is not None
    return payment


async def accept_payment(tx: Tx, **values: object) -> Payment | None:
    """A captured payment settles an order by staff's decision; None: something of it went back, or is disputed."""
    return await tx.row(_ACCEPT, Payment, **values)


async def insert_accepted_payment(tx: Tx, **values: object) -> Payment:
    """A PaymentIntent beside every payment of ours settles an order by staff's decision."""
    payment = await tx.row(_INSERT_ACCEPTED, Payment, **values)
    assert payment is not None
    return payment


async def claim_poll(tx: Tx, **values: object) -> Payment | None:
    """Take one payment that is due to be asked about."""
    return await tx.row(_CLAIM_POLL, Payment, **values)


async def payment_to_warn_of(tx: Tx, *, until: datetime) -> Payment | None:
    """The authorisation that ends first and that nobody was warned of."""
    return await tx.row(_TO_WARN_OF, Payment, until=until)


async def mark_warned(tx: Tx, payment_id: PaymentId, now: datetime) -> bool:
    """Somebody is warned of it; False: somebody was, or it ended."""
    return await tx.run(_MARK_WARNED, id=payment_id, now=now) == 1


async def claim_lapsing(tx: Tx, **values: object) -> Payment | None:
    """Take one authorisation that ends soon, for the policy."""
    return await tx.row(_CLAIM_LAPSING, Payment, **values)


async def needless_payments(tx: Tx, limit: int) -> list[Payment]:
    """Open ways to pay an order that another payment settled."""
    return await tx.rows(_NEEDLESS, Payment, limit=limit)


async def poll_all_now(tx: Tx, now: datetime) -> int:
    """Make every payment due that is asked about at all; how many."""
    return await tx.run(_POLL_ALL_NOW, now=now)
