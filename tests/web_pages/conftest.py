"""A small shelf on a real database, and a browser without scripts that fills in forms."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
import pytest

from sandbox.harness import ServerThread
from shop_kit import Kit, make_settings, open_kit
from stripe_sandbox import Options
from vivr.bootstrap import Shop, open_shop
from web_pages.visitors import NOWHERE, visitor_of

SHELF: LiteralString = """
    INSERT INTO catalogue_entry VALUES
        ('coussin', 0, 'Coussin <en> lin', '<p>Un coussin doux.</p><p>Lavable.</p>', 'Tissages', 'Linge', '{}',
            '{Couleur,Taille}', true, now(), now()),
        ('theiere', 1, 'Théière', '<p>Une théière</p>', '', '', '{}', '{}', true, now(), now()),
        ('vase', 2, 'Vase', '', '', '', '{}', '{Taille}', true, now(), now());
    INSERT INTO catalogue_entry_text VALUES ('coussin', 'en', 'Linen cushion', '<p>Soft.</p>', '{Colour,Size}');
    INSERT INTO catalogue_image VALUES ('coussin', 1, 'ab12.jpg', 'ab12.jpg', 'Un coussin ocre', 1200, 900);
    INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, image_position,
        stock_on_hand, stock_reserved, updated_at)
    VALUES ('prd_ocre40', 'O40', 'coussin', 0, '{Ocre,40}', true, 2000, 500, 1, 9, 0, now()),
        ('prd_ocre50', 'O50', 'coussin', 1, '{Ocre,50}', true, 2000, 500, 1, 9, 0, now()),
        ('prd_gris40', 'G40', 'coussin', 2, '{Gris,40}', true, 2000, 500, 1, 2, 0, now()),
        ('prd_theiere', 'T', 'theiere', 0, '{}', true, 2000, 500, NULL, 3, 0, now()),
        ('prd_petit', 'VP', 'vase', 0, '{Petit}', true, 2000, 500, NULL, 0, 0, now());
    INSERT INTO product_text VALUES ('prd_ocre40', 'en', '{Ochre,40}'), ('prd_ocre50', 'en', '{Ochre,50}'),
        ('prd_gris40', 'en', '{Grey,40}');
    INSERT INTO product_price SELECT id, 'EUR', 2790, NULL FROM product;
    UPDATE product_price SET amount_minor = 3290 WHERE product_id = 'prd_ocre50';
"""


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncGenerator[Shop]:
    """A shop with three entries; Stripe is not there."""
    with psycopg.connect(database_url) as connection:
        connection.execute(SHELF)
    settings = make_settings(NOWHERE, VIVR_DATA=str(tmp_path), SHOP_NAME="Essai", SHIPPING_FREE_FROM_AMOUNT="60")
    async with open_shop(settings, database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A local Stripe on a free port."""
    running = ServerThread(tmp_path_factory.mktemp("pages-sandbox"), Options(ack_wait_s=0.2))
    yield running.url
    running.stop()


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, tmp_path: Path) -> AsyncGenerator[Kit]:
    """The same shop with a Stripe that answers."""
    with psycopg.connect(database_url) as connection:
        connection.execute(SHELF)
    async with open_kit(database_url, sandbox_url, VIVR_DATA=str(tmp_path), SHOP_NAME="Essai") as opened:
        yield opened


@pytest.fixture
async def buyer(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """A visitor of the shop whose Stripe answers, with a teapot in the basket."""
    async with visitor_of(kit.shop) as client:
        await client.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "2"})
        yield client


@pytest.fixture
async def browser(shop: Shop) -> AsyncGenerator[httpx.AsyncClient]:
    """A visitor with cookies."""
    async with visitor_of(shop) as client:
        yield client
