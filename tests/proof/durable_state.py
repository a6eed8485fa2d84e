"""What a dead process leaves behind, as one digest: all that whoever comes after it can see.

Two ends of processes that leave the same durable state have the same future. Ids and other random words differ from run
to run and mean nothing but themselves, so each is replaced by the number of its first appearance; what is left are the
rows, who refers to whom, amounts, states and the shop's time. Where two rows differ in random words alone their order
is open, which can make two digests of one state, never one digest of two.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, LiteralString, TypeVar

from psycopg import sql

from proof.knife import Exchange, Knife
from proof.world import World

T = TypeVar("T")

_WORD: Final = re.compile(
    r"(?P<shop>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?![.\d]))"
    r"|(?P<machine>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+)"
    r"|(?P<counted><[a-z]+ \d+>)"
    r"|(?P<named>(?<![A-Za-z0-9])[a-z]+_(?:test_)?(?=[A-Za-z]*\d)[A-Za-z0-9]{8,})"
    r"|(?P<random>(?=[A-Za-z_+/=-]*\d)[A-Za-z0-9_+/=-]{16,})"
)
"""The shop's times are whole seconds and stay; the machine's mean nothing; counts and random words are numbered."""

_COUNTED: Final = {
    "audit_row": {"id": "audit"},
    "order_history": {"id": "history"},
    "orders": {"number": "number"},
    "pgqueuer": {"id": "job"},
    "pgqueuer_log": {"id": "log", "job_id": "job"},
}
"""Columns that a sequence fills, and of what: what was rolled back leaves gaps there, which mean nothing."""

_COLUMNS: Final[LiteralString] = """
    SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
_SNAPSHOT: Final[LiteralString] = "SELECT pg_current_snapshot()::text"


@dataclass
class Names:
    """The numbers of random words, by their first appearance."""

    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def replace(self, text: str) -> str:
        """A text with a number for each random word."""

        def number(match: re.Match[str]) -> str:
            shape = _shape(match)
            is_numbered = match.lastgroup not in {"shop", "machine"}
            return f"{shape}{self.numbers.setdefault(match[0], len(self.numbers))}" if is_numbered else shape

        return _WORD.sub(number, text)


def _shape(match: re.Match[str]) -> str:
    if match.lastgroup == "shop":
        return match[0]
    return f"<{match[0].split('_')[0]}>" if match.lastgroup == "named" else f"<{match.lastgroup}>"


@dataclass(frozen=True)
class Holdings:
    """What database and Stripe hold, and the numbers that its random words were given."""

    text: str
    numbers: dict[str, int]


def holdings(world: World) -> Holdings:
    """Look at all that is committed in the database, and all that Stripe has."""
    rows, names = [*_database_rows(world), *_sandbox_rows(world)], Names()
    rows.sort(key=lambda row: (_WORD.sub(_shape, row), row))
    return Holdings("\n".join([names.replace(row) for row in rows]), names.numbers)


def durable_state(world: World, held: Holdings | None = None) -> str:
    """A digest of what is held, of the time, and of what buyers, staff and Stripe's deliveries remember."""
    held = held or holdings(world)
    scene, names = world.scene, Names(dict(held.numbers))
    known = [f"{name} {scene.known[name]!r}" for name in sorted(scene.known)]
    acked = sorted(names.replace(event) for event in scene.acked)
    remembered = f"{known} {acked} {scene.heard} {scene.withheld} {world.clock.now().timestamp()}"
    return hashlib.sha256(f"{held.text}\n{names.replace(remembered)}".encode()).hexdigest()[:20]


def _database_rows(world: World) -> list[str]:
    found = list[str]()
    with world.janitor.transaction(), world.janitor.cursor() as cursor:
        for table in world.tables:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copied:
                rows = b"".join(bytes(piece) for piece in copied).decode().splitlines()
            if table in _COUNTED and rows:
                rows = _without_counts(world, table, rows)
            found += [f"{table}\t{row}" for row in rows]
    return found


def _without_counts(world: World, table: str, rows: list[str]) -> list[str]:
    columns: list[str] = world.ask(_COLUMNS, table)
    split = [row.split("\t") for row in rows]
    for column, what in _COUNTED[table].items():
        at = columns.index(column)
        for row in split:
            row[at] = f"<{what} {row[at]}>"
    return ["\t".join(row) for row in split]


def _sandbox_rows(world: World) -> list[str]:
    connection = world.box.store.connection
    tables = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        f"sandbox.{table}\t{tuple(row)!r}"
        for table in tables
        for row in connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the sandbox's own tables
    ]


class Witness(Knife):
    """Lets a process live, and notes the durable state before and after each of its exchanges."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.states: list[tuple[str, str]] = []
        self._world: World = world
        self._held: tuple[object, Holdings] | None = None

    async def exchange(
        self, exchange: Exchange, act: Callable[[], Awaitable[T]], sever: Callable[[], BaseException]
    ) -> T:
        """Let one exchange happen between two looks at the world."""
        if not self.is_armed:
            return await super().exchange(exchange, act, sever)
        before, mine = self._look(), len(self.states)
        self.states.append((before, before))
        answer = await super().exchange(exchange, act, sever)
        self.states[mine] = (before, self._look())
        return answer

    def _look(self) -> str:
        world = self._world
        # As long as no transaction that writes began or ended, what is committed is the same.
        sign = (world.ask(_SNAPSHOT), world.box.store.connection.total_changes)
        if self._held is None or self._held[0] != sign:
            self._held = (sign, holdings(world))
        return durable_state(world, self._held[1])
