"""Use case: import a product file from a folder, with its translations and the pictures beside it.

parse both files -> decode all pictures -> (nothing is wrong) -> copy pictures -> one transaction. What stops before
the last step leaves at most pictures that nothing shows; the next try finds them by their content.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from vivr.catalogue.csv_table import FILE_BYTES_MAX
from vivr.catalogue.findings import Finding
from vivr.catalogue.images import Progress, check_images, copy_images
from vivr.catalogue.import_products import CatalogueRefused, ImportReport, import_products
from vivr.catalogue.parsed import ParsedCatalogue
from vivr.catalogue.pictures import PictureRefusedError
from vivr.catalogue.shopify_export import parse_products
from vivr.catalogue.shopify_translations import ParsedTranslations, parse_translations
from vivr.clock import Clock
from vivr.database import Database

Stage = Literal["reading", "checking_images", "copying_images", "writing"]
StageProgress = Callable[[Stage, int, int], None]
"""Called with what is being done, the number of steps done and the number of all steps."""


async def import_file(
    database: Database,
    clock: Clock,
    *,
    file: Path,
    translations_file: Path | None,
    media: Path,
    currency: str,
    tax_rate_bp: int | None,
    tax_rate_default_bp: int,
    dry_run: bool,
    progress: StageProgress | None = None,
) -> ImportReport:
    """Import a product file; see ``import_products`` for the rules of the database part.

    Args:
        database: opens the one transaction.
        clock: the time of the change.
        file: Shopify's product file; paths of pictures start at its folder.
        translations_file: Shopify's translation file, or None.
        media: the folder that pictures are served from.
        currency: upper-case ISO 4217 code of the file's prices.
        tax_rate_bp: VAT in basis points for all taxed products; None keeps each one's own.
        tax_rate_default_bp: VAT of new products where ``tax_rate_bp`` is None.
        dry_run: check and report, but write nothing anywhere.
        progress: told of every step.

    Raises:
        CatalogueRefused: something is wrong in a file or a picture; nothing was written.
        Conflict: another import is running.
        OSError: a file can't be read, or the media folder can't be written.
    """
    report = progress or _say_nothing
    report("reading", 0, 1)
    parsed, translations = await asyncio.to_thread(_parse, file, translations_file, currency)
    report("reading", 1, 1)
    pictures, problems = await check_images(parsed, file.parent, _of_stage(report, "checking_images"))
    problems += parsed.problems
    problems += translations.problems if translations is not None else ()
    if problems:
        raise CatalogueRefused(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    if not dry_run:
        try:
            await copy_images(parsed, file.parent, media, _of_stage(report, "copying_images"))
        except PictureRefusedError as error:
            # It was changed after it was checked.
            raise CatalogueRefused([Finding(0, parsed.image_column, error.code, error.found)]) from error
    return await import_products(
        database,
        clock,
        parsed=parsed,
        translations=translations,
        pictures=pictures,
        currency=currency,
        tax_rate_bp=tax_rate_bp,
        tax_rate_default_bp=tax_rate_default_bp,
        dry_run=dry_run,
        progress=_of_stage(report, "writing"),
    )


def _parse(
    file: Path, translations_file: Path | None, currency: str
) -> tuple[ParsedCatalogue, ParsedTranslations | None]:
    parsed = parse_products(_read(file), currency=currency)
    if translations_file is None:
        return parsed, None
    return parsed, parse_translations(_read(translations_file), parsed.entries)


def _read(file: Path) -> bytes:
    # One byte too many tells the parser that the file is too large.
    with file.open("rb") as opened:
        return opened.read(FILE_BYTES_MAX + 1)


def _of_stage(report: StageProgress, stage: Stage) -> Progress:
    return lambda done, total: report(stage, done, total)


def _say_nothing(_stage: Stage, _done: int, _total: int) -> None:
    return None
