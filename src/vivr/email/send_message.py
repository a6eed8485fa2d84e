"""Send queued messages: claim (Tx) -> hand over to the mail server (no Tx) -> record (Tx).

A claim marks the message ``sending`` and the record ends it together with its job, so nothing is sent twice by two
workers. What is not known stays ``unknown`` and is not sent again by itself: a message whose worker died after the
claim, and one whose connection was lost after its content went out. A server that is away costs a pause, not a message.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Final

import structlog

from vivr.clock import Clock
from vivr.customers.account_mails import address_mail
from vivr.customers.contact import find_contact
from vivr.database import Database, Tx
from vivr.email import store
from vivr.email.compose_message import ACCOUNT_KINDS, KINDS, STAFF_KINDS, compose_account_mail, compose_message
from vivr.email.mail_server import Handover, hand_over
from vivr.email.model import Sender, next_try
from vivr.email.queue_message import SEND_EMAIL
from vivr.email.store import Message
from vivr.errors import NotFound, Unavailable
from vivr.jobs import Job, claim_jobs, end_job, repeat_job
from vivr.orders.read_orders import find_order, lines_of
from vivr.sealing import Seals
from vivr.settings import MailServer

LEASE: Final = timedelta(minutes=5)
BATCH_MAX: Final = 10
_RECORD_TRIES: Final = 30
_RECORD_PAUSE_S: Final = 2.0

_log: Final = structlog.stdlib.get_logger("vivr.email")


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed message, written and addressed."""

    job: Job
    message: Message
    mail: EmailMessage
    recipient: str


async def send_messages(
    database: Database, clock: Clock, seals: Seals, server: MailServer | None, sender: Sender
) -> int:
    """Send what is due, one turn of it.

    Args:
        database: opens the transactions.
        clock: the time.
        seals: opens contacts and signs links.
        server: the mail server; without one messages wait.
        sender: who writes.

    Returns:
        How many jobs were handled; 0: nothing is due.

    Raises:
        Unavailable: the database can't be reached; what was claimed is claimed again when its lease is over.
    """
    if server is None:
        return 0
    async with database.transaction("claim_messages") as tx:
        jobs = await claim_jobs(tx, SEND_EMAIL, limit=BATCH_MAX, lease=LEASE)
        claimed = [await _begin(tx, clock, seals, sender, job) for job in jobs]
    ready = [one for one in claimed if one is not None]
    await asyncio.gather(*(_send(database, clock, server, sender, one) for one in ready))
    return len(jobs)


async def _begin(tx: Tx, clock: Clock, seals: Seals, sender: Sender, job: Job) -> Ready | None:
    """Claim a job's message; None: there is nothing to send, and the job is over."""
    message = await store.begin_sending(tx, job.payload)
    if message is None:
        # Only a worker that died leaves a message in this state for the next claim to find.
        await store.end_sending(tx, job.payload, state="unknown", reason="stopped_while_sending")
        await end_job(tx, job, is_done=False)
        return None
    try:
        return await _write(tx, clock, seals, sender, job, message)
    except ValueError as error:
        # One message that can't be written must not hold up the others.
        _log.warning("email.unwritable", message_id=message.id, error=type(error).__name__)
        await store.end_sending(tx, message.id, state="failed", reason="unwritable")
    except NotFound as error:
        await store.end_sending(tx, message.id, state="failed", reason=error.code)
    await end_job(tx, job, is_done=False)
    return None


async def _write(tx: Tx, clock: Clock, seals: Seals, sender: Sender, job: Job, message: Message) -> Ready:
    """Write the mail of a claimed message.

    Raises:
        NotFound: what it is about, or whom it goes to, is not kept any more.
        ValueError: an address or a sealed contact is broken.
    """
    if message.kind in ACCOUNT_KINDS:
        return await _write_account_mail(tx, clock, seals, sender, job, message)
    order = await find_order(tx, message.order_id) if message.order_id else None
    contact = await find_contact(tx, seals, order.id) if order else None
    if message.kind not in KINDS:
        raise NotFound("kind_unknown")
    is_for_staff = message.kind in STAFF_KINDS
    if contact is None and not is_for_staff:
        raise NotFound("address_gone")
    recipient = sender.staff_address if is_for_staff else contact and contact.email
    if recipient is None:
        raise NotFound("no_staff_address")
    mail = compose_message(
        message_id=message.id,
        kind=message.kind,
        sender=sender,
        order=order,
        lines=await lines_of(tx, order.id) if order else [],
        contact=contact,
        recipient=recipient,
        token=seals.token("order", order.id) if order else "",
        date=clock.now(),
        locale=message.locale,
        money=message.money,
    )
    return Ready(job, message, mail, recipient)


async def _write_account_mail(tx: Tx, clock: Clock, seals: Seals, sender: Sender, job: Job, message: Message) -> Ready:
    """Write a mail about an account; the secret of its link is made here, and each try has another one."""
    now = clock.now()
    addressed = await address_mail(tx, seals, now, message.subject_id)
    mail = compose_account_mail(message_id=message.id, mail=addressed, sender=sender, date=now, locale=message.locale)
    return Ready(job, message, mail, addressed.email)


async def _send(database: Database, clock: Clock, server: MailServer, sender: Sender, ready: Ready) -> None:
    result = await hand_over(server, ready.mail, sender=sender.address, recipient=ready.recipient)
    for left in reversed(range(_RECORD_TRIES)):
        try:
            async with database.transaction("record_message") as tx:
                await _record(tx, clock, ready, result)
            break
        except Unavailable:
            # The mail server's word must not be lost to a restart of the database.
            if left == 0:
                raise
            await asyncio.sleep(_RECORD_PAUSE_S)
    _log.info("email.handed_over", message_id=ready.message.id, verdict=result.verdict, reason=result.reason)


async def _record(tx: Tx, clock: Clock, ready: Ready, result: Handover) -> None:
    """Write what is known, and end the job or let it come again, in one transaction."""
    message, now = ready.message, clock.now()
    if result.verdict == "sent":
        await store.end_sending(tx, message.id, state="sent", sent_at=now)
        await end_job(tx, ready.job, is_done=True)
        return
    pause = next_try(message.created_at, now, message.tries) if result.verdict == "not_now" else None
    state = "unknown" if result.verdict == "unknown" else "failed"
    await store.end_sending(tx, message.id, state=state, reason=result.reason)
    if pause is None:
        await end_job(tx, ready.job, is_done=False)
    else:
        await repeat_job(tx, ready.job, delay=pause)
