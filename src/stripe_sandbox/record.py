"""Writes down every answer of the API and every delivered event, one line of JSON each: for people, and for judges.

`--record FILE` asks for it, or the variable `SANDBOX_RECORD` where another program starts the sandbox; `{pid}`
in the name stands for the process. A line is written whole before its answer is sent; a process that is killed may
leave the last one half-written. Headers are left out but for the version, and keys, secrets and numbers of cards and
accounts are blotted out.
"""

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stripe_sandbox.api import ApiAnswer, ApiRequest
from stripe_sandbox.routes import find_route

_KEYS = re.compile(r"\b((?:sk|rk)_(?:test|live)_|whsec_)\w+")
_NUMBERS = re.compile(r"((?:\[|%5B)(?:number|cvc|iban|account_number)(?:\]|%5D)=)[^&]*", re.IGNORECASE)
_BLOT = r"\1..."


@dataclass(frozen=True)
class Record:
    """Where to write; `name` None writes nothing."""

    name: str | None

    def keep_answer(self, request: ApiRequest, answer: ApiAnswer) -> None:
        """One call: `method`, `path`, `query`, `version`, `type`, `request` as they came; `route`, `status`, `answer`.

        `status` is 0 and `answer` null where a fault cut the connection; an upload's `request` is left empty.
        """
        if self.name is None:
            return
        route = find_route(request.method, request.path)
        kind = request.headers.get("content-type", "")
        body = "" if kind.startswith("multipart/") else request.body.decode("utf-8", "replace")
        self._write(
            {
                "method": request.method,
                "path": _KEYS.sub(_BLOT, request.path),
                "query": _blotted(request.query),
                "version": request.headers.get("stripe-version"),
                "type": kind,
                "request": _blotted(body),
                "route": route[0].name if route else None,
                "status": answer.status,
                "answer": None if answer.hang_up else _read(_KEYS.sub(_BLOT, answer.body)),
            }
        )

    def keep_delivery(self, url: str, body: bytes, status: int | None) -> None:
        """One attempt to deliver: `url`, `status` (null: no answer came) and `event`."""
        if self.name is not None:
            self._write({"url": url, "status": status, "event": _read(_KEYS.sub(_BLOT, body.decode()))})

    def _write(self, line: dict[str, Any]) -> None:
        """Appends in one piece, so that lines of several threads don't mix."""
        text = json.dumps({"at": round(time.time(), 3), **line}, ensure_ascii=False, separators=(",", ":")) + "\n"
        with Path(str(self.name).replace("{pid}", str(os.getpid()))).open("ab", buffering=0) as file:
            file.write(text.encode("utf-8", "replace"))


def _blotted(form: str) -> str:
    return _NUMBERS.sub(_BLOT, _KEYS.sub(_BLOT, form))


def _read(body: str) -> Any:
    """The document; what is no JSON stays text."""
    try:
        return json.loads(body)
    except ValueError:
        return body
