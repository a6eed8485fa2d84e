"""Read a file that staff uploads: what it is stands in its content, never in its name."""

import warnings
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from vivr.disputes.model import FileKind, Slot
from vivr.disputes.packet import EvidenceFile, check_sum
from vivr.errors import Refusal

_IMAGES: Final = {"JPEG": FileKind.JPEG, "PNG": FileKind.PNG}


def read_upload(slot: Slot, content: bytes) -> EvidenceFile:
    """A file as Stripe would take it; blocks for as long as it is read.

    Raises:
        Refusal: ``evidence_empty``, ``evidence_too_large``, ``evidence_too_long``, ``evidence_unreadable`` (damaged,
            or locked by a password), or ``evidence_kind`` (no PDF, JPEG or PNG).
    """
    if not content:
        raise Refusal("evidence_empty")
    too_large = check_sum([(len(content), 1)])
    if too_large is not None:
        # Before anything is made of it.
        raise too_large
    if content.startswith(b"%PDF-"):
        file = EvidenceFile(slot, FileKind.PDF, content, _pages_of(content))
    else:
        file = EvidenceFile(slot, _image_kind(content), content, 1)
    refusal = check_sum([(len(content), file.pages)])
    if refusal is not None:
        raise refusal
    return file


def _pages_of(content: bytes) -> int:
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        pages = 0 if reader.is_encrypted else len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Refusal("evidence_unreadable") from error
    if not pages:
        raise Refusal("evidence_unreadable")
    return pages


def _image_kind(content: bytes) -> FileKind:
    try:
        with warnings.catch_warnings():
            # A picture that would unpack to something enormous is refused, not warned of.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=tuple(_IMAGES)) as opened:
                kind = opened.format
                opened.verify()
    except UnidentifiedImageError:
        raise Refusal("evidence_kind") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal("evidence_unreadable") from error
    assert kind is not None
    return _IMAGES[kind]
