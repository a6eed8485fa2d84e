"""The mails that the demo received: one file each, newest first, the oldest dropped."""

import html
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

KEPT_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """One received mail, read for people.

    Attributes:
        key: its name in the folder.
        received_at: when it came.
        sender, recipient, subject: its head.
        text: its plain part.
        page: its HTML part, or the plain part as HTML where it has none.
    """

    key: str
    received_at: datetime
    sender: str
    recipient: str
    subject: str
    message_id: str
    text: str
    page: str


class MailFolder:
    """A folder of received mails.

    Args:
        folder: where they are; it exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder: Path = folder

    def keep(self, content: bytes) -> str:
        """Keep one mail, whole or not at all; its key."""
        key = f"{time.time_ns():020}-{secrets.token_hex(4)}"
        partial = self._folder / f"{key}.partial"
        partial.write_bytes(content)
        partial.rename(self._folder / f"{key}.eml")
        for old in self._files()[KEPT_MAX:]:
            old.unlink(missing_ok=True)
        return key

    def list_mails(self) -> list[Mail]:
        """All mails, newest first."""
        return [mail for file in self._files() if (mail := _read(file)) is not None]

    def find(self, key: str) -> Mail | None:
        """One mail; any text is a safe argument."""
        return next((_read(file) for file in self._files() if file.stem == key), None)

    def clear(self) -> None:
        """Drop all mails."""
        for file in self._files():
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"), reverse=True)


def _read(file: Path) -> Mail | None:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None  # dropped while the list was being read
    message = message_from_bytes(content, policy=policy.default)
    text = _part(message, "plain")
    return Mail(
        key=file.stem,
        received_at=datetime.fromtimestamp(int(file.stem.partition("-")[0]) / 1e9, UTC),
        sender=str(message.get("From", "")),
        recipient=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        text=text,
        page=_part(message, "html") or f"<pre>{html.escape(text)}</pre>",
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")
