"""Place an order: today's prices, stock reserved, everything frozen, in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from vivr.caller import Caller
from vivr.catalogue.model import Product
from vivr.catalogue.reading import find_products
from vivr.catalogue.stock import reserve_stock
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.customers.contact import Contact, keep_contact
from vivr.database import Database, Tx
from vivr.errors import Conflict, NotFound, VivrError
from vivr.ids import OrderId, PersonId, ProductId
from vivr.orders import store
from vivr.orders.model import BasketItem, Order, PricedOrder, PricingTerms, insufficient_stock, price_order
from vivr.orders.move_order import record_history
from vivr.sealing import Seals

SettleFreeOrder: TypeAlias = Callable[[Tx, Caller, Order], Awaitable[Order]]
"""Settles an order whose total is zero, in the transaction that places it."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What somebody wants to buy, and where it goes."""

    items: tuple[BasketItem, ...]
    contact: Contact
    locale: str
    return_origin: str
    person_id: PersonId | None = None


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What the merchant has decided about orders."""

    pricing: PricingTerms
    lifetime: timedelta
    contact_retention: timedelta


async def place_order(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: OrderTerms,
    order_id: OrderId,
    request: OrderRequest,
    *,
    settle_free: SettleFreeOrder,
) -> Order:
    """Place an order under an id that the caller chose before; placing the same id again gives the order as it is.

    Raises:
        InvalidInput: the basket is malformed, or a product is not sold.
        Conflict: ``price_changed`` or ``insufficient_stock``; nothing changed.
        Refusal: ``amount_below_minimum``, ``amount_above_maximum`` or ``amount_not_whole``; nothing changed.
    """
    crash_point("order.before_place")
    try:
        async with database.transaction("place_order") as tx:
            placed = await _find_own(tx, caller, order_id)
            if placed is not None:
                return placed
            products = await _find_products(tx, terms, request)
            priced = price_order(request.items, products, terms.pricing)
            if isinstance(priced, VivrError):
                raise priced
            order = await _insert(tx, clock, seals, caller, terms, order_id, request, products, priced)
            if order.payable.is_zero:
                order = await settle_free(tx, caller, order)
    except Conflict:
        # A concurrent repeat of this very request may have placed it, and with it taken the last units.
        async with database.transaction("find_placed") as tx:
            placed = await _find_own(tx, caller, order_id)
        if placed is None:
            raise
        return placed
    crash_point("order.after_place")
    return order


async def _find_own(tx: Tx, caller: Caller, order_id: OrderId) -> Order | None:
    placed = await store.find_order(tx, order_id)
    if placed is not None and placed.principal != caller.actor:
        raise NotFound("order_not_found")
    return placed


async def _find_products(tx: Tx, terms: OrderTerms, request: OrderRequest) -> dict[ProductId, Product]:
    product_ids = [item.product_id for item in request.items]
    return await find_products(tx, product_ids, currency=terms.pricing.currency, locale=request.locale)


async def _reserve(tx: Tx, terms: OrderTerms, request: OrderRequest, products: Mapping[ProductId, Product]) -> None:
    quantities = {item.product_id: item.quantity for item in request.items}
    reserved = await reserve_stock(tx, quantities)
    for product_id in quantities:
        if product_id not in reserved:
            # Someone took the last units between our reading and our reserving; the rollback frees the others.
            left = await find_products(tx, [product_id], currency=terms.pricing.currency, locale=request.locale)
            raise insufficient_stock(left.get(product_id, products[product_id]))


async def _insert(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: OrderTerms,
    order_id: OrderId,
    request: OrderRequest,
    products: Mapping[ProductId, Product],
    priced: PricedOrder,
) -> Order:
    now = clock.now()
    order = await store.insert_order(
        tx,
        id=order_id,
        principal=caller.actor,
        person_id=request.person_id,
        currency=priced.total.currency,
        locale=request.locale,
        return_origin=request.return_origin,
        subtotal_minor=priced.subtotal.amount_minor,
        shipping_minor=priced.shipping.amount_minor,
        tax_minor=priced.tax.amount_minor,
        total_minor=priced.total.amount_minor,
        placed_at=now,
        deadline_at=now + terms.lifetime,
        request_id=caller.request_id,
    )
    if order is None:
        # The same id was placed by a concurrent repeat, whose transaction committed while ours waited.
        raise Conflict("request_in_flight")
    # The lines refer to the products, which shares their rows in no order, so the products are locked by id before.
    await _reserve(tx, terms, request, products)
    await store.insert_lines(tx, order_id, priced.lines)
    await store.insert_reservations(tx, order_id, {item.product_id: item.quantity for item in request.items})
    await keep_contact(tx, seals, order_id, request.contact, now + terms.contact_retention)
    await record_history(tx, caller, now, order, start=None, reason="placed")
    return order
