"""All SQL of counting declines: by client, by customer and by card."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import OrderId, PaymentId
from vivr.payments.decline_rules import Declines
from vivr.payments.model import Payment

_KEEP_CLIENT = Sql(
    "keep_payment_client",
    "From where a payment was begun, as a keyed digest.",
    """
    INSERT INTO payment_client (payment_id, client_digest, at) VALUES (%(payment_id)s, %(client_digest)s, %(at)s)
    """,
)

_COUNT = Sql(
    "count_declines",
    "Tries that failed lately: from this client, by this customer of Stripe's, with the cards tried on this order.",
    """
    SELECT 'client' AS kind, count(*) AS count, max(attempt.at) AS last_at
    FROM payment_client JOIN payment_attempt AS attempt USING (payment_id)
    WHERE payment_client.client_digest = %(client_digest)s AND attempt.at > %(since)s
    UNION ALL
    SELECT 'customer', count(*), max(attempt.at)
    FROM payment JOIN payment_attempt AS attempt ON attempt.payment_id = payment.id
    WHERE payment.customer_id = %(customer_id)s AND attempt.at > %(since)s
    UNION ALL
    SELECT 'card', count(*), max(attempt.at)
    FROM payment_attempt AS attempt
    WHERE attempt.at > %(since)s AND attempt.card_fingerprint IN (
        SELECT card_fingerprint FROM payment_attempt WHERE order_id = %(order_id)s)
    """,
)

_TRIED_OUT = Sql(
    "tried_out_payments",
    "Ways to pay that are still open although their page, or their client's pages, saw too many declines lately.",
    """
    WITH lately AS (
        SELECT payment_id, client_digest FROM payment_attempt LEFT JOIN payment_client USING (payment_id)
        WHERE payment_attempt.at > %(since)s
    ), pages AS (
        SELECT payment_id FROM lately GROUP BY payment_id HAVING count(*) >= %(page_most)s
        UNION
        SELECT payment_client.payment_id FROM payment_client
        WHERE at > %(since)s AND client_digest IN (
            SELECT client_digest FROM lately GROUP BY client_digest HAVING count(*) >= %(client_most)s)
    )
    SELECT payment.* FROM payment JOIN pages ON pages.payment_id = payment.id
    WHERE payment.state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION')
    ORDER BY payment.created_at LIMIT %(limit)s
    """,
)

_FORGET = Sql(
    "forget_payment_clients",
    "Digests of clients that no count looks at any more.",
    """
    DELETE FROM payment_client WHERE payment_id IN (
        SELECT payment_id FROM payment_client WHERE at <= %(before)s ORDER BY at LIMIT %(limit)s)
    """,
)


async def keep_client(tx: Tx, payment_id: PaymentId, client_digest: bytes, at: datetime) -> None:
    """From where a payment was begun."""
    await tx.run(_KEEP_CLIENT, payment_id=payment_id, client_digest=client_digest, at=at)


async def count_declines(
    tx: Tx, order_id: OrderId, customer_id: str, client_digest: bytes | None, since: datetime
) -> list[Declines]:
    """Tries that failed lately, of each kind."""
    return await tx.rows(
        _COUNT, Declines, order_id=order_id, customer_id=customer_id, client_digest=client_digest, since=since
    )


async def tried_out_payments(tx: Tx, since: datetime, page_most: int, client_most: int, limit: int) -> list[Payment]:
    """Open ways to pay with too many declines."""
    return await tx.rows(_TRIED_OUT, Payment, since=since, page_most=page_most, client_most=client_most, limit=limit)


async def forget_clients(tx: Tx, before: datetime, limit: int) -> int:
    """Delete digests of clients; how many."""
    return await tx.run(_FORGET, before=before, limit=limit)
