"""Who acts, and under which request: handed to every use case, so that history, audit and operations can say it."""

from dataclasses import dataclass
from typing import Final

from vivr.ids import OriginId, RequestId


@dataclass(frozen=True, slots=True)
class Caller:
    """One acting party within one request or one run of a background step.

    Attributes:
        actor: the principal: ``guest:<session>``, ``customer:<person>``, ``staff:<person>`` or ``system:<part>``.
        role: ``guest``, ``customer``, ``system``, or the staff member's role.
        request_id: the id that reaches logs, audit, operations and the error page.
        origin_id: where the request came from, if it came from outside.
        origin_digest: a keyed hash of that origin.
        client_digest: a keyed hash of the client's address alone, to count its declines by.
    """

    actor: str
    role: str
    request_id: RequestId
    origin_id: OriginId | None = None
    origin_digest: bytes | None = None
    client_digest: bytes | None = None


def system_caller(part: str, request_id: RequestId) -> Caller:
    """A background part of the shop, such as ``worker`` or ``webhook``."""
    return Caller(actor=f"system:{part}", role="system", request_id=request_id)


ROLES: Final = ("viewer", "support", "finance", "owner")
