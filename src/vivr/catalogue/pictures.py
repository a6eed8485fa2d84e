"""Pictures as bytes: what may be served, checked by really decoding it, written anew without metadata, in three sizes.

The name of a picture is made from the content that came in, so the same file twice is one file here, and a name's
content never changes. Writing anew drops metadata (a place, a camera's owner) and whatever hides behind the pixels.
"""

import hashlib
import io
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from PIL import Image, ImageOps

from vivr.catalogue.content import Picture
from vivr.catalogue.drawings import DrawingRefusedError, sanitise_svg
from vivr.catalogue.findings import Code
from vivr.catalogue.model import derived_file, derived_widths

PICTURE_BYTES_MAX: Final = 20 * 1024 * 1024
PICTURE_PIXELS_MAX: Final = 50_000_000
_SIDE_PX_MAX: Final = 2000
_DRAWING_BYTES_MAX: Final = 1024 * 1024
_MEBIBYTE: Final = 1024 * 1024


class _Saving(NamedTuple):
    """How a format is written."""

    format: str
    suffix: str
    options: Mapping[str, Any]


_JPEG: Final = _Saving("JPEG", ".jpg", {"quality": 88, "optimize": True, "progressive": True})
_PNG: Final = _Saving("PNG", ".png", {"optimize": True})
# By the format that came in. An animation becomes its first frame; an MPO is a JPEG with further views.
_SAVING: Final = {
    "JPEG": _JPEG,
    "MPO": _JPEG,
    "PNG": _PNG,
    "GIF": _PNG,
    "WEBP": _Saving("WEBP", ".webp", {"quality": 88, "method": 4}),
    "AVIF": _Saving("AVIF", ".avif", {"quality": 75}),
}
_READ: Final = ["JPEG", "PNG", "GIF", "WEBP", "AVIF"]
_SMALLER: Final = _Saving("WEBP", ".webp", {"quality": 80, "method": 4})
_EXIF_ORIENTATION: Final = 0x0112
_EXIF_LYING: Final = frozenset({5, 6, 7, 8})
"""Values of EXIF's orientation that exchange width and height (Exif 2.3, tag 0x0112)."""


class PictureRefusedError(ValueError):
    """Bytes that may not be served; ``code`` and ``found`` make the finding."""

    def __init__(self, code: Code, found: str) -> None:
        super().__init__(code)
        self.code: Code = code
        self.found: str = found


def check_picture(data: bytes, name: str, *, drawings: bool) -> Picture:
    """Decode a picture without keeping it.

    Args:
        data: the file.
        name: what to call it in a refusal.
        drawings: whether SVG is taken: only from the shop's own folder.

    Returns:
        What ``store_picture`` would answer.

    Raises:
        PictureRefusedError: too large, undecodable, or a format that is not served.
    """
    if _is_drawing(data):
        return _check_drawing(data, name, drawings=drawings)[0]
    with _decoded(data, name) as image:
        return _picture(data, image)


def store_picture(data: bytes, name: str, folder: Path, *, drawings: bool) -> Picture:
    """Write a picture and its smaller copies into the media folder, unless they are there.

    Raises:
        PictureRefusedError: see ``check_picture``.
        OSError: the folder can't be written.
    """
    if _is_drawing(data):
        picture, text = _check_drawing(data, name, drawings=drawings)
        if not (folder / picture.file).exists():
            _write(folder / picture.file, text.encode())
        return picture
    with _decoded(data, name) as image:
        picture = _picture(data, image)
        saving = _SAVING[image.format or ""]
        sizes = {picture.file: (picture.width, picture.height)}
        for width in derived_widths(picture.file, picture.width):
            height = max(1, round(picture.height * width / picture.width))
            sizes[derived_file(picture.file, width)] = (width, height)
        missing = [file for file in sizes if not (folder / file).exists()]
        upright = _upright(image) if missing else image
        for file in missing:
            _write(folder / file, _saved(upright, saving if file == picture.file else _SMALLER, sizes[file]))
    return picture


def _is_drawing(data: bytes) -> bool:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype"))


def _check_drawing(data: bytes, name: str, *, drawings: bool) -> tuple[Picture, str]:
    if not drawings:
        raise PictureRefusedError("image_format_unsupported", name)
    if len(data) > _DRAWING_BYTES_MAX:
        raise PictureRefusedError("image_too_large", f"{name}, over {_DRAWING_BYTES_MAX // _MEBIBYTE} MiB")
    try:
        drawing = sanitise_svg(data)
    except DrawingRefusedError as error:
        raise PictureRefusedError("drawing_unsafe", str(error)) from error
    return Picture(_digest(data) + ".svg", drawing.width, drawing.height), drawing.text


def _decoded(data: bytes, name: str) -> Image.Image:
    if len(data) > PICTURE_BYTES_MAX:
        raise PictureRefusedError("image_too_large", f"{name}, over {PICTURE_BYTES_MAX // _MEBIBYTE} MiB")
    try:
        image = Image.open(io.BytesIO(data), formats=_READ)
        is_small_enough = image.width * image.height <= PICTURE_PIXELS_MAX
        if is_small_enough:
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefusedError("image_too_large", name) from error
    # Decoders raise whatever they stumble over: OSError, SyntaxError, ValueError, struct.error, EOFError …
    except Exception as error:
        raise PictureRefusedError("image_undecodable", name) from error
    if not is_small_enough:
        raise PictureRefusedError("image_too_large", f"{name}, {image.width} × {image.height} pixels")
    return image


def _picture(data: bytes, image: Image.Image) -> Picture:
    width, height = image.size
    orientation: object = image.getexif().get(_EXIF_ORIENTATION, 1)
    if orientation in _EXIF_LYING:
        width, height = height, width
    longest = max(width, height)
    if longest > _SIDE_PX_MAX:
        width, height = (max(1, round(side * _SIDE_PX_MAX / longest)) for side in (width, height))
    return Picture(_digest(data) + _SAVING[image.format or ""].suffix, width, height)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]


def _upright(image: Image.Image) -> Image.Image:
    """The pixels as they are meant to be seen, in one of three modes, without metadata.

    The colour profile stays, because it changes the colours; one of another mode would change them wrongly.
    """
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in {"L", "1"} else "RGB"
    profile: object = image.info.get("icc_profile") if image.mode == mode else None
    upright = ImageOps.exif_transpose(image).convert(mode)
    upright.info = {} if profile is None else {"icc_profile": profile}
    return upright


def _saved(image: Image.Image, saving: _Saving, size: tuple[int, int]) -> bytes:
    sized = image
    if image.size != size:
        # Pillow leaves one of resize's types open.
        sized = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)  # pyright: ignore[reportUnknownMemberType]
    out = io.BytesIO()
    sized.save(out, saving.format, icc_profile=image.info.get("icc_profile"), **saving.options)
    return out.getvalue()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        half.write_bytes(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
