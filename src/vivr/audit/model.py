"""The chain of the audit trail: each link's hash covers the one before it and every field of its row."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

GENESIS: Final = b"\x00" * 32
"""What stands before the first link."""


def link_hash(previous: bytes, fields: Mapping[str, object]) -> bytes:
    """SHA-256 over the previous hash and the row's fields, each with its name and its length, sorted by name."""
    digest = hashlib.sha256(previous)
    for name in sorted(fields):
        value = _text_of(fields[name])
        digest.update(f"{name}:{len(value)}:".encode() + value)
    return digest.digest()


def _text_of(value: object) -> bytes:
    match value:
        case None:
            return b"\x00"
        case bytes():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().encode()
        case _:
            return str(value).encode()
