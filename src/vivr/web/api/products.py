"""``/api/products``: the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from vivr.catalogue.model import CatalogueEntry, CatalogueImage, Product, read_cursor
from vivr.catalogue.reading import find_entry, list_entries
from vivr.errors import InvalidInput, NotFound
from vivr.web.api.envelope import Json, JsonRoute, Success
from vivr.web.visit import Visit, visit_of

router = APIRouter(prefix="/api/products", tags=["catalogue"], route_class=JsonRoute)

_HANDLE_LENGTH_MAX = 255


class ImageOut(Json):
    """A picture: its address, smaller copies in ``srcset`` form, what it shows, its size in pixels."""

    src: str
    srcset: str
    alt: str
    width: int
    height: int


class ProductOut(Json):
    """One sellable unit; amounts are minor units of ``currency``, VAT included; ``available`` counts units."""

    product_id: str
    sku: str
    options: dict[str, str]
    amount: int
    compare_at_amount: int | None
    currency: str
    available: int


class EntryOut(Json):
    """One page of the catalogue; ``description`` is plain text."""

    handle: str
    title: str
    description: str
    images: list[ImageOut]
    products: list[ProductOut]


class EntriesOut(Json):
    """A part of the list; ``nextCursor`` is null on the last one."""

    items: list[EntryOut]
    next_cursor: str | None


@router.get("", summary="List the catalogue")
async def list_products(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    currency: Annotated[str | None, Query(description="The shop's currency; no other is sold in.")] = None,
) -> Success[EntriesOut]:
    """Published entries in the merchant's order, in the language of Accept-Language."""
    visit = visit_of(request)
    sold_in = _currency(visit, currency)
    if cursor is not None and read_cursor(cursor) is None:
        raise InvalidInput({"cursor": "cursor_malformed"})
    async with visit.shop.database.transaction("list_products") as tx:
        page = await list_entries(tx, locale=visit.locale, currency=sold_in, after=cursor, limit=limit)
    return Success(data=EntriesOut(items=[_entry(entry) for entry in page.items], next_cursor=page.next_cursor))


@router.get("/{handle}", summary="One entry of the catalogue")
async def show_product(request: Request, handle: str, currency: str | None = None) -> Success[EntryOut]:
    """An entry with its products."""
    visit = visit_of(request)
    sold_in = _currency(visit, currency)
    if len(handle) > _HANDLE_LENGTH_MAX or not handle.isprintable():
        raise NotFound("product_not_found")
    async with visit.shop.database.transaction("show_product") as tx:
        entry = await find_entry(tx, handle=handle, locale=visit.locale, currency=sold_in)
    if entry is None:
        raise NotFound("product_not_found")
    return Success(data=_entry(entry))


def _currency(visit: Visit, asked: str | None) -> str:
    sold_in = visit.shop.settings.payment_currency
    if asked is not None and asked != sold_in:
        raise InvalidInput({"currency": "currency_not_offered"})
    return sold_in


def _entry(entry: CatalogueEntry) -> EntryOut:
    return EntryOut(
        handle=entry.handle,
        title=entry.title,
        description=entry.description_text,
        images=[_image(image) for image in entry.images],
        products=[_product(product) for product in entry.products],
    )


def _image(image: CatalogueImage) -> ImageOut:
    urls = image.urls
    return ImageOut(src=urls.src, srcset=urls.srcset, alt=image.alt, width=image.width, height=image.height)


def _product(product: Product) -> ProductOut:
    return ProductOut(
        product_id=product.product_id,
        sku=product.sku,
        options=dict(product.options),
        amount=product.price.amount_minor,
        compare_at_amount=product.compare_at.amount_minor if product.compare_at else None,
        currency=product.price.currency,
        available=product.available,
    )
