"""Sealing: encryption of single columns, keyed hashes for equality look-ups, and signed tokens.

A sealed value is two bytes of key id, a 12-byte nonce and AES-256-GCM ciphertext, bound to its table, column and row:
moved to another row it does not open. Several keys may be active; the first one writes, all of them read.
Keys are derived with HKDF-SHA256 per purpose, so that no two uses share one (RFC 5869).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_ID_BYTES = 2
_NONCE_BYTES = 12
_DIGEST_BYTES = 16


class SealBroken(ValueError):  # noqa: N818 - reads as what it is
    """A sealed value was made with a key we don't have, was changed, or stands in the wrong row."""


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"vivr/{purpose}".encode()).derive(key)


class Seals:
    """Everything that is done with the shop's secret keys.

    Args:
        keys: 32-byte keys, the writing one first.

    Raises:
        ValueError: two different keys have the same id in ciphertexts.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers: dict[bytes, AESGCM] = {
            hashlib.sha256(b"vivr/key-id" + key).digest()[:_KEY_ID_BYTES]: AESGCM(_derive(key, "seal")) for key in keys
        }
        if len(self._ciphers) < len(set(keys)):
            # One in 65,536 pairs: what the hidden key sealed could never be opened again.
            raise ValueError("two secret keys share a key id: make another one")
        self._writing_id: bytes = next(iter(self._ciphers))
        self._digest_keys: tuple[bytes, ...] = tuple(_derive(key, "digest") for key in keys)

    def seal(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes:
        """Encrypt a value for one cell."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        place = f"{table}.{column}|{row}".encode()
        return self._writing_id + nonce + self._ciphers[self._writing_id].encrypt(nonce, plaintext, place)

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Decrypt a value of one cell.

        Raises:
            SealBroken: see the class.
        """
        cipher = self._ciphers.get(bytes(sealed[:_KEY_ID_BYTES]))
        if cipher is None:
            raise SealBroken("sealed with an unknown key")
        nonce = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_KEY_ID_BYTES + _NONCE_BYTES :], f"{table}.{column}|{row}".encode())
        except Exception as error:  # cryptography raises InvalidTag and ValueError by the kind of damage
            raise SealBroken("changed, or standing in another cell") from error

    def digest(self, purpose: str, value: str) -> bytes:
        """A keyed 16-byte hash: equal values give equal digests, and nobody without the key can make one."""
        return self._digest(self._digest_keys[0], purpose, value)

    def digests(self, purpose: str, value: str) -> tuple[bytes, ...]:
        """The digest under every active key, for look-ups while keys are rotated."""
        return tuple(self._digest(key, purpose, value) for key in self._digest_keys)

    def token(self, purpose: str, value: str) -> str:
        """A printable proof that we said ``value``: for links and cookies."""
        return self.digest(f"token/{purpose}", value).hex()

    def is_token(self, purpose: str, value: str, token: str) -> bool:
        """Whether a token is ours, compared in constant time; any text is a safe argument."""
        given = token.encode(errors="replace")
        return any(
            hmac.compare_digest(digest.hex().encode(), given) for digest in self.digests(f"token/{purpose}", value)
        )

    @staticmethod
    def _digest(key: bytes, purpose: str, value: str) -> bytes:
        return hmac.new(key, f"{purpose}|{value}".encode(), hashlib.sha256).digest()[:_DIGEST_BYTES]
