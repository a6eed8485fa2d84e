"""Post one balanced entry in the caller's transaction. Every room may call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.database import Tx
from vivr.ids import new_entry_id
from vivr.ledger import store
from vivr.ledger.model import Posting, is_balanced


@dataclass(frozen=True, slots=True)
class EntrySource:
    """What an entry stands for: posted once per Stripe object and kind."""

    account: str
    livemode: bool
    object_id: str
    kind: str
    order_id: str | None
    payment_id: str | None


async def is_posted(tx: Tx, source: EntrySource) -> bool:
    """Whether this object and kind was posted."""
    return await store.is_posted(
        tx, account=source.account, livemode=source.livemode, object_id=source.object_id, kind=source.kind
    )


async def post_entry(tx: Tx, at: datetime, source: EntrySource, postings: Sequence[Posting]) -> bool:
    """Post an entry; False if this object and kind was posted before, and then nothing changes.

    Raises:
        ValueError: the postings do not balance, or there are none: a bug in the model.
    """
    if not postings or not is_balanced(postings):
        raise ValueError(f"unbalanced entry for {source.object_id}")
    entry_id = new_entry_id(at)
    is_new = await store.insert_entry(
        tx,
        id=entry_id,
        account=source.account,
        livemode=source.livemode,
        object_id=source.object_id,
        kind=source.kind,
        order_id=source.order_id,
        payment_id=source.payment_id,
        at=at,
    )
    if is_new:
        await store.insert_postings(tx, entry_id, postings)
    return is_new
