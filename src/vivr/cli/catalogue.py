"""`vivr catalogue`: fill the catalogue from Shopify's product file, and fetch the pictures that it only names.

Exit codes: 0 done; 1 the file is wrong somewhere (nothing was changed), or some pictures could not be fetched; 2 a file
or the database can't be used.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from vivr.cli.environment import command_settings, with_database
from vivr.cli.language import say
from vivr.cli.printing import console, fail, make_table

if TYPE_CHECKING:
    from vivr.catalogue.fetch_images import FetchReport
    from vivr.catalogue.findings import Finding
    from vivr.catalogue.import_products import ImportReport

app = typer.Typer(no_args_is_help=True)

_ROWS_SHOWN: Final = 100
_STAGES: Final = {
    "reading": "Reading the files",
    "checking_images": "Checking pictures",
    "copying_images": "Copying pictures",
    "writing": "Writing the catalogue",
    "fetching": "Fetching pictures",
}
_OUTCOMES: Final = ("created", "updated", "unchanged", "deactivated")

_ExistingFile = Annotated[
    Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help=say("The product file."))
]


@app.command("import", help=say("Import Shopify's product file: whole, or not at all."))
def import_command(
    file: _ExistingFile,
    translations: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help=say("Shopify's translation file.")),
    ] = None,
    tax_rate_bp: Annotated[
        int | None,
        typer.Option(min=0, max=10_000, help=say("VAT in basis points for all products of the file (2000 is 20 %).")),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Check and report, but change nothing."))] = False,
) -> None:
    """Import a file into the shop's database."""
    from vivr.catalogue.model import MEDIA_FOLDER  # noqa: PLC0415 - see vivr.cli.main

    settings = command_settings()
    with with_database(settings) as opened:
        assert opened.database_url is not None
        status = run_import(
            opened.database_url.reveal(),
            opened.vivr_data / MEDIA_FOLDER,
            file,
            translations_file=translations,
            currency=opened.payment_currency,
            tax_rate_bp=tax_rate_bp,
            tax_rate_default_bp=opened.tax_default_rate_bp,
            dry_run=dry_run,
        )
    raise typer.Exit(status)


@app.command("fetch-images", help=say("Fetch the pictures that are listed with an http address."))
def fetch_images_command() -> None:
    """Fetch what the imports listed."""
    from vivr.catalogue.model import MEDIA_FOLDER  # noqa: PLC0415 - see vivr.cli.main

    settings = command_settings()
    with with_database(settings) as opened:
        assert opened.database_url is not None
        status = run_fetch_images(opened.database_url.reveal(), opened.vivr_data / MEDIA_FOLDER)
    raise typer.Exit(status)


def run_import(
    url: str,
    media: Path,
    file: Path,
    *,
    translations_file: Path | None,
    currency: str,
    tax_rate_bp: int | None,
    tax_rate_default_bp: int,
    dry_run: bool,
) -> int:
    """Import a file and print the report; the exit code. See ``vivr.catalogue.import_file`` for the arguments."""
    from psycopg.errors import UndefinedTable  # noqa: PLC0415 - see vivr.cli.main

    from vivr.catalogue.import_file import import_file  # noqa: PLC0415
    from vivr.catalogue.import_products import CatalogueRefused  # noqa: PLC0415
    from vivr.clock import SystemClock  # noqa: PLC0415
    from vivr.database import Database  # noqa: PLC0415
    from vivr.errors import Conflict  # noqa: PLC0415

    async def work(report: Callable[[str, int, int], None]) -> "ImportReport":
        database = Database(url, pool_max=1)
        await database.open()
        try:
            return await import_file(
                database,
                SystemClock(),
                file=file,
                translations_file=translations_file,
                media=media,
                currency=currency,
                tax_rate_bp=tax_rate_bp,
                tax_rate_default_bp=tax_rate_default_bp,
                dry_run=dry_run,
                progress=report,
            )
        finally:
            await database.close()

    try:
        with _progress() as report:
            done = asyncio.run(work(report))
    except CatalogueRefused as error:
        _print_problems(error.problems, {"products": file, "translations": translations_file})
        return 1
    except Conflict:
        fail(say("Another import is running; nothing was changed."))
        return 1
    except UndefinedTable:
        fail(say("The database has no tables yet: run vivr migrate first."))
        return 2
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
        return 2
    _print_report(done)
    return 0


def run_fetch_images(url: str, media: Path) -> int:
    """Fetch the listed pictures and print what came of it; the exit code."""
    from psycopg.errors import UndefinedTable  # noqa: PLC0415 - see vivr.cli.main

    from vivr.catalogue.fetch_images import fetch_images  # noqa: PLC0415
    from vivr.database import Database  # noqa: PLC0415

    async def work(report: Callable[[str, int, int], None]) -> "FetchReport":
        database = Database(url, pool_max=1)
        await database.open()
        try:
            return await fetch_images(
                database, media=media, progress=lambda done, total: report("fetching", done, total)
            )
        finally:
            await database.close()

    try:
        with _progress() as report:
            done = asyncio.run(work(report))
    except UndefinedTable:
        fail(say("The database has no tables yet: run vivr migrate first."))
        return 2
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
        return 2
    console().print(say("Pictures fetched: {count}", count=len(done.fetched)), markup=False)
    if not done.failed:
        return 0
    table = make_table(say("Not fetched: {count}", count=len(done.failed)), say("address"), say("reason"))
    for source, finding in done.failed[:_ROWS_SHOWN]:
        table.add_row(Text(source), Text(_sentence(finding)))
    console(error=True).print(table)
    return 1


@contextmanager
def _progress() -> Generator[Callable[[str, int, int], None]]:
    """A bar for each stage on standard error; nothing where that is no terminal."""
    screen = console(error=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(say(_STAGES[stage]), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _sentence(finding: "Finding") -> str:
    from vivr.catalogue.findings import SENTENCES  # noqa: PLC0415 - see vivr.cli.main

    return say(SENTENCES[finding.code], found=finding.found)


def _print_problems(problems: "Sequence[Finding]", files: "dict[str, Path | None]") -> None:
    """Every bad row with file, line, column and reason, on standard error."""
    title = say("Nothing was imported: {count} to put right", count=len(problems))
    screen = console(error=True)
    screen.print(_findings_table(title, problems, files))
    if len(problems) > _ROWS_SHOWN:
        screen.print(say("… and {count} more", count=len(problems) - _ROWS_SHOWN), markup=False)


def _findings_table(title: str, findings: "Sequence[Finding]", files: "dict[str, Path | None] | None" = None) -> Table:
    table = make_table(title, *([say("file")] if files else []), say("line"), say("column"), say("reason"))
    for finding in findings[:_ROWS_SHOWN]:
        path = files.get(finding.file) if files else None
        cells = [str(finding.line or "–"), finding.column or "–", _sentence(finding)]
        table.add_row(*(Text(cell) for cell in ([path.name if path else "–"] if files else []) + cells))
    return table


def _print_report(report: "ImportReport") -> None:
    screen = console()
    title = say("Dry run: nothing was written") if report.dry_run else say("Catalogue imported")
    table = make_table(title, "", say("created"), say("updated"), say("unchanged"), say("deactivated"))
    for name, counts in ((say("pages"), report.entries), (say("products"), report.products)):
        table.add_row(name, *(str(counts.get(outcome, 0)) for outcome in _OUTCOMES))
    screen.print(table)
    screen.print(say("Pictures beside the file: {count}", count=report.images_copied), markup=False)
    if report.images_listed:
        sentence = "Pictures on the web: {count}, listed. Fetch them with: vivr catalogue fetch-images"
        screen.print(say(sentence, count=len(report.images_listed)), markup=False)
        _print_some(report.images_listed)
    if report.made_skus:
        screen.print(say("SKUs made from handle and options: {count}", count=len(report.made_skus)), markup=False)
        _print_some(report.made_skus)
    if report.notices:
        screen.print(_findings_table(say("Worth knowing: {count}", count=len(report.notices)), report.notices))
        if len(report.notices) > _ROWS_SHOWN:
            screen.print(say("… and {count} more", count=len(report.notices) - _ROWS_SHOWN), markup=False)


def _print_some(lines: Sequence[str]) -> None:
    screen = console()
    for line in lines[:_ROWS_SHOWN]:
        screen.print(Text(f"  {line}"))
    if len(lines) > _ROWS_SHOWN:
        screen.print(say("… and {count} more", count=len(lines) - _ROWS_SHOWN), markup=False)
