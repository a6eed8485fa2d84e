"""Files that browsers fetch: our own style sheets and scripts, and the catalogue's pictures.

Both are named by their content, so that a browser may keep them for a year: ``/static/shop.3f9a61c25d07.css``,
``/media/<hash>.jpg``. Own files are read once, at the first use, and a page's style sheets are one file; pictures are
read from the media folder, whose names have one strict form.
"""

import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from vivr.catalogue.model import MEDIA_PATH
from vivr.errors import NotFound
from vivr.web.visit import visit_of

MEDIA_FOLDER: Final = "media"
"""The folder of pictures inside VIVR_DATA."""

STYLE_SHEETS: Final = {
    "shop.css": ("base", "forms", "catalogue", "product", "order"),
    "office.css": ("base", "forms", "order", "office"),
}
"""The style sheet of each kind of page, and the files under ``static/styles`` that it is made of."""

_FOREVER: Final = "public, max-age=31536000, immutable"
_STATIC_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_MEDIA_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "svg": "image/svg+xml",
}
_MEDIA_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}\.(?P<ending>[a-z]{3,4})", re.ASCII)
# A drawing that is opened by itself is a document: it may run nothing, load nothing and belongs to no origin.
_DRAWING_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class _Asset(NamedTuple):
    content: bytes
    media_type: str


@cache
def _assets() -> tuple[dict[str, str], dict[str, _Asset]]:
    """Address by plain name, and content by served name."""
    urls: dict[str, str] = {}
    by_name: dict[str, _Asset] = {}
    for name, content in _own_files().items():
        stem, _, ending = name.rpartition(".")
        served = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
        urls[name] = f"/static/{served}"
        by_name[served] = _Asset(content, _STATIC_TYPES[ending])
    return urls, by_name


def _own_files() -> dict[str, bytes]:
    folder = files("vivr") / "static"
    sheets = {
        name: b"\n".join((folder / "styles" / f"{part}.css").read_bytes() for part in parts)
        for name, parts in STYLE_SHEETS.items()
    }
    return sheets | {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def asset_url(name: str) -> str:
    """The address of one of our own files, such as ``shop.css``.

    Raises:
        KeyError: there is no such file.
    """
    return _assets()[0][name]


async def _serve_static(request: Request) -> Response:
    asset = _assets()[1].get(request.path_params["name"])
    if asset is None:
        raise NotFound
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOREVER})


async def _serve_media(request: Request) -> Response:
    path, media_type = _media_file(visit_of(request).shop.settings.vivr_data, request.path_params["name"])
    headers = {"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff"}
    if media_type == _MEDIA_TYPES["svg"]:
        headers["Content-Security-Policy"] = _DRAWING_POLICY
    return FileResponse(path, media_type=media_type, headers=headers)


def _media_file(data_folder: Path, name: str) -> tuple[Path, str]:
    match = _MEDIA_NAME.fullmatch(name)
    media_type = _MEDIA_TYPES.get(match["ending"]) if match else None
    path = data_folder / MEDIA_FOLDER / name
    if media_type is None or not path.is_file():
        raise NotFound
    return path, media_type


def asset_routes() -> list[Route]:
    """The routes of both kinds."""
    return [
        Route("/static/{name}", _serve_static),
        Route(f"{MEDIA_PATH}{{name}}", _serve_media),
    ]
