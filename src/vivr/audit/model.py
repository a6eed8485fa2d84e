"""The chain of the audit trail: each link's hash covers the one before it and every field of its row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

GENESIS: Final = b"\x00" * 32
"""What stands before the first link."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain, to be kept elsewhere.

    Attributes:
        sequence: the number of the last sealed row in the chain; 0 before the first.
        hash: its link's hash, 64 hexadecimal digits.
        rows: how many rows are sealed: as many as the number says, unless one was removed.
        at: when the last sealed row was recorded, ISO 8601; None before the first.
    """

    sequence: int
    hash: str
    rows: int
    at: str | None


def head_line(head: Head) -> str:
    """A head as one line of JSON."""
    return json.dumps(asdict(head))


def read_heads(text: str) -> list[Head]:
    """Exported heads, one a line, in the chain's order.

    Raises:
        ValueError: there is none, or a line is none.
    """
    heads = [_read_head(line) for line in text.splitlines() if line.strip()]
    if not heads:
        raise ValueError("no head")
    return sorted(heads, key=lambda head: head.sequence)


def _read_head(line: str) -> Head:
    match json.loads(line):
        case {"sequence": int(sequence), "hash": str(digest), "rows": int(rows), "at": str() | None as at} if (
            sequence >= 0 and len(bytes.fromhex(digest)) == len(GENESIS)
        ):
            return Head(sequence, digest, rows, at)
        case _:
            raise ValueError("no head")


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
