"""The connection to Stripe: one ``send`` for all writes, one verb for each read.

The official SDK carries a call (encoding, connections, errors); its raw request is used because a stored document has
to reach the wire unchanged, whatever its kind. Turns, deadlines, repeats and the breaker are ``traffic``'s.
"""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar, cast

import msgspec
import stripe
import structlog
from stripe import HTTPXClient, StripeClient

from vivr.database import refuse_inside_transaction
from vivr.stripe_gateway import metrics
from vivr.stripe_gateway.answers import (
    Answer,
    Done,
    Failed,
    StripeMisconfigured,
    StripeNotAsked,
    StripeObjectMissing,
    StripeUnavailable,
    Unknown,
)
from vivr.stripe_gateway.breaker import BreakerState
from vivr.stripe_gateway.objects import (
    Account,
    BalanceTransaction,
    Charge,
    FraudWarning,
    PaymentIntent,
    Payout,
    Review,
    Session,
    StripeCustomer,
    StripeDispute,
    StripeRefund,
    UploadedFile,
    WebhookEndpoint,
)
from vivr.stripe_gateway.permissions import Permission
from vivr.stripe_gateway.requests import API_VERSION, Parameter, StripeFile, StripeRequest
from vivr.stripe_gateway.retries import is_replay, may_have_happened
from vivr.stripe_gateway.traffic import TRY_S, CallFailed, Traffic
from vivr.stripe_gateway.turns import Turns, endpoint_of

# Telemetry writes a file into the user's configuration folder and tells of the platform; neither is ours to give.
stripe.enable_telemetry = False

_log: Final = structlog.stdlib.get_logger("vivr.stripe")
_PAGES_MAX: Final = 10_000
"""A million objects: a list that goes on longer goes round in circles."""

_INTENT_EXPANSION: Final[Parameter] = ["latest_charge"]
_SESSION_EXPANSION: Final[Parameter] = ["payment_intent.latest_charge"]
_SOURCE: Final[Parameter] = ["data.source"]

StripeObject = TypeVar("StripeObject", bound=msgspec.Struct)


class _RawRequest(Protocol):
    """The SDK's raw request, which it leaves untyped."""

    async def __call__(self, method: str, path: str, **parameters: Any) -> stripe.StripeResponse: ...


class Stripe:
    """Stripe under one secret key and one pinned API version.

    Args:
        secret_key: ``sk_test_…``, ``rk_test_…`` or a live one.
        api_base: another address than Stripe's own (the sandbox), without a trailing slash.
        max_retries: how often a call whose answer did not come is repeated at once, under the same key.
        timeout_s: patience for one try.
        turns: keeps Stripe's limits; none are kept without it.
        on_key_refused: told when our key may not make a call: a problem of the shop's that no caller is shown.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        api_base: str | None = None,
        max_retries: int = 2,
        timeout_s: float = TRY_S,
        turns: Turns | None = None,
        on_key_refused: Callable[[str], None] | None = None,
    ) -> None:
        self._http: HTTPXClient = HTTPXClient(timeout=timeout_s)
        self._traffic: Traffic = Traffic(turns or Turns(None), repeats_max=max_retries, try_s=timeout_s)
        self._on_key_refused: Callable[[str], None] | None = on_key_refused
        self._client: StripeClient = StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base, "files": api_base} if api_base else {},
            max_network_retries=0,
            http_client=self._http,
        )
        # The SDK leaves the types of its raw request open.
        self._raw: _RawRequest = cast("_RawRequest", self._client.raw_request_async)  # pyright: ignore[reportUnknownMemberType]
        self.livemode: bool = "_live_" in secret_key
        self.is_restricted: bool = secret_key.startswith("rk_")
        self._account_id: str | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()

    @property
    def breaker_state(self) -> BreakerState:
        """Whether calls go through."""
        return self._traffic.breaker_state

    def refuse_while_away(self) -> None:
        """Begin nothing that needs Stripe while the breaker is open.

        Raises:
            StripeNotAsked: with the time after which a call may go.
        """
        self._traffic.refuse_while_open()

    async def send(self, request: StripeRequest, *, idempotency_key: str) -> Answer:
        """Send one write; the same document under the same key may be sent again.

        Raises:
            TransactionOpenError: a transaction is open in this task.
        """
        refuse_inside_transaction(f"POST {request.path}")
        parameters = cast("dict[str, Any]", request.parameters) | {"idempotency_key": idempotency_key}
        try:
            response = await self._call("post", request.path, parameters, request.file)
        except StripeNotAsked as refused:
            return Unknown(refused.reason, retry_after_s=refused.retry_after_s, was_sent=False)
        except CallFailed as failed:
            answer = _answer_of(failed.errors[-1])
            if isinstance(answer, Failed) and answer.kind == "misconfigured":
                self._note_refused_key(endpoint_of("post", request.path), answer.code)
                if any(may_have_happened(error) for error in failed.errors[:-1]):
                    # A key that was revoked between two tries says nothing of the first.
                    return Unknown("misconfigured", answer.stripe_request_id)
            return answer
        return Done(cast("dict[str, object]", response.data), response.request_id)

    async def read_account(self) -> Account:
        """The account that the key belongs to."""
        return await self._read("/v1/account", Account)

    async def check(self) -> tuple[Account, str]:
        """The account, and what time Stripe said that it is (the header ``Date``; empty without one)."""
        response = await self._answer("/v1/account", {})
        return msgspec.convert(response.data, Account), response.headers.get("date", "")

    async def lacks(self, permission: Permission) -> bool:
        """Whether the key may not do this; nothing is made by asking.

        Raises:
            StripeMisconfigured: the key is no key.
            StripeUnavailable: Stripe could not be asked.
        """
        refuse_inside_transaction(f"{permission.method} {permission.path}")
        try:
            await self._call(permission.method, permission.path, cast("dict[str, Any]", permission.parameters))
        except CallFailed as failed:
            match failed.errors[-1]:
                case stripe.PermissionError():
                    return True
                case stripe.RateLimitError():
                    raise StripeUnavailable("rate_limit") from failed
                case stripe.InvalidRequestError():
                    return False
                case stripe.AuthenticationError() as error:
                    raise StripeMisconfigured(str(error.user_message)) from failed
                case error:
                    raise StripeUnavailable(type(error).__name__) from failed
        return False

    async def list_endpoints(self) -> list[WebhookEndpoint]:
        """All webhook endpoints of the account."""
        return await self._list("/v1/webhook_endpoints", WebhookEndpoint)

    async def account_id(self) -> str:
        """The id of the account that the key belongs to, asked once."""
        if self._account_id is None:
            self._account_id = (await self.read_account()).id
        return self._account_id

    async def read_customer(self, customer_id: str) -> StripeCustomer:
        """One customer, deleted or not."""
        return await self._read(f"/v1/customers/{customer_id}", StripeCustomer)

    async def read_session(self, session_id: str) -> Session:
        """One Checkout Session with its PaymentIntent and latest charge."""
        return await self._read(f"/v1/checkout/sessions/{session_id}", Session, expand=_SESSION_EXPANSION)

    async def read_intent(self, intent_id: str) -> PaymentIntent:
        """One PaymentIntent with its latest charge."""
        return await self._read(f"/v1/payment_intents/{intent_id}", PaymentIntent, expand=_INTENT_EXPANSION)

    async def read_charge(self, charge_id: str) -> Charge:
        """One charge."""
        return await self._read(f"/v1/charges/{charge_id}", Charge)

    async def read_refund(self, refund_id: str) -> StripeRefund:
        """One refund."""
        return await self._read(f"/v1/refunds/{refund_id}", StripeRefund)

    async def read_dispute(self, dispute_id: str) -> StripeDispute:
        """One dispute."""
        return await self._read(f"/v1/disputes/{dispute_id}", StripeDispute)

    async def list_disputes(self, intent_id: str) -> list[StripeDispute]:
        """All disputes of a PaymentIntent, newest first."""
        return await self._list("/v1/disputes", StripeDispute, payment_intent=intent_id)

    async def list_evidence_files(self, created_from: int) -> list[UploadedFile]:
        """The files for disputes that were uploaded since a Unix time, newest first."""
        return await self._list("/v1/files", UploadedFile, purpose="dispute_evidence", created={"gte": created_from})

    async def read_warning(self, warning_id: str) -> FraudWarning:
        """One early fraud warning."""
        return await self._read(f"/v1/radar/early_fraud_warnings/{warning_id}", FraudWarning)

    async def read_review(self, review_id: str) -> Review:
        """One review."""
        return await self._read(f"/v1/reviews/{review_id}", Review)

    async def list_refunds(self, intent_id: str) -> list[StripeRefund]:
        """All refunds of a PaymentIntent, newest first. A list is read-after-write, unlike search."""
        return await self._list("/v1/refunds", StripeRefund, payment_intent=intent_id)

    async def list_sessions(self, customer_id: str) -> list[Session]:
        """All Checkout Sessions of a customer, newest first. A list is read-after-write, unlike search."""
        return await self._list("/v1/checkout/sessions", Session, customer=customer_id)

    async def list_intents(self, customer_id: str) -> list[PaymentIntent]:
        """All PaymentIntents of a customer, newest first. A list is read-after-write, unlike search."""
        return await self._list("/v1/payment_intents", PaymentIntent, customer=customer_id)

    async def list_customers(self, created_from: int) -> list[StripeCustomer]:
        """Customers made since a Unix time, newest first."""
        return await self._list("/v1/customers", StripeCustomer, created={"gte": created_from})

    async def read_payout(self, payout_id: str) -> Payout:
        """One payout."""
        return await self._read(f"/v1/payouts/{payout_id}", Payout)

    async def list_balance_of_source(self, source_id: str) -> list[BalanceTransaction]:
        """What a charge, refund or payout moved in the balance, newest first."""
        return await self._list("/v1/balance_transactions", BalanceTransaction, source=source_id, expand=_SOURCE)

    async def list_balance_of_payout(self, payout_id: str) -> list[BalanceTransaction]:
        """What an automatic payout consists of, itself included; only once it is reconciled."""
        return await self._list("/v1/balance_transactions", BalanceTransaction, payout=payout_id, expand=_SOURCE)

    async def list_balance_since(self, created_from: int) -> list[BalanceTransaction]:
        """All movements of the balance since a Unix time, newest first. A list is read-after-write."""
        return await self._list(
            "/v1/balance_transactions", BalanceTransaction, created={"gte": created_from}, expand=_SOURCE
        )

    def list_event_pages(self, types: Sequence[str], created_from: int) -> AsyncIterator[list[dict[str, object]]]:
        """Events of at most 20 types made since a Unix time, newest first, in pages, as Stripe says them."""
        return self._pages("/v1/events", types=list(types), created={"gte": created_from})

    async def _list(self, path: str, kind: type[StripeObject], **filters: Parameter) -> list[StripeObject]:
        return [msgspec.convert(item, kind) async for page in self._pages(path, **filters) for item in page]

    async def _pages(self, path: str, **filters: Parameter) -> AsyncIterator[list[dict[str, object]]]:
        after: dict[str, Parameter] = {}
        for _ in range(_PAGES_MAX):
            page = await self._get(path, {"limit": 100, **filters, **after})
            items = cast("list[dict[str, object]]", page["data"])
            yield items
            if not page["has_more"] or not items:
                return
            after = {"starting_after": str(items[-1]["id"])}
        raise StripeUnavailable("list_too_long")

    async def _read(self, path: str, kind: type[StripeObject], **parameters: Parameter) -> StripeObject:
        return msgspec.convert(await self._get(path, parameters), kind)

    async def _get(self, path: str, parameters: dict[str, Parameter]) -> dict[str, object]:
        return cast("dict[str, object]", (await self._answer(path, parameters)).data)

    async def _answer(self, path: str, parameters: dict[str, Parameter]) -> stripe.StripeResponse:
        refuse_inside_transaction(f"GET {path}")
        try:
            return await self._call("get", path, parameters)
        except CallFailed as failed:
            error = failed.errors[-1]
            match error:
                case stripe.InvalidRequestError(http_status=404):
                    raise StripeObjectMissing("stripe_object_missing", path=path) from error
                case stripe.RateLimitError():
                    raise StripeUnavailable("rate_limit") from error
                case stripe.InvalidRequestError() | stripe.AuthenticationError() | stripe.PermissionError():
                    self._note_refused_key(endpoint_of("get", path), type(error).__name__)
                    raise StripeMisconfigured(str(error.user_message)) from error
                case _:
                    raise StripeUnavailable(type(error).__name__) from error

    async def _call(
        self, method: str, path: str, parameters: dict[str, Any], file: StripeFile | None = None
    ) -> stripe.StripeResponse:
        def send() -> Awaitable[stripe.StripeResponse]:
            carried = _upload_of(file) if file else {}
            return self._raw(method, path, **parameters, **carried, stripe_version=API_VERSION)

        return await self._traffic.call(method, path, send)

    def _note_refused_key(self, endpoint: str, code: str) -> None:
        metrics.KEY_REFUSED.inc()
        _log.error("stripe.key_refused", endpoint=endpoint, code=code)
        if self._on_key_refused is not None:
            self._on_key_refused(code)


class _NamedFile(io.BytesIO):
    """What the SDK reads an upload from; each try reads it from its beginning."""

    name: str = ""


def _upload_of(file: StripeFile) -> dict[str, Any]:
    """Files go to an address of their own, as parts of a form (Stripe API reference, create a file)."""
    opened = _NamedFile(file.content)
    opened.name = file.name
    return {"file": opened, "base": "files", "content_type": "multipart/form-data"}


def _answer_of(error: stripe.StripeError) -> Answer:  # noqa: PLR0911 - one line for each kind of error
    """What a failed call tells of the write (Stripe docs, low-level error handling and idempotent requests)."""
    details = error.error
    code = str((details and (details.code or details.type)) or type(error).__name__)
    message = str(error.user_message or "")
    request_id = error.request_id
    match error:
        case stripe.RateLimitError():
            # This try was refused at the door, but an earlier one may have passed: repeat under the key.
            return Unknown("rate_limit", request_id)
        case stripe.IdempotencyError():
            # The key was used with other bytes. Whether ours happened is for a read to tell; never a new key.
            return Unknown("idempotency_error", request_id)
        case stripe.CardError():
            decline_code = str((details and details.decline_code) or code)
            return Failed("declined", decline_code, message, request_id)
        case stripe.InvalidRequestError():
            return Failed("refused", code, message, request_id)
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Failed("misconfigured", code, message, request_id)
        case stripe.APIConnectionError():
            return Unknown("no_answer", request_id)
        case _:
            # 5xx, and 409 while the first request with this key still runs. A stored 5xx is replayed for ever.
            return Unknown(f"status_{error.http_status}{'_replayed' if is_replay(error) else ''}", request_id)
