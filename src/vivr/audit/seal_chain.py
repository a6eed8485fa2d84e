"""Chain the rows that were committed since the last turn, and verify what is chained."""

from dataclasses import asdict
from typing import Final

from vivr.audit import store
from vivr.audit.model import GENESIS, link_hash
from vivr.database import Database

_BATCH: Final = 500


async def seal_chain(database: Database) -> int:
    """Add a link for every unchained row, at most one batch; how many were added.

    Rows are chained in the order in which the sealer sees them: a transaction that commits late gets a later link.
    """
    async with database.transaction("seal_chain") as tx:
        if not await store.try_lock_sealer(tx):
            return 0
        last = await store.last_link(tx)
        sequence, previous = (last.sequence, last.hash) if last else (0, GENESIS)
        links: list[store.Link] = []
        for row in await store.unsealed_rows(tx, _BATCH):
            sequence, previous = sequence + 1, link_hash(previous, asdict(row))
            links.append(store.Link(sequence, row.id, previous))
        await store.insert_links(tx, links)
    return len(links)


async def verify_chain(database: Database) -> int | None:
    """The sequence number of the first link that does not fit, or None if the whole chain does."""
    previous, sequence = GENESIS, 0
    while True:
        async with database.transaction("verify_chain") as tx:
            piece = await store.chain_after(tx, sequence, _BATCH)
        for linked in piece:
            fields = asdict(linked)
            fields.pop("sequence")
            fields.pop("hash")
            previous = link_hash(previous, fields)
            if linked.sequence != sequence + 1 or linked.hash != previous:
                return linked.sequence
            sequence = linked.sequence
        if len(piece) < _BATCH:
            return None
