"""Hand one mail to the mail server by SMTP, and say what is known afterwards. The only place that speaks SMTP.

What the server refuses for now (4yz, RFC 5321, 4.2.1) or can't be reached for may be tried again; what it refuses for
good (5yz) may not. A connection that is lost after the content went out leaves unknown whether the mail was taken.
Reasons are codes alone: a server's own words often quote the recipient's address.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Final, Literal

import aiosmtplib

from vivr.database import refuse_inside_transaction
from vivr.settings import MailSecurity, MailServer

TIMEOUT_S: Final = 8
_REFUSED_FOR_GOOD: Final = 500

Verdict = Literal["sent", "not_now", "never", "unknown"]


@dataclass(frozen=True, slots=True)
class Handover:
    """What became of a mail: a verdict, and the reason's code where it was not sent."""

    verdict: Verdict
    reason: str | None = None


async def hand_over(server: MailServer, message: EmailMessage, *, sender: str, recipient: str) -> Handover:
    """Hand a mail over; never raises for what a mail server or a network does.

    Args:
        server: where to.
        message: the mail, complete.
        sender: the envelope's sender.
        recipient: the envelope's only recipient.
    """
    refuse_inside_transaction("smtp")
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is MailSecurity.TLS,
        start_tls=server.security is MailSecurity.STARTTLS,
        username=server.username,
        password=server.password.reveal() if server.password else None,
        timeout=TIMEOUT_S,
    )
    try:
        # Connecting ends with the greeting, TLS and the log-in, all before anything of the mail is said.
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Handover("not_now", _reason(error))
    try:
        return await _send(client, message, sender=sender, recipient=recipient)
    finally:
        client.close()


async def _send(client: aiosmtplib.SMTP, message: EmailMessage, *, sender: str, recipient: str) -> Handover:
    is_international = not (sender.isascii() and recipient.isascii())
    encoding = "utf-8" if is_international else "ascii"
    options = ["SMTPUTF8", "BODY=8BITMIME"] if is_international else []
    content = message.as_bytes(policy=SMTPUTF8 if is_international else SMTP)
    try:
        if is_international:
            await client.ehlo()
            if not client.supports_extension("smtputf8"):
                return Handover("never", "smtputf8_missing")
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(recipient, encoding=encoding)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _refusal(error, otherwise="not_now")
    try:
        await client.data(content)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return _refusal(error, otherwise="unknown")
    return Handover("sent")


def _refusal(error: Exception, *, otherwise: Verdict) -> Handover:
    """Judge by the server's answer; without one, as the caller says."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Handover("never" if error.code >= _REFUSED_FOR_GOOD else "not_now", _reason(error))
    return Handover(otherwise, _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"smtp_{error.code}"
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return "server_timeout"
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return "connection_lost"
    return "server_unreachable"
