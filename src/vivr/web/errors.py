"""Errors as answers: the JSON envelope for the API, a page for people; never a stack trace.

Whatever a handler raises comes here once. JSON is answered under ``/api`` and at the operations' addresses, and pages
everywhere else, by the page that the storefront hands in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Protocol, cast

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from vivr.errors import InvalidInput, Unavailable, VivrError
from vivr.money import Money, format_money
from vivr.translate import translator
from vivr.web.error_table import FIELDS, status_and_sentence
from vivr.web.visit import Visit, visit_of


@dataclass(frozen=True, slots=True)
class ShownError:
    """An error as a client sees it.

    Attributes:
        status: the HTTP status.
        code: the stable word that clients may test.
        sentence: what it says, in the reader's language.
        request_id: what to quote when asking for help.
        fields: dotted path -> code, for ``validation_failed``.
        retry_after_s: when a repeat makes sense, if the error is about that.
    """

    status: int
    code: str
    sentence: str
    request_id: str
    fields: Mapping[str, str]
    retry_after_s: int | None = None

    def headers(self) -> dict[str, str]:
        """The headers that belong to it."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}

    def body(self) -> dict[str, Any]:
        """The JSON envelope."""
        fields = {"fields": dict(self.fields)} if self.fields else {}
        return {
            "success": False,
            "error": self.sentence,
            "code": self.code,
            "requestId": self.request_id,
        } | fields


class RenderError(Protocol):
    """How the storefront shows an error as a page."""

    async def __call__(self, request: Request, error: ShownError) -> Response:
        """Make the page; its status is the error's."""
        ...


class InternalError(VivrError):
    """A bug of ours: what happened stands in the log under the request's id."""

    def __init__(self) -> None:
        super().__init__("internal_error")


_log: Final = structlog.stdlib.get_logger("vivr.web")
_HTTP_CODES: Final = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
_IN_FLIGHT_RETRY_S: Final = 2


def show_error(visit: Visit, error: VivrError) -> ShownError:
    """An error in the visit's language."""
    status, msgid = status_and_sentence(error)
    # The one status that names no cause, and no time either: a repeat may not help.
    is_ours = status == 500  # noqa: PLR2004 - HTTP's own word
    retry_after_s = None if is_ours else _retry_after_s(error)
    code = "internal_error" if is_ours else error.code
    return ShownError(
        status=status,
        code=code,
        sentence=sentence(msgid, visit.locale, error.details),
        request_id=visit.request_id,
        fields=_fields_of(error),
        retry_after_s=retry_after_s,
    )


def sentence(msgid: str, locale: str, details: Mapping[str, object] | None = None) -> str:
    """A sentence in a language, with the details that it names."""
    shown = {name: _shown(value, locale) for name, value in (details or {}).items()}
    return translator(locale).gettext(msgid).format_map(_Gaps(shown))


def field_sentence(code: str, locale: str) -> str:
    """What the code of a field's rule says."""
    return sentence(FIELDS.get(code, FIELDS["invalid"]), locale)


def as_vivr_error(error: Exception) -> VivrError:
    """Any exception of a handler as an error of ours."""
    if isinstance(error, VivrError):
        return error
    if isinstance(error, RequestValidationError):
        return _of_validation(error.errors())
    if isinstance(error, HTTPException):
        return _of_status(error.status_code)
    return InternalError()


async def render_error(request: Request, error: Exception, page: RenderError | None) -> Response:
    """The answer for whatever a handler raised."""
    visit = visit_of(request)
    shown = show_error(visit, as_vivr_error(error))
    if visit.wants_json or page is None:
        response: Response = JSONResponse(failure_body(shown, error), shown.status, shown.headers())
    else:
        response = await _page_of(request, shown, page)
    if isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


async def _page_of(request: Request, shown: ShownError, page: RenderError) -> Response:
    try:
        response = await page(request, shown)
    except Exception as second:  # noqa: BLE001 - whatever fails here must not hide the first error
        _log.error("error_page.failed", exc_info=second)
        response = await plain_error_page(request, shown)
    response.headers.update(shown.headers())
    return response


async def plain_error_page(request: Request, error: ShownError) -> Response:
    """A page without any template: for the case that the real one fails."""
    body = (
        f'<!doctype html><html lang="{visit_of(request).locale}"><meta charset="utf-8"><title>{error.status}</title>'
        f"<h1>{error.status}</h1><p>{escape(error.sentence)}</p><p>{error.request_id}</p></html>"
    )
    return HTMLResponse(body, error.status)


def failure_body(shown: ShownError, error: Exception) -> dict[str, Any]:
    """The JSON envelope of an error, with what a client can act on: today's price, or how many are left."""
    details: dict[str, Any] = {}
    for name, value in (error.details if isinstance(error, VivrError) else {}).items():
        if isinstance(value, Money):
            details[name] = {"amount": value.amount_minor, "currency": value.currency}
        elif name in {"product", "available"}:
            details["productId" if name == "product" else name] = value
    return shown.body() | ({"details": details} if details else {})


def _of_validation(problems: Sequence[Any]) -> VivrError:
    if any(problem["type"] == "json_invalid" or tuple(problem["loc"]) == ("body",) for problem in problems):
        return VivrError("malformed")
    return InvalidInput({_path(problem["loc"]): _rule(problem) for problem in problems})


def _path(location: Sequence[str | int]) -> str:
    # The first part says where (body, query), a tag in capitals which of several shapes was meant.
    return ".".join(str(part) for part in location[1:] if not (isinstance(part, str) and part.startswith("As")))


_RULES: Final = {
    "missing": "required",
    "string_too_long": "too_long",
    "string_too_short": "required",
    "too_short": "required",
    "int_type": "whole_number_expected",
    "int_parsing": "whole_number_expected",
    "int_from_float": "whole_number_expected",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
}


def _rule(problem: Mapping[str, Any]) -> str:
    kind = str(problem["type"])
    if kind in FIELDS:
        return kind
    return _RULES.get(kind, "wrong_type" if kind.endswith("_type") else "invalid")


def _of_status(status: int) -> VivrError:
    # From 500 on a status is our own fault (RFC 9110, section 15).
    return VivrError(_HTTP_CODES.get(status, "internal_error" if status >= 500 else "malformed"))  # noqa: PLR2004


def _fields_of(error: VivrError) -> Mapping[str, str]:
    if isinstance(error, InvalidInput):
        return error.fields
    differing = error.details.get("fields")
    return dict.fromkeys(cast("tuple[str, ...]", differing), "differs") if isinstance(differing, tuple) else {}


def _retry_after_s(error: VivrError) -> int | None:
    if isinstance(error, Unavailable):
        return error.retry_after_s
    given = error.details.get("retry_after_s")
    if isinstance(given, int):
        return given
    return _IN_FLIGHT_RETRY_S if error.code == "request_in_flight" else None


def _shown(value: object, locale: str) -> str:
    return format_money(value, locale) if isinstance(value, Money) else str(value)


class _Gaps(dict[str, str]):
    """A detail that an error did not bring leaves a gap instead of another error."""

    def __missing__(self, key: str) -> str:
        return "…"
