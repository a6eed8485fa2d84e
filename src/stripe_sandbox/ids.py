"""Ids shaped like Stripe's, derived from an account's seed and counter, so that a seeded run repeats them.

Objects of one payment share a stem (`pi_3`, `ch_3`, `txn_3`, `re_3`, `evt_3`); others start with 1.
"""

import hashlib

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = bytes(ord(_ALPHABET[byte % 62]) for byte in range(256))
STEM_LENGTH = 15


def scramble(*parts: object, length: int) -> str:
    """Base-62 text of `length` characters that depends on all parts and on nothing else."""
    digest = hashlib.shake_256("\x1f".join(map(str, parts)).encode()).digest(length)
    return digest.translate(_LETTERS).decode()


def account_id(key: str) -> str:
    """The account that belongs to a secret key; the key cannot be read back from it."""
    return "acct_1" + scramble("account", key, length=15)


def object_id(prefix: str, seed: str, number: int, stem: str | None = None) -> str:
    """The id of the `number`-th object of an account."""
    if prefix == "cs":
        return "cs_test_a1" + scramble(seed, number, prefix, length=56)
    if prefix in ("cus", "prod"):
        return f"{prefix}_" + scramble(seed, number, prefix, length=14)
    if stem is not None:
        return f"{prefix}_3{stem}" + scramble(seed, number, prefix, length=8)
    return f"{prefix}_1" + scramble(seed, number, prefix, length=23)


def request_id(seed: str, number: int) -> str:
    """The `Request-Id` of the `number`-th call."""
    return "req_" + scramble(seed, number, "req", length=14)


def stem_of(payment_id: str) -> str | None:
    """The stem shared by the objects of one payment, or None for an id that has none."""
    tail = payment_id.partition("_")[2]
    return tail[1 : 1 + STEM_LENGTH] if tail.startswith("3") else None
