"""Use case: fetch the pictures that an import only listed, one by one, each with its own small transaction.

list (Tx) -> fetch (no Tx) -> decode and store the file -> record (Tx), guarded: a picture that somebody else fetched or
changed meanwhile is left as it is. Stopping at any point loses nothing; the next run goes on with what is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vivr.catalogue import import_store
from vivr.catalogue.findings import Finding, Findings
from vivr.catalogue.images import Progress
from vivr.catalogue.pictures import PictureRefusedError, store_picture
from vivr.catalogue.public_fetch import FetchFailedError, fetch_public
from vivr.database import Database

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches an address, or raises ``FetchFailedError``."""

_PARALLEL: Final = 4


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What came of it: the addresses whose pictures are here now, and why the others are not (by address)."""

    fetched: Sequence[str]
    failed: Sequence[tuple[str, Finding]]


async def fetch_images(
    database: Database, *, media: Path, fetch: Fetch = fetch_public, progress: Progress | None = None
) -> FetchReport:
    """Fetch all pictures that are listed with an http address and have no file.

    Args:
        database: opens a transaction for the list and one for each picture.
        media: the folder that pictures are served from.
        fetch: fetches one address; only public ones unless a test gives another.
        progress: told after each address.

    Raises:
        OSError: the media folder can't be written.
    """
    async with database.transaction("catalogue.list_unfetched") as tx:
        sources = await import_store.list_unfetched(tx)
    fetched: list[str] = []
    failed: list[tuple[str, Finding]] = []
    slots = asyncio.Semaphore(_PARALLEL)

    async def one(source: str) -> None:
        async with slots:
            findings = Findings()
            try:
                await _fetch_one(database, source, media, fetch)
                fetched.append(source)
            except (FetchFailedError, PictureRefusedError) as error:
                findings.add(0, "", error.code, error.found)
                failed.append((source, findings.items[0]))
        if progress is not None:
            progress(len(fetched) + len(failed), len(sources))

    await asyncio.gather(*(one(source) for source in sources))
    return FetchReport(sorted(fetched), sorted(failed, key=lambda failure: failure[0]))


async def _fetch_one(database: Database, source: str, media: Path, fetch: Fetch) -> None:
    data = await fetch(source)
    # A drawing is a program in disguise: it is taken from the shop's own folder only.
    picture = await asyncio.to_thread(store_picture, data, source, media, drawings=False)
    async with database.transaction("catalogue.record_fetched") as tx:
        await import_store.record_fetched(tx, source, picture)
