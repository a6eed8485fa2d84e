"""One API call from its key to its answer: account, faults, idempotency, validation, execution, rendering.

Everything from the look-up of the idempotency key to the storing of the answer is one transaction without an `await`,
so that calls never interleave; only armed faults wait, and while they do the key is in use (409).
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from stripe_sandbox import faults
from stripe_sandbox.call import Call
from stripe_sandbox.door import Door
from stripe_sandbox.ids import request_id
from stripe_sandbox.keys import Gate, secret_key
from stripe_sandbox.permissions import check_permission
from stripe_sandbox.request_log import LoggedCall, RequestLog
from stripe_sandbox.resources.included import included
from stripe_sandbox.routes import Route, find_route
from stripe_sandbox.scenarios.steps import notice
from stripe_sandbox.state.expiry import Limits, forget_expired
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Cause, Doc, Work, open_work, public
from stripe_sandbox.timers import run_due
from stripe_sandbox.versions import check_version
from stripe_sandbox.wire.errors import StripeError, invalid, key_in_use, rate_limited, server_error
from stripe_sandbox.wire.expansion import ANY_KIND, expand
from stripe_sandbox.wire.forms import Decoded, decode_form
from stripe_sandbox.wire.idempotency import KeyedRequest, StoredAnswer, find_answer, keep_answer, keyed_request
from stripe_sandbox.wire.multipart import KIND as MULTIPART
from stripe_sandbox.wire.multipart import decode_multipart


@dataclass(frozen=True)
class ApiRequest:
    """One call as it came, header names in lower case."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]
    base_url: str

    @property
    def place(self) -> str:
        """How faults name it, such as `POST /v1/refunds`."""
        return f"{self.method} {self.path}"

    @property
    def key(self) -> str | None:
        """Its idempotency key, which only POST has."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None


@dataclass
class ApiAnswer:
    """What goes back; `hang_up` means that the connection is cut instead, `truncated` that it is cut halfway."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    hang_up: bool = False
    truncated: bool = False
    faults: tuple[str, ...] = ()


Witness = Callable[[ApiRequest, ApiAnswer], None]
"""Sees every call with its answer before it is sent."""


@dataclass(frozen=True)
class Exchange:
    """One call on its way: who calls, what, and the `Request-Id` of the answer."""

    account: Account
    request: ApiRequest
    route: Route | None
    path: dict[str, str]
    mark: str


class Api:
    """Answers API calls; one per process."""

    def __init__(self, store: Store, gate: Gate, door: Door, witness: Witness, limits: Limits) -> None:
        self.store = store
        self.limits = limits
        self.log = RequestLog()
        self.gate = gate
        self.door = door
        self.witness = witness
        self._in_flight: set[tuple[str, str]] = set()
        self._calls = 0
        self._full: set[str] = set()

    async def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answers one call, with the faults that were armed for it."""
        answer = await self._answer(request)
        self.witness(request, answer)
        return answer

    async def _answer(self, request: ApiRequest) -> ApiAnswer:
        try:
            key = secret_key(request.headers)
            account = self.gate.enter(key)
        except StripeError as error:
            return _render_error(request, error, "req_unauthorized")
        run_due(self.store, account)
        begun = perf_counter()
        answer = await self._answer_account(account, key, request)
        self.log.add(account.id, self._logged(account, request, answer, perf_counter() - begun))
        return answer

    async def _answer_account(self, account: Account, key: str, request: ApiRequest) -> ApiAnswer:
        exchange = self._admit(account, request)
        if exchange is None:
            return ApiAnswer(0, "", hang_up=True, faults=(faults.REFUSE,))
        if exchange.route is not None:
            try:
                check_permission(self.store, account, key, request.method, exchange.route.pattern)
            except StripeError as error:
                return _render_error(request, error, exchange.mark)
        if account.id in self._full and request.method == "POST":
            return _render_error(request, _full_account(self.limits), exchange.mark)
        if request.key is None:
            return await self._answer_with_faults(exchange)
        slot = (account.id, request.key)
        if slot in self._in_flight:
            return _render_error(request, key_in_use(request.key), exchange.mark)
        self._in_flight.add(slot)
        try:
            return await self._answer_with_faults(exchange)
        finally:
            self._in_flight.discard(slot)

    def _logged(self, account: Account, request: ApiRequest, answer: ApiAnswer, duration_s: float) -> LoggedCall:
        return LoggedCall(
            at=account.time.at(self.store.clock.now()),
            method=request.method,
            path=request.path,
            status=0 if answer.truncated else answer.status,
            duration_ms=round(duration_s * 1000, 1),
            request=answer.headers.get("Request-Id"),
            idempotency_key=request.key,
            replayed="Idempotent-Replayed" in answer.headers,
            faults=answer.faults,
        )

    def forget(self, account: Account) -> None:
        """Forgets what is known of an account that is no more."""
        self.log.forget(account.id)
        self._full.discard(account.id)

    def _look_at_limits(self, work: Work) -> None:
        """Now and then lets the account forget what is over, and sees whether it is full."""
        self._calls += 1
        if self._calls % self.limits.look_every == 0:
            full = forget_expired(work, self.limits)
            (self._full.add if full else self._full.discard)(work.account.id)

    def _admit(self, account: Account, request: ApiRequest) -> Exchange | None:
        """Finds the route, counts the call and names it; None when nobody answers it."""
        found = find_route(request.method, request.path)
        name = found[0].name if found else f"{request.method} (no such route)"
        with open_work(self.store, account) as work:
            self._look_at_limits(work)
            closed_s = faults.take_closing(work)
            if closed_s:
                self.door.shut(closed_s)
            if self.door.is_shut or faults.take_faults(work, (faults.REFUSE,), "route", request.place):
                return None
            noticed = notice(work, "at_route", request.place)
            work.tx.execute(
                "INSERT INTO tally (account, route, requests) VALUES (?, ?, 1) "
                "ON CONFLICT (account, route) DO UPDATE SET requests = requests + 1",
                (account.id, name),
            )
            mark = request_id(account.seed, work.next_number())
        if noticed:
            # What a scenario does at this call is done before it.
            run_due(self.store, account)
        return Exchange(account, request, *(found or (None, {})), mark)

    async def _answer_with_faults(self, exchange: Exchange) -> ApiAnswer:
        with open_work(self.store, exchange.account) as work:
            armed = faults.take_faults(work, faults.API_FAULTS, "route", exchange.request.place)
        answer = await self._suffer(exchange, armed)
        answer.faults = tuple(armed)
        return answer

    async def _suffer(self, exchange: Exchange, armed: Mapping[str, Doc]) -> ApiAnswer:
        """The call with what was armed for it."""
        request = exchange.request
        if faults.SLOW in armed:
            await asyncio.sleep(armed[faults.SLOW]["ms"] / 1000)
        if faults.RESET in armed:
            return ApiAnswer(0, "", hang_up=True)
        if faults.RATE_LIMIT in armed:
            answer = _render_error(request, rate_limited(armed[faults.RATE_LIMIT]["reason"]), exchange.mark)
            return _with_advice(answer, armed[faults.RATE_LIMIT])
        if faults.ERROR_BEFORE in armed:
            return self._fail(exchange, armed[faults.ERROR_BEFORE], stored=False)
        answer = self._execute(exchange)
        if faults.ERROR_AFTER in armed:
            return self._fail(exchange, armed[faults.ERROR_AFTER], stored=True)
        answer.truncated = faults.TRUNCATE in armed
        return ApiAnswer(0, "", hang_up=True) if faults.LOSE_ANSWER in armed else answer

    def _fail(self, exchange: Exchange, fault: Doc, *, stored: bool) -> ApiAnswer:
        """Answers 500; kept under the idempotency key if the fault says so, else by whether the call had its effect."""
        answer = _render_error(exchange.request, server_error(), exchange.mark)
        _with_advice(answer, fault)
        keyed = _keyed(exchange.request, _decode(exchange.request))
        if keyed is not None and (stored if fault["stored"] is None else fault["stored"]):
            with open_work(self.store, exchange.account) as work:
                keep_answer(work, keyed, StoredAnswer(exchange.mark, 500, answer.body))
        return answer

    def _execute(self, exchange: Exchange) -> ApiAnswer:
        """Replays a stored answer or runs the route, in one transaction; a refusal after it began is stored as well."""
        request, keyed = exchange.request, None
        try:
            version = check_version(request.headers.get("stripe-version"))
            decoded = _decode(request)
            keyed = _keyed(request, decoded)
            with open_work(self.store, exchange.account, Cause(exchange.mark, request.key)) as work:
                return _replay_or_run(work, exchange, decoded, version, keyed)
        except StripeError as error:
            answer = _render_error(request, error, exchange.mark)
            if error.began and keyed is not None:
                with open_work(self.store, exchange.account) as work:
                    keep_answer(work, keyed, StoredAnswer(exchange.mark, answer.status, answer.body))
            return answer


def _full_account(limits: Limits) -> StripeError:
    message = (
        f"This account holds {limits.objects} objects, which is all that this sandbox keeps. Forget it by DELETE "
        "/_sandbox/account, or take another key."
    )
    return invalid(message, code="sandbox_full")


def _with_advice(answer: ApiAnswer, fault: Doc) -> ApiAnswer:
    """Tells the client to repeat the call or not, where the fault says so."""
    if fault["should_retry"] is not None:
        answer.headers["Stripe-Should-Retry"] = "true" if fault["should_retry"] else "false"
    return answer


def _decode(request: ApiRequest) -> dict[str, Decoded]:
    """The parameters: a form in the body or the address, or the parts of an upload."""
    kind = request.headers.get("content-type", "")
    if request.method == "POST" and kind.startswith(MULTIPART):
        return decode_multipart(kind, request.body)
    return decode_form(request.body if request.method == "POST" else request.query or request.body)


def _replay_or_run(
    work: Work, exchange: Exchange, decoded: dict[str, Decoded], version: str, keyed: KeyedRequest | None
) -> ApiAnswer:
    request, mark = exchange.request, exchange.mark
    stored = find_answer(work, keyed) if keyed else None
    if stored is not None:
        replay = {"Idempotent-Replayed": "true", "Original-Request": stored.request}
        return ApiAnswer(stored.status, stored.body, _headers(request, mark) | replay)
    try:
        answer = ApiAnswer(200, _run(work, exchange, decoded, version), _headers(request, mark))
    except StripeError as error:
        if not error.keeps_effects:
            raise
        answer = _render_error(request, error, mark)
    if keyed is not None:
        keep_answer(work, keyed, StoredAnswer(mark, answer.status, answer.body))
    if exchange.route is not None and request.method != "GET":
        work.tx.execute(
            "UPDATE tally SET effects = effects + 1 WHERE account = ? AND route = ?",
            (work.account.id, exchange.route.name),
        )
    return answer


def _run(work: Work, exchange: Exchange, decoded: dict[str, Decoded], version: str) -> str:
    """Validates, calls the route's function and renders what it gives."""
    request, route = exchange.request, exchange.route
    if route is None:
        message = (
            f"Unrecognized request URL ({request.method}: {request.path}). "
            "Stripe has no such route, or this sandbox has not built it yet."
        )
        raise StripeError(404, invalid(message).error)
    params: dict[str, Any] = route.params.read(decoded, "", version)
    doc = route.handler(Call(work, params, exchange.path, request.base_url, version))
    paths: list[str] = params.get("expand", [])

    def find(kind: str, object_id: str) -> Doc | None:
        stored = work.find_any(object_id) if kind == ANY_KIND else work.find(kind, object_id)
        return None if stored is None else public(stored)

    def include(owner: Doc, name: str) -> object:
        return included(work, owner, name)

    return json.dumps(expand(doc, paths, find, include))


def _keyed(request: ApiRequest, decoded: dict[str, Decoded]) -> KeyedRequest | None:
    if request.key is None:
        return None
    return keyed_request(request.key, request.path, decoded)


def _headers(request: ApiRequest, mark: str) -> dict[str, str]:
    headers = {"Request-Id": mark, "Stripe-Version": request.headers.get("stripe-version") or check_version(None)}
    if request.key is not None:
        headers["Idempotency-Key"] = request.key
        headers["Original-Request"] = mark
    return headers


def _render_error(request: ApiRequest, error: StripeError, mark: str) -> ApiAnswer:
    body = error.render(f"https://dashboard.stripe.com/test/logs/{mark}")
    return ApiAnswer(error.status, json.dumps(body), _headers(request, mark) | error.headers)
