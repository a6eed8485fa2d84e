"""Stripe's error objects, and which of them belong to an execution that idempotency keeps.

`StripeError` is the only exception that a resource raises on purpose. `began` says that the request passed validation
and began to execute, so that its answer is stored under the idempotency key; `keeps_effects` says that what was written
stays (a decline).
"""

from typing import Any

Doc = dict[str, Any]

DOCS_URL = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """One answer of the kind `{"error": {...}}`."""

    def __init__(self, status: int, error: Doc, *, began: bool = False, keeps_effects: bool = False) -> None:
        super().__init__(error.get("message", ""))
        self.status = status
        self.error = error
        self.began = began
        self.keeps_effects = keeps_effects
        self.headers: dict[str, str] = {}

    def render(self, log_url: str) -> Doc:
        """The body as sent; `log_url` is the address of the request in the (imaginary) dashboard."""
        return {"error": {**self.error, "request_log_url": log_url}}


def _error(kind: str, message: str, code: str | None, param: str | None) -> Doc:
    error: Doc = {"type": kind, "message": message}
    if code is not None:
        error["code"] = code
        error["doc_url"] = DOCS_URL + code.replace("_", "-")
    if param is not None:
        error["param"] = param
    return error


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> StripeError:
    """A parameter that fails validation: 400, nothing began."""
    return StripeError(400, _error("invalid_request_error", message, code, param))


def refused(message: str, *, code: str | None = None, param: str | None = None, **more: Any) -> StripeError:
    """A well-formed request that the object's state forbids: 400, stored under the idempotency key."""
    error = StripeError(400, _error("invalid_request_error", message, code, param), began=True)
    error.error.update(more)
    return error


def missing_object(noun: str, object_id: str, *, param: str, status: int = 404) -> StripeError:
    """An id that names nothing in this account; 404 when it stands in the path, 400 when it is a parameter."""
    message = f"No such {noun}: '{object_id}'"
    return StripeError(status, _error("invalid_request_error", message, "resource_missing", param))


def unauthorized(message: str) -> StripeError:
    """A missing or unusable API key: 401."""
    return StripeError(401, _error("invalid_request_error", message, None, None))


def not_permitted(key: str, account: str, permission: str) -> StripeError:
    """A restricted key that may not do this: 403, in words that Stripe was seen to use (stripe-node, issue 2246)."""
    message = (
        f"The provided key '{key[:8]}{'*' * 8}{key[-6:]}' does not have the required permissions for this endpoint on "
        f"account '{account}'. Having the '{permission}' permission would allow this request to continue."
    )
    return StripeError(403, _error("invalid_request_error", message, None, None))


def key_in_use(key: str) -> StripeError:
    """The first request with this idempotency key is still running: 409."""
    message = (
        f"There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later."
    )
    return StripeError(409, _error("invalid_request_error", message, "idempotency_key_in_use", None))


def key_mismatch(message: str) -> StripeError:
    """A known idempotency key with other parameters or another endpoint: 400, of a type of its own and without code."""
    return StripeError(400, _error("idempotency_error", message, None, None))


def rate_limited(reason: str | None) -> StripeError:
    """429: with a reason a true rate limit, without one a lock that another request holds."""
    if reason is None:
        message = (
            "This object cannot be accessed right now because another API request or Stripe process is currently "
            "accessing it. "
            "If you see this error intermittently, retry the request."
        )
        return StripeError(429, _error("invalid_request_error", message, "lock_timeout", None))
    message = "Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits."
    error = StripeError(429, _error("invalid_request_error", message, "rate_limit", None))
    error.headers["Stripe-Rate-Limited-Reason"] = reason
    return error


def server_error() -> StripeError:
    """500, as Stripe words it."""
    message = "An unknown error occurred. If you continue to see this error, please contact support."
    return StripeError(500, _error("api_error", message, None, None), began=True)


def declined(error: Doc) -> StripeError:
    """402: the payment was tried and refused; charge, events and the changed PaymentIntent stay."""
    return StripeError(402, error, began=True, keeps_effects=True)
