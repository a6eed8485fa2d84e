"""What the demo's shop needs before it opens: an up-to-date database, something to sell, and staff."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import vivr
from vivr.caller import system_caller
from vivr.catalogue.reading import list_entries
from vivr.cli.language import say
from vivr.clock import SystemClock
from vivr.customers.accounts import AccountRequest, AccountTerms
from vivr.customers.staff import add_staff
from vivr.database import Database
from vivr.errors import Conflict
from vivr.ids import new_request_id
from vivr.migrate import migrate
from vivr.sealing import Seals
from vivr.settings import Settings

EXAMPLE: Final = Path(vivr.__file__).parents[2] / "examples" / "catalogue"
"""The example catalogue of a source checkout."""

Tell = Callable[[str], None]


def prepare_shop(settings: Settings, staff: tuple[str, str], tell: Tell) -> list[str]:
    """Migrate, import the example catalogue where there is none, and make the staff account once.

    Args:
        settings: with a DATABASE_URL.
        staff: e-mail address and password of the account.
        tell: told what is being done.

    Returns:
        What the person should know.
    """
    secret = settings.database_url_direct or settings.database_url
    assert secret is not None
    tell(say("Bringing the database up to date"))
    migrate(secret.reveal())
    return asyncio.run(_prepare(settings, staff, tell))


async def _prepare(settings: Settings, staff: tuple[str, str], tell: Tell) -> list[str]:
    assert settings.database_url is not None
    database = Database(settings.database_url.reveal(), pool_max=2)
    await database.open()
    try:
        await _make_staff_once(database, settings, staff)
        return await _import_example_once(database, settings, tell)
    finally:
        await database.close()


async def _make_staff_once(database: Database, settings: Settings, staff: tuple[str, str]) -> None:
    clock = SystemClock()
    email, password = staff
    request = AccountRequest(email=email, password=password, name="Admin", locale="fr")
    try:
        await add_staff(
            database,
            clock,
            Seals([key.reveal() for key in settings.secret_key]),
            system_caller("demo", new_request_id(clock.now())),
            AccountTerms(settings.shop_name, settings.data_retention),
            request,
            role="owner",
        )
    except Conflict:
        return  # made by an earlier start


async def _import_example_once(database: Database, settings: Settings, tell: Tell) -> list[str]:
    currency = settings.payment_currency
    async with database.transaction("demo.look_for_products") as tx:
        page = await list_entries(tx, locale="fr", currency=currency, after=None, limit=1)
    if page.items:
        return []
    if currency != "EUR" or not (EXAMPLE / "products.csv").is_file():
        return [say("The catalogue is empty: vivr catalogue import FILE.csv fills it.")]
    # Only a first start pays for loading what reads files and pictures.
    from vivr.catalogue.import_file import import_file  # noqa: PLC0415
    from vivr.catalogue.model import MEDIA_FOLDER  # noqa: PLC0415

    tell(say("Importing the example catalogue"))
    await import_file(
        database,
        SystemClock(),
        file=EXAMPLE / "products.csv",
        translations_file=EXAMPLE / "translations.csv",
        media=settings.vivr_data / MEDIA_FOLDER,
        currency=currency,
        tax_rate_bp=None,
        tax_rate_default_bp=settings.tax_default_rate_bp,
        dry_run=False,
    )
    return []
