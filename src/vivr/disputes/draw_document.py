"""Draw a document of the packet as a PDF; the same document gives the same bytes.

The font that reportlab brings has the letters of western Europe. Others are drawn without what is added to them
(ạ as a), or as a question mark where nothing is left; the text parts of the evidence keep them as they are.
"""

import unicodedata
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate

from vivr.disputes.model import FileKind
from vivr.disputes.packet import Document, EvidenceFile

_FONTS: Final = Path(reportlab.__file__).parent / "fonts"
_TEXT: Final = TTFont("Vera", str(_FONTS / "Vera.ttf"))
_BOLD: Final = TTFont("VeraBd", str(_FONTS / "VeraBd.ttf"))
_KNOWN: Final = frozenset(cast("dict[int, Any]", cast("Any", _TEXT).face.charToGlyph))
_MARGIN: Final = 20 * mm
for _font in (_TEXT, _BOLD):
    # reportlab has no types.
    cast("Any", pdfmetrics).registerFont(_font)

_TITLE: Final = ParagraphStyle("title", fontName="VeraBd", fontSize=14, leading=20, spaceAfter=8)
_HEADING: Final = ParagraphStyle("heading", fontName="VeraBd", fontSize=10, leading=14, spaceBefore=8, spaceAfter=2)
_LINE: Final = ParagraphStyle("line", fontName="Vera", fontSize=9, leading=12, splitLongWords=1)


def draw_document(document: Document) -> EvidenceFile:
    """One PDF, A4."""
    story = [Paragraph(_shown(document.title), _TITLE)]
    for heading, lines in document.parts:
        story.append(Paragraph(_shown(heading), _HEADING))
        story += [Paragraph(_shown(line), _LINE) for line in lines]
    drawn = BytesIO()
    template = SimpleDocTemplate(
        drawn,
        pagesize=A4,
        **dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN),
        title=_drawable(document.title),
        # No time of making and no random id: what was sent once is known again.
        invariant=1,
    )
    template.build(cast("Any", story))
    return EvidenceFile(document.slot, FileKind.PDF, drawn.getvalue(), int(cast("Any", template).page))


def _shown(text: str) -> str:
    return escape(_drawable(text))


def _drawable(text: str) -> str:
    return "".join(_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _letter(letter: str) -> str:
    if ord(letter) in _KNOWN:
        return letter
    parts = [part for part in unicodedata.normalize("NFKD", letter) if ord(part) in _KNOWN]
    return "".join(parts) or "?"
