"""Chain the rows that were committed since the last turn, and verify what is chained."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from vivr.audit import store
from vivr.audit.model import GENESIS, Head, link_hash
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
    async with database.transaction("end_of_chain") as tx:
        end = await store.last_link(tx)
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
            # A link whose row was removed joins none, so at the end of the chain only its own number tells.
            return sequence + 1 if end is not None and sequence < end.sequence else None


async def head_of_chain(database: Database) -> Head:
    """The end of the chain, to be kept where nobody who may change the database can."""
    async with database.transaction("head_of_chain") as tx:
        end = await store.sealed_end(tx)
    if end is None:
        return Head(0, GENESIS.hex(), 0, None)
    return Head(end.sequence, end.hash.hex(), end.rows, end.at.isoformat() if end.at else None)


async def first_break(database: Database, heads: Sequence[Head]) -> int | None:
    """From which row on the chain is not to be trusted, or None if it verifies and leads to every head.

    A chain that was computed anew fits in itself; between the last head that it leads to and the first that it does
    not, everything may have been changed.

    Args:
        database: where the chain is.
        heads: what was exported before, in the chain's order.
    """
    broken = await verify_chain(database)
    async with database.transaction("compare_heads") as tx:
        links = await store.links_at(tx, [head.sequence for head in heads])
    hashes = {0: GENESIS.hex()} | {link.sequence: link.hash.hex() for link in links}
    trusted = 0
    for head in heads:
        if hashes.get(head.sequence) != head.hash:
            return trusted + 1 if broken is None else min(broken, trusted + 1)
        trusted = head.sequence
    return broken
