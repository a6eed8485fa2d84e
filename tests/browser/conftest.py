"""A whole shop as processes with the example catalogue, and Chromium in front of it."""

import asyncio
import secrets
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from psycopg import sql

from browser.chromium import chromium_arguments, chromium_path
from cluster import database_at
from flows.stack import Stack, start_stack
from vivr.catalogue.import_file import import_file
from vivr.clock import SystemClock
from vivr.database import Database

CATALOGUE = Path(__file__).parents[2] / "examples" / "catalogue"

OpenBrowser = Callable[..., Page]
"""Opens a page in a browser of its own; the keywords are Playwright's for a context."""


@pytest.fixture(scope="session")
def stack(cluster_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The shop, its worker and a Stripe, with the example catalogue on its shelves."""
    chromium_path()
    folder = tmp_path_factory.mktemp("browser")
    name = f"browser_{secrets.token_hex(4)}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template_url))
        )
    database_url = database_at(cluster_url, name)
    asyncio.run(_fill_shelves(database_url, folder / "data" / "media"))
    with start_stack(
        folder, database_url, SHIPPING_FREE_FROM_AMOUNT="80", SHIPPING_COUNTRIES="FR,BE", SHOP_NAME="Maison"
    ) as started:
        yield started


async def _fill_shelves(database_url: str, media: Path) -> None:
    database = Database(database_url)
    await database.open()
    try:
        await import_file(
            database,
            SystemClock(),
            file=CATALOGUE / "products.csv",
            translations_file=CATALOGUE / "translations.csv",
            media=media,
            currency="EUR",
            tax_rate_bp=None,
            tax_rate_default_bp=2000,
            dry_run=False,
        )
    finally:
        await database.close()


# Playwright's synchronous driver keeps a loop running in its thread: it ends with each file, so that no asynchronous
# test elsewhere meets it.
@pytest.fixture(scope="module")
def chromium(stack: Stack) -> Generator[Browser]:
    """A headless browser."""
    assert stack.processes
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path(), args=chromium_arguments())
        yield launched
        launched.close()


@pytest.fixture
def open_browser(chromium: Browser, stack: Stack) -> Generator[OpenBrowser]:
    """Opens browsers that must meet no script error, no refused policy and no address but the shop's and Stripe's."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(**options: Any) -> Page:
        wished: dict[str, Any] = {"base_url": stack.shop_url, "locale": "fr-FR", **options}
        context = chromium.new_context(**wished)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if "Content Sec" in message.text else None)
        page.on("request", lambda request: complaints.extend(_elsewhere(request.url, stack)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _elsewhere(url: str, stack: Stack) -> list[str]:
    own = (stack.shop_url, stack.sandbox_url, "data:", "about:")
    return [] if url.startswith(own) else [url]
