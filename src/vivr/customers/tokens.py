"""Secrets that only a browser or a mail keeps: 256 random bits, of which the database has a hash alone.

Nobody guesses them, so that one round of SHA-256 is enough.
"""

import hashlib
import secrets
from typing import Final

_LENGTH: Final = 43


def new_token() -> str:
    """A new secret: 43 characters that a link and a cookie take."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether a text has the form of a secret; any text is a safe argument."""
    return len(text) == _LENGTH and text.isascii()


def hash_token(token: str) -> bytes:
    """What the database knows of a secret."""
    return hashlib.sha256(token.encode()).digest()
