"""Forms of pages: read strictly, and guarded by a token that belongs to the session."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vivr.errors import Forbidden, VivrError
from vivr.web.sessions import session_of
from vivr.web.visit import Visit

FORM_TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_UPLOAD_TYPE: Final = "multipart/form-data"
_FIELDS_MAX: Final = 300
_UPLOAD_FIELDS_MAX: Final = 10
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


async def read_upload_form(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields of a form with one file, ``file``, and what is in the file; empty: none was chosen.

    Raises:
        VivrError: ``form_malformed``.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _UPLOAD_TYPE:
        raise VivrError("form_malformed")
    try:
        async with request.form(max_files=1, max_fields=_UPLOAD_FIELDS_MAX) as form:
            file = form.get("file")
            content = await file.read() if isinstance(file, UploadFile) else b""
            return {name: value for name, value in form.items() if isinstance(value, str)}, content
    except HTTPException:
        raise VivrError("form_malformed") from None


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
