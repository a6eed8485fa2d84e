"""All SQL of e-mail messages."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import MessageId
from vivr.money import Money

_INSERT = Sql(
    "insert_email_message",
    "Queue a message unless there is one for this subject.",
    """
    INSERT INTO email_message (id, kind, subject_id, order_id, locale, state, created_at, amount_minor, currency)
    VALUES (%(id)s, %(kind)s, %(subject_id)s, %(order_id)s, %(locale)s, 'queued', %(now)s, %(amount_minor)s,
            %(currency)s)
    ON CONFLICT ON CONSTRAINT email_message_once DO NOTHING
    """,
)

_FIND = Sql("find_email_message", "One message.", "SELECT * FROM email_message WHERE id = %(id)s")

_BEGIN_SENDING = Sql(
    "begin_sending_email",
    "Say that the mail server is being spoken to; no row: it was sent, or another worker is at it.",
    """
    UPDATE email_message SET state = 'sending', tries = tries + 1
    WHERE id = %(id)s AND state IN ('queued', 'failed')
    RETURNING *
    """,
)

_END_SENDING = Sql(
    "end_sending_email",
    "Write what the mail server said.",
    """
    UPDATE email_message SET state = %(state)s, reason = %(reason)s, sent_at = %(sent_at)s
    WHERE id = %(id)s AND state = 'sending'
    """,
)

_OF_ORDER = Sql(
    "emails_of_order",
    "All messages about an order.",
    "SELECT * FROM email_message WHERE order_id = %(order_id)s ORDER BY created_at, id",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whatever became of it."""

    id: MessageId
    kind: str
    subject_id: str
    order_id: str | None
    locale: str
    state: str
    reason: str | None
    tries: int
    created_at: datetime
    sent_at: datetime | None
    amount_minor: int | None
    currency: str | None

    @property
    def money(self) -> Money | None:
        """The amount that it tells of, if it tells of one."""
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)


async def insert_message(tx: Tx, **values: object) -> bool:
    """Queue a message; False: there is one for this subject."""
    return await tx.run(_INSERT, **values) == 1


async def find_message(tx: Tx, message_id: str) -> Message | None:
    """One message."""
    return await tx.row(_FIND, Message, id=message_id)


async def begin_sending(tx: Tx, message_id: str) -> Message | None:
    """Say that it is being sent; None: it was sent, or another worker is at it."""
    return await tx.row(_BEGIN_SENDING, Message, id=message_id)


async def end_sending(
    tx: Tx, message_id: str, *, state: str, reason: str | None = None, sent_at: datetime | None = None
) -> None:
    """Write what the mail server said."""
    await tx.run(_END_SENDING, id=message_id, state=state, reason=reason, sent_at=sent_at)


async def messages_of_order(tx: Tx, order_id: str) -> list[Message]:
    """All messages about an order."""
    return await tx.rows(_OF_ORDER, Message, order_id=order_id)
