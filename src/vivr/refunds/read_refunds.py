"""Read refunds for pages, the API and other rooms."""

from vivr.database import Tx
from vivr.orders.read_orders import lines_of
from vivr.refunds import store
from vivr.refunds.model import LineRest, Refund


async def find_refund(tx: Tx, refund_id: str) -> Refund | None:
    """One refund."""
    return await store.find_refund(tx, refund_id)


async def refunds_of_order(tx: Tx, order_id: str) -> list[Refund]:
    """All refunds of an order, oldest first."""
    return await store.refunds_of_order(tx, order_id)


async def open_requests(tx: Tx, limit: int = 100) -> list[Refund]:
    """What waits for staff's word, oldest first."""
    return await store.open_requests(tx, limit)


async def rests_of(tx: Tx, order_id: str) -> list[LineRest]:
    """The lines of an order, with how much of each is refunded or reserved."""
    sums = await store.line_sums(tx, order_id)
    rests: list[LineRest] = []
    for line in await lines_of(tx, order_id):
        known = sums.get(line.position)
        rests.append(
            LineRest(line)
            if known is None
            else LineRest(line, known.amount_minor, known.tax_minor, known.quantity, known.restocked_quantity)
        )
    return rests
