"""The pictures that a product file names: those beside it are checked and copied, those on the web are only listed.

A path must stay inside the file's folder, also through symbolic links. All pictures are checked before the first one is
written, so that a file that is wrong anywhere leaves nothing behind.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from vivr.catalogue.content import Picture
from vivr.catalogue.findings import Finding, Findings
from vivr.catalogue.parsed import ParsedCatalogue, ParsedImage
from vivr.catalogue.pictures import PICTURE_BYTES_MAX, PictureRefusedError, check_picture, store_picture

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the number of all steps."""

# Decoding holds a whole picture in memory; two at once keep two cores busy.
_PARALLEL: Final = 2


def local_images(parsed: ParsedCatalogue) -> list[ParsedImage]:
    """One row for each picture beside the file."""
    images = [image for entry in parsed.entries for image in entry.images or () if not image.is_remote]
    return list({image.source: image for image in reversed(images)}.values())[::-1]


async def check_images(
    parsed: ParsedCatalogue, folder: Path, progress: Progress | None = None
) -> tuple[dict[str, Picture], list[Finding]]:
    """Decode every picture beside the file, and keep none: the pictures by source, and what is wrong."""
    findings = Findings()
    checked: dict[str, Picture] = {}

    def check(image: ParsedImage) -> None:
        try:
            checked[image.source] = check_picture(_read(folder, image.source), image.source, drawings=True)
        except PictureRefusedError as error:
            findings.add(image.line, parsed.image_column, error.code, error.found)

    await _each(local_images(parsed), check, progress)
    return checked, findings.problems


async def copy_images(parsed: ParsedCatalogue, folder: Path, media: Path, progress: Progress | None = None) -> None:
    """Copy every picture beside the file into the media folder, unless it is there.

    Raises:
        PictureRefusedError: a picture changed since it was checked.
        OSError: the media folder can't be written.
    """

    def copy(image: ParsedImage) -> None:
        store_picture(_read(folder, image.source), image.source, media, drawings=True)

    await _each(local_images(parsed), copy, progress)


def _read(folder: Path, source: str) -> bytes:
    root = folder.resolve()
    try:
        path = (root / source).resolve(strict=True)
        if not path.is_relative_to(root):
            raise PictureRefusedError("image_outside_folder", source)
        if not path.is_file():
            raise PictureRefusedError("image_not_found", source)
        with path.open("rb") as file:
            # One byte too many tells that the file is too large, whatever its folder entry says.
            return file.read(PICTURE_BYTES_MAX + 1)
    except (OSError, RuntimeError) as error:
        # A circle of symbolic links is a RuntimeError before Python 3.13.
        raise PictureRefusedError("image_not_found", source) from error


async def _each(images: Iterable[ParsedImage], work: Callable[[ParsedImage], None], progress: Progress | None) -> None:
    todo = list(images)
    slots = asyncio.Semaphore(_PARALLEL)
    done = 0

    async def one(image: ParsedImage) -> None:
        nonlocal done
        async with slots:
            await asyncio.to_thread(partial(work, image))
        done += 1
        if progress is not None:
            progress(done, len(todo))

    await asyncio.gather(*(one(image) for image in todo))
