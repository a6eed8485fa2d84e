"""Bodies of kind multipart/form-data, in which files are sent: read to the same nested value as a form.

A file becomes an object of its name, size, type and digest; its content goes no further.
"""

from email import policy
from email.message import MIMEPart
from email.parser import BytesParser
from hashlib import sha256
from typing import Any

from stripe_sandbox.wire.errors import invalid
from stripe_sandbox.wire.forms import Decoded, nest

KIND = "multipart/form-data"


_MAGIC = ((b"%PDF-", "pdf"), (b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"))


class Upload:
    """The parameter kind of a file."""

    def read(self, value: Decoded, path: str, version: str) -> dict[str, Any]:
        """Reads name, size and type."""
        del version
        if not isinstance(value, dict) or not {"filename", "size", "type"} <= set(value):
            raise invalid("Invalid file: files are uploaded as multipart/form-data.", param=path)
        return {"filename": value["filename"], "size": int(str(value["size"])), "type": value["type"]}


def decode_multipart(content_type: str, body: bytes) -> dict[str, Decoded]:
    """Decodes one body; raises StripeError (400) where it has no parts."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise invalid("Invalid request: the multipart body could not be decoded.")
    files: dict[str, Decoded] = {}
    pairs: list[tuple[str, str]] = []
    for field in message.iter_parts():
        name = str(field.get_param("name", "", header="content-disposition"))
        content = field.get_payload(decode=True)
        raw = content if isinstance(content, bytes) else b""
        filename = field.get_filename()
        if filename is None:
            pairs.append((name, raw.decode(errors="replace").removesuffix("\r\n")))
        else:
            files[name] = _file(field, filename, raw)
    return {**nest(pairs), **files}


def _file(field: MIMEPart, filename: str, raw: bytes) -> Decoded:
    named = filename.rpartition(".")[2].lower() if "." in filename else field.get_content_subtype()
    kind = next((kind for magic, kind in _MAGIC if raw.startswith(magic)), named)
    return {"filename": filename, "size": str(len(raw)), "type": kind, "digest": sha256(raw).hexdigest()}
