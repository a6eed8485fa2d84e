"""Use case: bring the catalogue to what a product file says, in one transaction, or change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.catalogue import import_store
from vivr.catalogue.content import Picture
from vivr.catalogue.findings import Finding
from vivr.catalogue.images import Progress
from vivr.catalogue.parsed import ParsedCatalogue
from vivr.catalogue.planning import Outcome, Plan, Wish, plan_import
from vivr.catalogue.shopify_translations import ParsedTranslations
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import Conflict, Refusal
from vivr.ids import new_product_id


class CatalogueRefused(Refusal):
    """A file is wrong somewhere; nothing was imported.

    Attributes:
        problems: everything that is wrong, by line.
    """

    def __init__(self, problems: Sequence[Finding]) -> None:
        super().__init__("catalogue_refused", problems=len(problems))
        self.problems: list[Finding] = list(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        dry_run: whether nothing was written.
        entries: pages by what became of them.
        products: sellable units by what became of them; those that the file does not name count as unchanged.
        made_skus: SKUs made from handle and options, because the file has none.
        images_copied: pictures beside the file.
        images_listed: http addresses whose pictures are not here yet.
        notices: what is worth knowing.
    """

    dry_run: bool
    entries: Mapping[Outcome, int]
    products: Mapping[Outcome, int]
    made_skus: Sequence[str]
    images_copied: int
    images_listed: Sequence[str]
    notices: Sequence[Finding]


async def import_products(
    database: Database,
    clock: Clock,
    *,
    parsed: ParsedCatalogue,
    translations: ParsedTranslations | None,
    pictures: Mapping[str, Picture],
    currency: str,
    tax_rate_bp: int | None,
    tax_rate_default_bp: int,
    dry_run: bool,
    progress: Progress | None = None,
) -> ImportReport:
    """Create and change entries, products, prices, texts and stock.

    The file's quantity is what can be sold: the stock becomes that plus what orders hold, which is never touched.

    Args:
        database: opens the one transaction.
        clock: the time of the change.
        parsed: the product file.
        translations: the translation file, if there is one.
        pictures: pictures beside the file by source, already in the media folder (or to be, in a dry run).
        currency: upper-case ISO 4217 code of the file's prices.
        tax_rate_bp: VAT in basis points for all taxed products of the file; None keeps each one's own.
        tax_rate_default_bp: VAT of new products where ``tax_rate_bp`` is None.
        dry_run: decide and report, but write nothing.
        progress: told after each kind of row.

    Raises:
        CatalogueRefused: a file has a problem.
        Conflict: another import is running (``import_running``).
    """
    problems = [*parsed.problems, *(translations.problems if translations is not None else ())]
    if problems:
        raise CatalogueRefused(problems)
    async with database.transaction("catalogue.import_products") as tx:
        if not await import_store.lock_imports(tx):
            raise Conflict("import_running")
        skus = [product.sku for product in parsed.products]
        stored = await import_store.read_stored(
            tx, handles=[entry.handle for entry in parsed.entries], skus=skus, currency=currency
        )
        wish = Wish(
            parsed=parsed,
            translations=translations,
            pictures=pictures,
            ids={sku: new_product_id(clock.now()) for sku in skus if sku not in stored.products},
            tax_rate_bp=tax_rate_bp,
            tax_rate_default_bp=tax_rate_default_bp,
        )
        plan = plan_import(wish, stored)
        if not dry_run:
            await _write(tx, plan, currency, clock.now(), progress)
    return ImportReport(
        dry_run=dry_run,
        entries=dict(plan.entry_outcomes),
        products=dict(plan.product_outcomes),
        made_skus=[product.sku for product in parsed.products if product.sku_made],
        images_copied=len(pictures),
        images_listed=plan.images_unfetched,
        notices=[*parsed.notices, *(translations.notices if translations is not None else ()), *plan.notices],
    )


async def _write(tx: Tx, plan: Plan, currency: str, at: datetime, progress: Progress | None) -> None:
    """Write the plan's rows, each kind after what it refers to."""
    images = [image for images in plan.images.values() for image in images]
    priced = [*plan.products_new, *plan.products_changed]
    steps = (
        lambda: import_store.write_entries(tx, plan.entries, at),
        lambda: import_store.write_entry_texts(tx, plan.entry_texts),
        lambda: import_store.replace_images(tx, list(plan.images), images),
        lambda: import_store.insert_products(tx, plan.products_new, at),
        lambda: import_store.update_products(tx, plan.products_changed, at),
        lambda: import_store.retire_products(tx, plan.products_retired, at),
        lambda: import_store.write_prices(tx, priced, currency),
        lambda: import_store.write_product_texts(tx, plan.product_texts, plan.product_texts_stale),
    )
    for done, step in enumerate(steps, start=1):
        await step()
        if progress is not None:
            progress(done, len(steps))
