"""Deciding what an import changes: the file's wish beside what is stored, and the rows that differ.

Pure: it reads nothing and writes nothing, so a dry run is the same decision without its execution. Products are known
by SKU. What the file has no column for stays as it is, and so does what the file does not name, with one exception: a
product whose place on a page (the same options) is taken by another SKU is not sold any more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vivr.catalogue.content import (
    EntryContent,
    EntryTextContent,
    ImageContent,
    Picture,
    ProductContent,
    ProductTextContent,
    StoredCatalogue,
)
from vivr.catalogue.findings import Finding
from vivr.catalogue.model import LOCALES
from vivr.catalogue.parsed import ParsedCatalogue, ParsedEntry, ParsedProduct
from vivr.catalogue.shopify_translations import EntryTranslation, ParsedTranslations
from vivr.ids import ProductId

Outcome = Literal["created", "updated", "unchanged", "deactivated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an import is asked to do.

    Attributes:
        parsed: the product file, without problems.
        translations: what the translation file says, or None.
        pictures: the pictures beside the file, by source.
        ids: for every SKU of the file that is not stored a new id.
        tax_rate_bp: VAT in basis points for every taxed product; None keeps what is stored.
        tax_rate_default_bp: VAT of new products where ``tax_rate_bp`` is None.
    """

    parsed: ParsedCatalogue
    translations: ParsedTranslations | None
    pictures: Mapping[str, Picture]
    ids: Mapping[str, ProductId]
    tax_rate_bp: int | None
    tax_rate_default_bp: int


@dataclass(slots=True)
class Plan:
    """The rows to write, what becomes of each entry and product, and what is worth saying."""

    entries: list[EntryContent] = field(default_factory=list[EntryContent])
    images: dict[str, list[ImageContent]] = field(default_factory=dict[str, list[ImageContent]])
    entry_texts: list[EntryTextContent] = field(default_factory=list[EntryTextContent])
    products_new: list[ProductContent] = field(default_factory=list[ProductContent])
    products_changed: list[ProductContent] = field(default_factory=list[ProductContent])
    products_retired: list[ProductId] = field(default_factory=list[ProductId])
    product_texts: list[ProductTextContent] = field(default_factory=list[ProductTextContent])
    product_texts_stale: list[tuple[ProductId, str]] = field(default_factory=list[tuple[ProductId, str]])
    entry_outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    product_outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    images_unfetched: list[str] = field(default_factory=list[str])
    notices: list[Finding] = field(default_factory=list[Finding])


def plan_import(wish: Wish, stored: StoredCatalogue) -> Plan:
    """Compare the file with what is stored."""
    plan = Plan()
    for position, entry in enumerate(wish.parsed.entries):
        _plan_entry(plan, wish, stored, entry, position)
        for place, product in enumerate(entry.products):
            _plan_product(plan, wish, stored, entry, product, place)
    _plan_left_over(plan, wish.parsed, stored)
    return plan


# Entries


def _plan_entry(plan: Plan, wish: Wish, stored: StoredCatalogue, entry: ParsedEntry, position: int) -> None:
    before = stored.entries.get(entry.handle)
    after = _entry_after(entry, position, before)
    texts = _entry_texts(plan, wish, stored, entry, before, after)
    images_before = list(stored.images.get(entry.handle, ()))
    images = images_before if entry.images is None else _images_after(entry, images_before, wish.pictures)
    if after != before:
        plan.entries.append(after)
    if images != images_before:
        plan.images[entry.handle] = images
    plan.entry_texts.extend(texts)
    plan.images_unfetched.extend(image.source for image in images if image.file is None)
    if before is None:
        plan.entry_outcomes["created"] += 1
    elif before.published and not after.published:
        plan.entry_outcomes["deactivated"] += 1
    elif after != before or images != images_before or texts:
        plan.entry_outcomes["updated"] += 1
    else:
        plan.entry_outcomes["unchanged"] += 1


def _entry_after(entry: ParsedEntry, position: int, before: EntryContent | None) -> EntryContent:
    base = before or EntryContent(
        handle=entry.handle,
        position=position,
        title=entry.title,
        description_html="",
        vendor="",
        kind="",
        tags=[],
        option_names=[],
        published=True,
    )
    return replace(
        base,
        position=position,
        title=entry.title,
        description_html=base.description_html if entry.description_html is None else entry.description_html,
        vendor=base.vendor if entry.vendor is None else entry.vendor,
        kind=base.kind if entry.kind is None else entry.kind,
        tags=base.tags if entry.tags is None else list(entry.tags),
        option_names=base.option_names if entry.option_names is None else list(entry.option_names),
        published=base.published if entry.published is None else entry.published,
    )


def _images_after(
    entry: ParsedEntry, before: Sequence[ImageContent], pictures: Mapping[str, Picture]
) -> list[ImageContent]:
    fetched = {image.source: image for image in before}
    images: list[ImageContent] = []
    for image in entry.images or ():
        # A picture from the web keeps the file that was fetched for it.
        picture = fetched.get(image.source) if image.is_remote else pictures[image.source]
        images.append(
            ImageContent(
                handle=entry.handle,
                position=image.position,
                file=None if picture is None else picture.file,
                source=image.source,
                alt=image.alt,
                width=None if picture is None else picture.width,
                height=None if picture is None else picture.height,
            )
        )
    return images


def _entry_texts(
    plan: Plan,
    wish: Wish,
    stored: StoredCatalogue,
    entry: ParsedEntry,
    before: EntryContent | None,
    after: EntryContent,
) -> list[EntryTextContent]:
    """The changed texts in other languages. A language without any translation has no row."""
    changed: list[EntryTextContent] = []
    for locale in LOCALES:
        given = None if wish.translations is None else wish.translations.entries.get((entry.handle, locale))
        text_before = stored.entry_texts.get((entry.handle, locale))
        names_kept = before is not None and before.option_names == after.option_names
        names = _names_after(given, after, text_before.option_names if text_before and names_kept else None)
        if len(set(names)) < len(names):
            repeated = Counter(names).most_common(1)[0][0]
            plan.notices.append(Finding(entry.line, "", "translated_names_collide", repeated))
            names = after.option_names
        text = EntryTextContent(
            handle=entry.handle,
            locale=locale,
            title=(given and given.title) or (text_before and text_before.title),
            description_html=(given and given.description_html) or (text_before and text_before.description_html),
            option_names=names,
        )
        says_something = text.title or text.description_html or names != after.option_names
        if text != text_before and (text_before or says_something):
            changed.append(text)
    return changed


def _names_after(given: EntryTranslation | None, after: EntryContent, kept: list[str] | None) -> list[str]:
    names = given.option_names if given is not None else None
    if names is None or not any(names):
        return kept or after.option_names
    return [name or base for name, base in zip(names, after.option_names, strict=True)]


# Products


def _plan_product(
    plan: Plan, wish: Wish, stored: StoredCatalogue, entry: ParsedEntry, product: ParsedProduct, place: int
) -> None:
    before = stored.products.get(product.sku)
    after = _product_after(wish, entry, product, place, before)
    text_changed = _plan_product_texts(plan, wish, stored, before, after)
    if before is None:
        plan.products_new.append(after)
        plan.product_outcomes["created"] += 1
        return
    if before.handle != after.handle:
        plan.notices.append(Finding(product.line, "", "sku_moved", before.handle))
    if after != before:
        plan.products_changed.append(after)
    plan.product_outcomes["updated" if after != before or text_changed else "unchanged"] += 1


def _product_after(
    wish: Wish, entry: ParsedEntry, product: ParsedProduct, place: int, before: ProductContent | None
) -> ProductContent:
    default_rate_bp = wish.tax_rate_default_bp if before is None else before.tax_rate_bp
    rate_bp = default_rate_bp if wish.tax_rate_bp is None else wish.tax_rate_bp
    base = before or ProductContent(
        id=wish.ids[product.sku],
        sku=product.sku,
        handle=entry.handle,
        position=place,
        options=[],
        active=True,
        tax_rate_bp=rate_bp,
        grams=0,
        image_position=None,
        stock_on_hand=0,
        stock_reserved=0,
        amount_minor=None,
        compare_at_minor=None,
    )
    stock_on_hand = base.stock_on_hand if product.quantity is None else product.quantity + base.stock_reserved
    return replace(
        base,
        handle=entry.handle,
        position=place,
        options=base.options if product.options is None else list(product.options),
        active=True,
        tax_rate_bp=rate_bp if product.taxable else 0,
        grams=base.grams if product.grams is None else product.grams,
        image_position=base.image_position if entry.images is None else product.image_position,
        stock_on_hand=stock_on_hand,
        amount_minor=product.price.amount_minor,
        compare_at_minor=None if product.compare_at is None else product.compare_at.amount_minor,
    )


def _plan_product_texts(
    plan: Plan, wish: Wish, stored: StoredCatalogue, before: ProductContent | None, after: ProductContent
) -> bool:
    """Plan the option values in other languages; whether anything changes.

    A stored translation belongs to the values that it was made for, so it goes when they change.
    """
    changed = False
    for locale in LOCALES:
        text_before = stored.product_texts.get((after.id, locale))
        given = None if wish.translations is None else wish.translations.options.get((after.sku, locale))
        if given is not None and any(given):
            options = [value or base for value, base in zip(given, after.options, strict=True)]
            text = ProductTextContent(product_id=after.id, locale=locale, options=options)
            if text != text_before:
                plan.product_texts.append(text)
                changed = True
        elif text_before is not None and (before is None or before.options != after.options):
            plan.product_texts_stale.append((after.id, locale))
            changed = True
    return changed


def _plan_left_over(plan: Plan, parsed: ParsedCatalogue, stored: StoredCatalogue) -> None:
    """Products of the file's entries that the file does not name."""
    named = {product.sku for product in parsed.products}
    places = {
        (entry.handle, tuple(product.options)): product
        for entry in parsed.entries
        for product in entry.products
        if product.options is not None
    }
    for product in stored.products.values():
        if product.sku in named or not product.active:
            continue
        successor = places.get((product.handle, tuple(product.options)))
        if successor is None:
            plan.notices.append(Finding(0, "", "product_left_alone", product.sku))
            plan.product_outcomes["unchanged"] += 1
        else:
            plan.products_retired.append(product.id)
            plan.notices.append(Finding(successor.line, "", "product_replaced", product.sku))
            plan.product_outcomes["deactivated"] += 1
