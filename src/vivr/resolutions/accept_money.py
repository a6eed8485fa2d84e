"""Accept held money: it a named person lets it settle its order, or one placed anew from the frozen lines."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.customers.contact import find_contact, keep_contact
from vivr.database import Database, Tx
from vivr.errors import Conflict, Forbidden
from vivr.ids import new_order_id
from vivr.money_exceptions.decide import end_by_acceptance
from vivr.money_exceptions.model import Action, MoneyException, Resolution, refuse
from vivr.money_exceptions.read_exceptions import find_exception
from vivr.orders.model import Order, OrderState
from vivr.orders.move_order import lock_order
from vivr.orders.place_again import hold_again, place_again
from vivr.payments.accept_payment import accept_payment
from vivr.refunds.model import ENDED, STAFF
from vivr.refunds.read_refunds import refunds_of_order
from vivr.resolutions.lock_held import Held, lock_held
from vivr.resolutions.model import ResolutionTerms, check_acceptance
from vivr.sealing import Seals

_log: Final = structlog.stdlib.get_logger("vivr.resolutions")


async def accept_money(
    database: Database, clock: Clock, seals: Seals, caller: Caller, terms: ResolutionTerms, exception_id: str
) -> MoneyException:
    """Let it settle an order; the exception as it stands then. What was accepted stays so.

    A waiting order is settled as it is. A cancelled one stays cancelled: its frozen lines become a new order, for which
    the stock is taken anew.

    Raises:
        NotFound: ``exception_not_found``.
        Forbidden: only staff may, by name: no rule and no system part.
        Conflict: what ``money_exceptions.model.refuse`` and ``check_acceptance`` say, or ``insufficient_stock``: then
            nothing changed, and the money can still be given back.
    """
    if caller.role not in STAFF:
        raise Forbidden
    crash_point("exception.before_accept")
    async with database.transaction("accept_money") as tx:
        known = await find_exception(tx, exception_id)
        if known is not None and known.resolution == Resolution.ACCEPTED:
            return known
        # First, because orders are locked before payments; whatever is refused below takes it along.
        placed = await _place_again(tx, clock, caller, known)
        held = await lock_held(tx, exception_id)
        refusal = refuse(held.exception, Action.ACCEPT) or await _check_order(tx, held)
        if refusal is not None:
            raise refusal
        accepted = await _accept(tx, clock, seals, caller, terms, held, placed)
        crash_point("exception.in_accept")
    crash_point("exception.after_accept")
    _log.info("money_exception.accepted", exception=exception_id, order=accepted.accepted_order_id)
    return accepted


async def _place_again(tx: Tx, clock: Clock, caller: Caller, known: MoneyException | None) -> Order | None:
    order = await lock_order(tx, known.order_id) if known is not None and known.order_id is not None else None
    if order is None or order.state != OrderState.CANCELLED:
        return None
    now = clock.now()
    return await place_again(tx, caller, now, order, new_order_id(now))


async def _check_order(tx: Tx, held: Held) -> Conflict | None:
    if held.order is None:
        return Conflict("accept_unknown_order", exception=held.exception.id)
    return check_acceptance(held.exception, held.order) or await _check_refunds(tx, held, held.order)


async def _accept(
    tx: Tx, clock: Clock, seals: Seals, caller: Caller, terms: ResolutionTerms, held: Held, placed: Order | None
) -> MoneyException:
    now = clock.now()
    assert held.order is not None
    if placed is not None:
        contact = await find_contact(tx, seals, held.order.id)
        if contact is not None:
            await keep_contact(tx, seals, placed.id, contact, now + terms.contact_retention)
        await hold_again(tx, placed, held.order)
    settled = await accept_payment(tx, caller, now, placed or held.order, held.exception, held.payment)
    return await end_by_acceptance(tx, caller, now, held.exception, settled.id)


async def _check_refunds(tx: Tx, held: Held, order: Order) -> Conflict | None:
    """A wish to have it refunded has to be declined first: it names the order that the money was meant for."""
    waiting = [
        refund
        for refund in await refunds_of_order(tx, order.id)
        if held.payment is not None and refund.payment_id == held.payment.id and refund.state not in ENDED
    ]
    return Conflict("accept_partly_returned", exception=held.exception.id) if waiting else None
