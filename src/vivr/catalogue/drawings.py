"""SVG drawings: an allow-list of elements and attributes, written out anew, so that nothing else can come through.

Pure. No script, style sheet, foreign object, animation, event handler, picture or outside reference remains. A document
type is refused, because it can define entities; everything else that is not allowed is dropped with what is inside it.
"""

import re
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK_HREF: Final = "http://www.w3.org/1999/xlink href"
_DEPTH_MAX: Final = 64
_SIDE_PX_MAX: Final = 20_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS: Final = _words(
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan "
    "linearGradient radialGradient stop clipPath mask pattern marker"
)
_REFERRING: Final = frozenset({"use", "linearGradient", "radialGradient", "pattern"})
_ATTRIBUTES: Final = _words(
    "id x y x1 y1 x2 y2 cx cy r rx ry fx fy d points width height viewBox preserveAspectRatio transform dx dy rotate "
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray stroke-dashoffset opacity color display visibility clip-path clip-rule mask paint-order "
    "offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod patternUnits patternContentUnits "
    "patternTransform clipPathUnits maskUnits maskContentUnits markerUnits markerWidth markerHeight orient refX refY "
    "marker-start marker-mid marker-end font-family font-size font-weight font-style letter-spacing text-anchor "
    "dominant-baseline textLength lengthAdjust style"
)
# Words, numbers and colours; a function is a transformation, a colour, or a reference to a part of this same drawing.
_LOCAL_REFERENCE: Final = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)", re.ASCII)
_HARMLESS_VALUE: Final = re.compile(r"[^\\<>@&]*")
_FORBIDDEN_WORD: Final = re.compile(
    r"url\s*\(|image\s*\(|image-set|expression|javascript|behavior|binding", re.IGNORECASE
)
_LENGTH: Final = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]*)?)\s*(?:px)?\s*", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?", re.ASCII)


class DrawingRefusedError(ValueError):
    """A text is no drawing that may be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sanitised SVG document and its natural size in pixels."""

    text: str
    width: int
    height: int


def sanitise_svg(data: bytes) -> Drawing:
    """Write a drawing anew from its allowed parts.

    Raises:
        DrawingRefusedError: not UTF-8, not well-formed, not an SVG, with a document type, too deep, or without a size.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DrawingRefusedError("it is not UTF-8 text") from error
    writer = _Writer()
    # The text is given as a string, so the parser never believes an encoding that the file declares.
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = writer.refuse_document_type
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.characters
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise DrawingRefusedError("it is not well-formed") from error
    if writer.size is None:
        raise DrawingRefusedError("it has neither a width and height nor a viewBox")
    return Drawing("".join(writer.parts), *writer.size)


class _Writer:
    """Receives the parser's events and writes what is allowed."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size: tuple[int, int] | None = None
        self._open: list[str] = []
        self._dropped_depth: int = 0

    def refuse_document_type(self, *_details: object) -> None:
        raise DrawingRefusedError("it has a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        if not self._open and not self._dropped_depth:
            if (namespace or _SVG, element) != (_SVG, "svg"):
                raise DrawingRefusedError("its root is not an svg element")
            self.size = _size(attributes)
        if len(self._open) + self._dropped_depth >= _DEPTH_MAX:
            raise DrawingRefusedError("its elements are nested too deep")
        if self._dropped_depth or (namespace or _SVG) != _SVG or element not in _ELEMENTS:
            self._dropped_depth += 1
            return
        is_root = not self._open
        kept = {key: value for key, value in attributes.items() if key in _ATTRIBUTES and _is_harmless(value)}
        reference = attributes.get("href", attributes.get(_XLINK_HREF, ""))
        if element in _REFERRING and re.fullmatch(r"#[\w.-]+", reference):
            kept["href"] = reference
        if is_root:
            kept = {"xmlns": _SVG, **kept}
        self.parts.append(f"<{element}" + "".join(f" {key}={quoteattr(value)}" for key, value in kept.items()) + ">")
        self._open.append(element)

    def end(self, _name: str) -> None:
        if self._dropped_depth:
            self._dropped_depth -= 1
        else:
            self.parts.append(f"</{self._open.pop()}>")

    def characters(self, text: str) -> None:
        if not self._dropped_depth:
            self.parts.append(escape(text))


def _is_harmless(value: str) -> bool:
    rest = _LOCAL_REFERENCE.sub("", value)
    return _HARMLESS_VALUE.fullmatch(rest) is not None and _FORBIDDEN_WORD.search(rest) is None


def _size(attributes: dict[str, str]) -> tuple[int, int] | None:
    """The root's own size in pixels, else that of its view box; None where there is neither."""
    sides = [_LENGTH.fullmatch(attributes.get(side, "")) for side in ("width", "height")]
    lengths = [float(side[1]) for side in sides if side is not None]
    if len(lengths) < len(sides):
        lengths = [float(number) for number in _NUMBER.findall(attributes.get("viewBox", ""))][2:4]
    sizes = [round(length) for length in lengths if 0.5 <= length <= _SIDE_PX_MAX]  # noqa: PLR2004 - rounds to a pixel
    return (sizes[0], sizes[1]) if len(sizes) == len(sides) else None
