"""The ledger in the database: balanced or refused at commit, posted once per object and kind, never changed."""

import pytest

from money_rows import add, add_order, ask, change, put
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.ledger.model import LedgerAccount, Posting, held_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.ledger.read_ledger import postings_of_order
from vivr.money import Money

SOURCE = EntrySource("acct_1", livemode=False, object_id="ch_1", kind="capture", order_id=None, payment_id=None)


def euros(amount_minor: int) -> Money:
    """Cents."""
    return Money(amount_minor, "EUR")


async def post(database: Database, clock: SetClock, source: EntrySource = SOURCE, amount_minor: int = 100) -> bool:
    """Post an entry."""
    async with database.transaction() as tx:
        return await post_entry(tx, clock.now(), source, held_postings(euros(amount_minor)))


async def test_an_object_is_posted_once_per_kind_account_and_mode(database: Database, clock: SetClock) -> None:
    assert await post(database, clock)
    assert not await post(database, clock, amount_minor=999)
    assert await ask(database, "SELECT amount_minor FROM ledger_posting ORDER BY position") == [
        {"amount_minor": 100},
        {"amount_minor": -100},
    ]
    for other in (
        EntrySource("acct_1", livemode=False, object_id="ch_1", kind="refund", order_id=None, payment_id=None),
        EntrySource("acct_1", livemode=True, object_id="ch_1", kind="capture", order_id=None, payment_id=None),
        EntrySource("acct_2", livemode=False, object_id="ch_1", kind="capture", order_id=None, payment_id=None),
    ):
        assert await post(database, clock, other)
    assert len(await ask(database, "SELECT id FROM ledger_entry")) == 4


async def test_what_does_not_balance_is_a_bug_before_it_reaches_the_database(
    database: Database, clock: SetClock
) -> None:
    for postings in ([], [Posting(LedgerAccount.SALES, euros(1))], [Posting(LedgerAccount.SALES, euros(0))][:0]):
        with pytest.raises(ValueError, match="unbalanced"):
            async with database.transaction() as tx:
                await post_entry(tx, clock.now(), SOURCE, postings)
    assert await ask(database, "SELECT id FROM ledger_entry") == []


@pytest.mark.parametrize(
    "postings",
    [
        [],
        [("EUR", 1)],
        [("EUR", 5), ("EUR", -4)],
        [("EUR", 5), ("USD", -5)],
        [("EUR", 5), ("EUR", -5), ("USD", 1)],
    ],
)
async def test_the_database_refuses_an_unbalanced_entry_at_commit(
    database: Database, clock: SetClock, postings: list[tuple[str, int]]
) -> None:
    steps = 0

    async def write() -> None:
        nonlocal steps
        async with database.transaction() as tx:
            await add(tx, "ledger_entry", **vars_of(SOURCE), id="ent_1", at=clock.now())
            for position, (currency, amount_minor) in enumerate(postings, start=1):
                await add(tx, "ledger_posting", **posting_of("ent_1", position, currency, amount_minor))
                steps += 1

    with pytest.raises(ConstraintViolated, match="entry_unbalanced"):
        await write()
    assert steps == len(postings)
    assert await ask(database, "SELECT id FROM ledger_entry") == []


async def test_nothing_can_be_added_to_a_posted_entry_that_would_unbalance_it(
    database: Database, clock: SetClock
) -> None:
    await post(database, clock)
    entry_id = (await ask(database, "SELECT id FROM ledger_entry"))[0]["id"]
    with pytest.raises(ConstraintViolated, match="entry_unbalanced"):
        async with database.transaction() as tx:
            await add(tx, "ledger_posting", **posting_of(entry_id, 3, "EUR", 1))
    assert len(await ask(database, "SELECT position FROM ledger_posting")) == 2


def vars_of(source: EntrySource) -> dict[str, object]:
    """Its columns."""
    return {
        "account": source.account,
        "livemode": source.livemode,
        "object_id": source.object_id,
        "kind": source.kind,
        "order_id": source.order_id,
        "payment_id": source.payment_id,
    }


def posting_of(entry_id: str, position: int, currency: str, amount_minor: int) -> dict[str, object]:
    """The columns of a posting."""
    return {
        "entry_id": entry_id,
        "position": position,
        "ledger_account": "sales",
        "currency": currency,
        "amount_minor": amount_minor,
    }


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"amount_minor": 0}, "ledger_posting_not_zero"),
        ({"currency": "eur"}, "ledger_posting_currency_form"),
        ({"entry_id": "ent_nobody"}, "ledger_posting_entry_exists"),
    ],
)
async def test_the_database_refuses_a_posting_that_cannot_be(
    database: Database, clock: SetClock, columns: dict[str, object], constraint: str
) -> None:
    await post(database, clock)
    entry_id = (await ask(database, "SELECT id FROM ledger_entry"))[0]["id"]
    with pytest.raises(ConstraintViolated) as refused:
        async with database.transaction() as tx:
            await add(tx, "ledger_posting", **posting_of(entry_id, 3, "EUR", 1) | columns)
    assert refused.value.constraint == constraint


async def test_postings_are_found_with_their_order(database: Database, clock: SetClock) -> None:
    order_id = await add_order(database, clock)
    source = EntrySource("acct_1", livemode=False, object_id="ch_1", kind="capture", order_id=order_id, payment_id=None)
    await post(database, clock, source)
    async with database.transaction() as tx:
        found = await postings_of_order(tx, order_id)
    assert [(line.ledger_account, line.amount_minor, line.object_id) for line in found] == [
        ("fx_clearing", 100, "ch_1"),
        ("held_for_customers", -100, "ch_1"),
    ]


APPEND_ONLY = {
    "ledger_entry": "kind",
    "ledger_posting": "currency",
    "audit_row": "actor",
    "audit_link": "hash",
    "order_history": "reason",
    "order_line": "title",
}


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_was_written_for_good_is_not_changed_deleted_or_emptied(
    database: Database, clock: SetClock, table: str
) -> None:
    await fill(database, clock)
    before = await ask(database, f"SELECT * FROM {table}")  # noqa: S608 - the parameters of this test
    assert before
    for statement in (
        f"UPDATE {table} SET {APPEND_ONLY[table]} = {APPEND_ONLY[table]}",  # noqa: S608 - the same
        f"DELETE FROM {table}",  # noqa: S608 - the same
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(ConstraintViolated) as refused:
            await change(database, statement)
        assert (refused.value.code, refused.value.constraint) == ("append_only", f"{table}_append_only")
    assert await ask(database, f"SELECT * FROM {table}") == before  # noqa: S608 - the same


async def test_emptying_the_orders_does_not_empty_the_books(database: Database, clock: SetClock) -> None:
    await fill(database, clock)
    with pytest.raises(ConstraintViolated, match="append_only"):
        await change(database, "TRUNCATE orders CASCADE")
    assert len(await ask(database, "SELECT id FROM ledger_entry")) == 1


async def fill(database: Database, clock: SetClock) -> None:
    """One row in each table that only grows."""
    order_id = await add_order(database, clock)
    await post(database, clock)
    async with database.transaction() as tx:
        await put(
            tx,
            """
            INSERT INTO audit_row (at, actor, role, action, object_type, object_id, outcome, request_id)
            VALUES (now(), 'system:test', 'system', 'tested', 'order', %s, 'done', 'req_1')
            """,
            order_id,
        )
        await put(tx, "INSERT INTO audit_link (sequence, audit_id, hash) SELECT 1, id, '' FROM audit_row")
        await put(
            tx,
            """
            INSERT INTO order_history (order_id, to_state, reason, actor, request_id, at)
            VALUES (%s, 'PENDING', 'placed', 'guest:1', 'req_1', now())
            """,
            order_id,
        )
        await put(
            tx,
            """
            INSERT INTO order_line (order_id, position, kind, sku, title, quantity, unit_minor, discount_minor,
                                    amount_minor, tax_rate_bp, net_minor, tax_minor)
            VALUES (%s, 1, 'shipping', 'shipping', 'Livraison', 1, 490, 0, 490, 2000, 408, 82)
            """,
            order_id,
        )
