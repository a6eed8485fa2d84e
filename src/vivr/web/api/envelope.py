"""The envelope of every JSON answer, and how a JSON body is read: exactly, or not at all."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Final, Generic, Literal, NoReturn, TypeVar

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response

from vivr.errors import VivrError

T = TypeVar("T")


class Json(BaseModel):
    """Base of every shape on the wire: camelCase names, no coercion, unknown fields left aside."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, strict=True, frozen=True
    )


class Success(Json, Generic[T]):
    """What a success looks like."""

    success: Literal[True] = True
    data: T


class Failure(Json):
    """What a failure looks like; ``fields`` maps dotted paths to codes when ``code`` is ``validation_failed``."""

    success: Literal[False] = False
    error: str = Field(description="A sentence in the caller's language.")
    code: str = Field(description="A stable snake_case word.")
    request_id: str
    fields: dict[str, str] | None = None
    details: dict[str, Any] | None = Field(None, description="What a client can act on, such as today's price.")


ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Failure, "description": "Refused; nothing changed."},
    "5XX": {"model": Failure, "description": "Not answered now; repeat after Retry-After, with the same key."},
}


class JsonRoute(APIRoute):
    """A route whose JSON body is read by ``read_json`` and by nothing else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand FastAPI's handler, which reads the body through ``Request.json``, a request that reads exactly."""
        handle = super().get_route_handler()

        async def handle_exact_json(request: Request) -> Response:
            exact = ExactRequest(request.scope, request.receive)
            if await exact.body() and not _is_json(request.headers.get("content-type", "")):
                raise VivrError("unsupported_media_type")
            return await handle(exact)

        return handle_exact_json


class ExactRequest(Request):
    """A request whose JSON is read exactly."""

    async def json(self) -> Any:
        """The body by ``read_json``."""
        return read_json(await self.body())


def read_json(body: bytes) -> object:
    """Read JSON exactly: UTF-8 alone, no name twice in an object, no NaN, no half of a surrogate pair.

    Decimals keep the digits that came.

    Raises:
        VivrError: ``malformed``.
    """
    try:
        found: object = json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
        if b"\\u" in body:
            # An escape may spell a character that no text has, and that no database takes.
            json.dumps(found, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError):
        raise VivrError("malformed") from None
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("JSON has no such number")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of one body must not see two different orders.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
