"""Uploaded files: what is known of each is kept, its content is not."""

from dataclasses import dataclass
from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, as_list, list_objects


@dataclass(frozen=True)
class Bounds:
    """What a file of one purpose may be."""

    kinds: tuple[str, ...]
    bytes_max: int


_PAPERS = ("pdf", "jpg", "jpeg", "png")
_LOGO = Bounds(("jpg", "jpeg", "png", "gif"), 512_000)
_ANYTHING = Bounds((), 16_000_000)
_BOUNDS = {
    "business_icon": _LOGO,
    "business_logo": _LOGO,
    "customer_signature": Bounds(("jpg", "jpeg", "png", "svg"), 4_000_000),
    "dispute_evidence": Bounds(_PAPERS, 5_000_000),
    "identity_document": Bounds(_PAPERS, 16_000_000),
    "pci_document": Bounds(("pdf",), 16_000_000),
}
"""Stripe docs, file upload guide; Stripe's words for a refusal are not known, so these are the sandbox's own."""


def _check(purpose: str, upload: dict[str, Any]) -> None:
    bounds = _BOUNDS.get(purpose, _ANYTHING)
    if bounds.kinds and upload["type"] not in bounds.kinds:
        raise invalid(f"A file of type {upload['type']} is not supported for the purpose {purpose}.", param="file")
    if upload["size"] > bounds.bytes_max:
        raise invalid(f"A file for the purpose {purpose} may have at most {bounds.bytes_max} bytes.", param="file")


def create_file(call: Call) -> Doc:
    """POST /v1/files, as multipart/form-data."""
    upload: dict[str, Any] = call.params["file"]
    _check(call.params["purpose"], upload)
    file_id = call.work.mint("file")
    url = f"{call.base_url}/v1/files/{file_id}/contents"
    return public(
        call.work.insert(
            {
                "id": file_id,
                "object": "file",
                "created": call.work.now,
                "expires_at": None,
                "filename": upload["filename"],
                "links": as_list([], f"/v1/file_links?file={file_id}"),
                "purpose": call.params["purpose"],
                "size": upload["size"],
                "title": None,
                "type": upload["type"],
                "url": url,
            }
        )
    )


def retrieve_file(call: Call) -> Doc:
    """GET /v1/files/{id}."""
    found = call.work.find("file", call.path["id"])
    if found is None:
        raise missing_object("file upload", call.path["id"], param="file")
    return public(found)


def list_files(call: Call) -> Doc:
    """GET /v1/files, by purpose and created."""
    conditions = Conditions()
    conditions.equal("purpose", call.params.get("purpose"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "file", "/v1/files", call.params, noun="file upload", conditions=conditions)
