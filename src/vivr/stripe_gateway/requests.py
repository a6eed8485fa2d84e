"""Stripe writes as documents: the path and the ordered parameters, complete before anything is sent.

What is stored, sent and re-sent is this document; nothing in it is computed at call time. No document uses
``payment_method_types``, so that all of them are legal in the pinned API version and in the one after it
(Stripe changelog, endive 2026-09-30).
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import msgspec

# What is stored must be what the SDK would send, and it does not export its encoder.
from stripe._encode import _api_encode  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]

API_VERSION: Final = "2026-05-27.dahlia"

Parameter: TypeAlias = "str | int | bool | list[Parameter] | dict[str, Parameter]"
Parameters: TypeAlias = dict[str, Parameter]


@dataclass(frozen=True, slots=True)
class StripeFile:
    """A file that a request carries."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StripeRequest:
    """One POST: the path below Stripe's address, its ordered parameters, and the file that it uploads, if any."""

    path: str
    parameters: Parameters
    file: StripeFile | None = None

    def to_bytes(self) -> bytes:
        """The document as it is stored; the order of keys is kept."""
        document: dict[str, object] = {"path": self.path, "parameters": self.parameters}
        if self.file is not None:
            # Bytes are written in base64.
            document["file"] = {"name": self.file.name, "content": self.file.content}
        return msgspec.json.encode(document)

    @staticmethod
    def from_bytes(stored: bytes) -> "StripeRequest":
        """The document that was stored."""
        document = cast("dict[str, object]", msgspec.json.decode(stored))
        kept = cast("dict[str, str] | None", document.get("file"))
        file = StripeFile(kept["name"], base64.b64decode(kept["content"])) if kept else None
        return StripeRequest(str(document["path"]), cast("Parameters", document["parameters"]), file)


def form_of(parameters: Parameters) -> list[tuple[str, str]]:
    """The form fields that the SDK's encoder makes of a document, in order."""
    return [(str(key), str(value)) for key, value in cast("list[tuple[object, object]]", list(_api_encode(parameters)))]


def encoder_fingerprint() -> str:
    """What the SDK's encoder makes of a fixed document, hashed: another value means other bytes for stored requests."""
    sample: Parameters = {"a": [{"b": 1, "c": True}, {"b": "é {X}"}], "d": {"e": ["x", "y"], "f": False}}
    return hashlib.sha256(repr(form_of(sample)).encode()).hexdigest()[:16]


def create_customer(*, email: str | None, name: str | None, metadata: dict[str, str]) -> StripeRequest:
    """A customer: our ids, and what spares the buyer from typing it again on the hosted page."""
    known: Parameters = {key: value for key, value in (("email", email), ("name", name)) if value is not None}
    return StripeRequest("/v1/customers", {**known, "metadata": cast("Parameter", metadata)})


def create_session(parameters: Parameters) -> StripeRequest:
    """A Checkout Session; its parameters are built by ``checkout.model``."""
    return StripeRequest("/v1/checkout/sessions", parameters)


def expire_session(session_id: str) -> StripeRequest:
    """End an open Checkout Session; Stripe refuses it for one that is not open."""
    return StripeRequest(f"/v1/checkout/sessions/{session_id}/expire", {})


def cancel_intent(intent_id: str) -> StripeRequest:
    """Cancel a PaymentIntent that was not captured."""
    return StripeRequest(f"/v1/payment_intents/{intent_id}/cancel", {"cancellation_reason": "requested_by_customer"})


def create_intent(parameters: Parameters) -> StripeRequest:
    """A PaymentIntent without a hosted page; its parameters are built by ``checkout.model``."""
    return StripeRequest("/v1/payment_intents", parameters)


def capture_intent(intent_id: str, amount_minor: int) -> StripeRequest:
    """Take authorised money, exactly this much of it; what is left is released by Stripe."""
    return StripeRequest(f"/v1/payment_intents/{intent_id}/capture", {"amount_to_capture": amount_minor})


def create_refund(parameters: Parameters) -> StripeRequest:
    """Give money of a captured PaymentIntent back; its parameters are built by ``refunds.submit_refund``."""
    return StripeRequest("/v1/refunds", parameters)


def update_dispute(dispute_id: str, evidence: dict[str, str], *, submit: bool, operation_id: str) -> StripeRequest:
    """Stage evidence, or send it to the bank: that can be done once (Stripe docs, respond to disputes)."""
    return StripeRequest(
        f"/v1/disputes/{dispute_id}",
        {"evidence": cast("Parameter", evidence), "submit": submit, "metadata": {"operation": operation_id}},
    )


def upload_evidence(name: str, content: bytes) -> StripeRequest:
    """A file for a dispute; it carries no metadata, so its name says whose it is (Stripe API reference, files)."""
    return StripeRequest("/v1/files", {"purpose": "dispute_evidence"}, StripeFile(name, content))


def close_dispute(dispute_id: str) -> StripeRequest:
    """Accept a dispute: it is lost at once, and nothing brings it back (Stripe API reference, disputes)."""
    return StripeRequest(f"/v1/disputes/{dispute_id}/close", {})


def update_endpoint(endpoint_id: str, events: list[str], *, operation_id: str) -> StripeRequest:
    """Let a webhook endpoint ask for exactly these events (Stripe API reference, update a webhook endpoint)."""
    return StripeRequest(
        f"/v1/webhook_endpoints/{endpoint_id}",
        {"enabled_events": cast("Parameter", events), "metadata": {"operation": operation_id}},
    )
