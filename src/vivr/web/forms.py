"""Forms of pages: read strictly, and guarded by a token that belongs to the session."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from vivr.errors import Forbidden, VivrError
from vivr.web.sessions import session_of
from vivr.web.visit import Visit

FORM_TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 300
_PURPOSE: Final = "form"


async def read_form(request: Request) -> dict[str, str]:
    """A form's fields; the last value of a name wins.

    Raises:
        VivrError: ``form_malformed``: another content type, no UTF-8, a character that no text has, or too many fields.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise VivrError("form_malformed")
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:
        raise VivrError("form_malformed") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise VivrError("form_malformed")
    return dict(pairs)


def form_token(visit: Visit) -> str:
    """The token that a form of this session carries; empty without a session, where the Origin check stands alone."""
    return visit.shop.seals.token(_PURPOSE, visit.session.id) if visit.session else ""


async def check_form_token(visit: Visit, form: dict[str, str]) -> None:
    """Hold a form of the back office to its session.

    Raises:
        Forbidden: ``form_expired``.
    """
    session = await session_of(visit)
    given = form.get(FORM_TOKEN_FIELD, "")
    if session is None or not visit.shop.seals.is_token(_PURPOSE, session.id, given):
        raise Forbidden("form_expired")
