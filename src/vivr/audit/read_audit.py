"""Read the audit trail for timelines and staff."""

from vivr.audit import store
from vivr.audit.store import AuditRow
from vivr.database import Tx


async def rows_of_order(tx: Tx, order_id: str) -> list[AuditRow]:
    """What was done about one order."""
    return await store.rows_of_order(tx, order_id)
