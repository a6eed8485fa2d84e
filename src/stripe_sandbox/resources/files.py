"""Uploaded files: what is known of each is kept, its content is not."""

from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import missing_object
from stripe_sandbox.wire.lists import Conditions, as_list, list_objects


def create_file(call: Call) -> Doc:
    """POST /v1/files, as multipart/form-data."""
    upload: dict[str, Any] = call.params["file"]
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
