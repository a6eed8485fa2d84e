"""``/``: the list of what is on offer, with its first entry shown large."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from vivr.catalogue.model import CatalogueEntry
from vivr.catalogue.reading import list_entries
from vivr.web.rendering import render_page
from vivr.web.storefront.frames import read_frame
from vivr.web.visit import visit_of

_PART: Final = 24
"""Entries shown at once: rows of two, three and four all end full."""
_CURSOR_LENGTH_MAX: Final = 1000


async def show_catalogue(request: Request) -> Response:
    """The first part of the list, or the one after ``?after=``."""
    visit = visit_of(request)
    shop = visit.shop
    after = request.query_params.get("after", "")[:_CURSOR_LENGTH_MAX] or None
    async with shop.database.transaction("list_entries") as tx:
        listed = await list_entries(
            tx,
            locale=visit.locale,
            currency=shop.settings.payment_currency,
            after=after,
            limit=_PART,
        )
    hero = listed.items[0] if listed.items and after is None else None
    frame = await read_frame(visit, query=urlencode({"after": after}) if after else "")
    return render_page(
        "storefront/catalogue.html",
        frame,
        hero=hero,
        hero_words=_first_sentences(hero) if hero else "",
        entries=listed.items,
        next_cursor=listed.next_cursor,
        is_first=after is None,
    )


def _first_sentences(entry: CatalogueEntry) -> str:
    """The first paragraph of a description."""
    return entry.description_text.partition("\n")[0]
