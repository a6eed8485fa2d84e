"""Files of evidence: how a document is drawn, and what of an upload is believed."""

import io
import random
import string

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from vivr.disputes.draw_document import draw_document
from vivr.disputes.model import FileKind, Slot, leaves_out, read_evidence, texts_in
from vivr.disputes.packet import BYTES_MAX, PAGES_MAX, Document, check_sum
from vivr.disputes.read_upload import read_upload
from vivr.errors import InvalidInput, Refusal


def pdf(pages: int, password: str = "") -> bytes:
    written, writer = io.BytesIO(), PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(10, 10)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(written)
    return written.getvalue()


def picture(kind: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (2, 2)).save(drawn, kind)
    return drawn.getvalue()


def test_the_same_document_gives_the_same_bytes() -> None:
    document = Document(Slot.RECEIPT, "Receipt", (("Buyer", ("Zoé & Łukasz <Ạ>, 李",)),))
    drawn = draw_document(document)
    assert draw_document(document) == drawn
    assert (drawn.slot, drawn.kind, drawn.pages) == (Slot.RECEIPT, FileKind.PDF, 1)
    # What the font lacks loses its accent, or is shown to be missing.
    assert "Zoé & Łukasz <A>, ?" in PdfReader(io.BytesIO(drawn.content)).pages[0].extract_text()


def test_a_long_document_says_how_many_pages_it_has() -> None:
    words = " ".join(random.Random(4).choices(string.ascii_lowercase, k=20_000))  # noqa: S311 - no secret
    drawn = draw_document(Document(Slot.UNCATEGORIZED_FILE, "Long", (("Part", (words,) * 2),)))
    assert drawn.pages == len(PdfReader(io.BytesIO(drawn.content)).pages) > 2


@pytest.mark.parametrize(
    ("content", "kind", "pages"),
    [(pdf(1), "pdf", 1), (pdf(PAGES_MAX), "pdf", 50), (picture("PNG"), "png", 1), (picture("JPEG"), "jpeg", 1)],
    ids=["pdf", "long", "png", "jpeg"],
)
def test_a_file_is_what_its_content_says(content: bytes, kind: str, pages: int) -> None:
    read = read_upload(Slot.RECEIPT, content)
    assert (read.kind, read.pages, read.content) == (FileKind(kind), pages, content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence_empty"),
        (b"\x89PNG" + b"\0" * BYTES_MAX, "evidence_too_large"),
        (pdf(PAGES_MAX + 1), "evidence_too_long"),
        (b"%PDF-1.7\n%%EOF", "evidence_unreadable"),
        (pdf(2)[:200], "evidence_unreadable"),
        (pdf(0), "evidence_unreadable"),
        (pdf(1, "secret"), "evidence_unreadable"),
        (picture("JPEG")[:20], "evidence_kind"),
        (picture("GIF"), "evidence_kind"),
        (b"<svg onload='alert(1)'/>", "evidence_kind"),
    ],
    ids=["empty", "large", "long", "no pages", "cut", "none", "locked", "header", "gif", "svg"],
)
def test_what_the_bank_does_not_take_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        read_upload(Slot.RECEIPT, content)


def test_all_files_together_have_a_limit() -> None:
    assert check_sum([(BYTES_MAX - 1, PAGES_MAX - 1), (1, 1)]) is None
    for extents, code in (([(BYTES_MAX, 1), (1, 1)], "evidence_too_large"), ([(1, 50), (1, 1)], "evidence_too_long")):
        refusal = check_sum(extents)
        assert refusal is not None
        assert refusal.code == code


def test_what_is_left_out_is_no_text_for_the_bank() -> None:
    written = read_evidence({"leave_out_receipt": "1", "leave_out_nothing": "1", "shipping_carrier": " DHL "})
    assert not isinstance(written, InvalidInput)
    assert written == {"leave_out_receipt": "1", "shipping_carrier": "DHL"}
    assert texts_in(written) == {"shipping_carrier": "DHL"}
    assert [slot for slot in Slot if leaves_out(written, slot)] == [Slot.RECEIPT]
