"""Signs webhook bodies: `Stripe-Signature: t=<time>,v1=<hmac>[,v1=...],v0=<decoy>`.

Source: Stripe docs, webhook signatures. The whole secret, prefix included, is the key; what is signed is the time, a
dot and the raw body.
"""

import hashlib
import hmac
from collections.abc import Sequence


def sign(body: bytes, secret: str, at: int) -> str:
    """The hex HMAC-SHA256 of one secret."""
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def signature_header(body: bytes, secrets: Sequence[str], at: int, *, spoiled: bool = False) -> str:
    """The header with one v1 per secret and the v0 decoy of test events; `spoiled` makes every v1 wrong."""
    signed = body + b" " if spoiled else body
    parts = [
        f"t={at}",
        *(f"v1={sign(signed, secret, at)}" for secret in secrets),
        f"v0={sign(b'v0' + body, secrets[0], at)}",
    ]
    return ",".join(parts)
