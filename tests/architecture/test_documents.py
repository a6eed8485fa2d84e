"""The documents say what the source says: drawn parts are fresh, the states are the states, links lead somewhere."""

import itertools
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from architecture.draw_map import ROOT, drawn_parts, first_line, refreshed
from architecture.source_tree import python_files
from architecture.test_statements import all_statements
from vivr.database import Database, Sql
from vivr.ids import OrderId
from vivr.orders import store
from vivr.orders.model import TRANSITIONS, OrderState
from vivr.web.backoffice.routes import backoffice_routes
from vivr.web.storefront.routes import storefront_routes

Edge = tuple[str, str]

DOCUMENTS: Final = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")

_ROW: Final = re.compile(r"^\| ([A-Z]+) \| ([A-Z]+) \| \S.* \|$", re.MULTILINE)
_PAIR: Final = re.compile(r"\('([A-Z]+)', '([A-Z]+)'\)")
_LINK: Final = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Written in pieces, so that this file does not find itself.
_ELSEWHERE: Final = re.compile("/" + r"work/main|\.\./" + r"shared|DESIGN" + r"\.md")

EDGES: Final[set[Edge]] = {(start.value, to.value) for start, to in TRANSITIONS}

ADD_ORDER: Final = Sql(
    "test_add_order",
    "An order in any state.",
    """
    INSERT INTO orders (id, principal, state, state_before, currency, locale, return_origin, subtotal_minor,
                        discount_minor, shipping_minor, tax_minor, total_minor, payable_minor, placed_at, deadline_at,
                        request_id)
    VALUES (%(id)s, 'guest:test', %(state)s, %(before)s, 'EUR', 'fr', 'http://127.0.0.1', 0, 0, 0, 0, 0, 0, %(now)s,
            %(now)s, 'req_test')
    """,
)


def written_texts() -> Iterator[Path]:
    """The files of the repository that somebody wrote."""
    suffixes = {".py", ".md", ".sql", ".toml", ".html", ".css", ".js", ".po", ".txt", ".csv", ".yml"}
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name == ".ci" or not name.startswith((".", "__"))]
        for name in names:
            path = Path(folder, name)
            if path.suffix in suffixes or name == "Makefile" or path.parent.name == ".ci":
                yield path


def broken_links(document: Path) -> list[str]:
    targets = [found[1] for found in _LINK.finditer(document.read_text("utf-8"))]
    return [target for target in targets if "://" not in target and not (document.parent / target).exists()]


@pytest.mark.parametrize("name", sorted(drawn_parts()))
def test_drawn_parts_are_fresh(name: str) -> None:
    document = (ROOT / name).read_text("utf-8")
    assert refreshed(document, drawn_parts()[name]) == document, "run `make map`"


def test_a_stale_part_is_caught() -> None:
    document = "before\n<!-- rooms: drawn by `make map` -->\n\nold\n\n<!-- end of rooms -->\nafter\n"
    assert refreshed(document, {"rooms": "old"}) == document
    assert refreshed(document, {"rooms": "new"}) == document.replace("old", "new")
    with pytest.raises(ValueError, match="markers"):
        refreshed("nothing", {"rooms": "new"})


def test_every_module_says_first_what_it_is() -> None:
    silent = [module.path for module in python_files("src") if len(first_line(ROOT / module.path)) < 10]
    assert silent == []


def test_the_table_of_states_is_the_one_of_the_source() -> None:
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## The states of an order")[2]
    rows = [(found[1], found[2]) for found in _ROW.finditer(section.partition("\n## ")[0])]
    assert sorted(rows) == sorted(EDGES)


def test_the_guarded_statement_holds_the_same_edges() -> None:
    statement = next(statement for statement in all_statements() if statement.name == "move_order")
    assert sorted((found[1], found[2]) for found in _PAIR.finditer(statement.text)) == sorted(EDGES)


async def test_every_move_is_taken_or_refused_as_the_table_says(database: Database) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    taken: set[Edge] = set()
    async with database.transaction("walk_edges") as tx:
        for place, (start, to) in enumerate(itertools.product(OrderState, OrderState)):
            order_id = OrderId(f"ord_{place}")
            before = "PAID" if start == OrderState.DISPUTED else None
            await tx.run(ADD_ORDER, id=order_id, state=start, before=before, now=now)
            moved = await store.move(tx, order_id, start, to, None, now)
            found = await store.find_order(tx, order_id)
            assert found is not None
            assert found.state == (to if moved else start)
            if moved is not None:
                taken.add((start.value, to.value))
    assert sorted(taken) == sorted(EDGES)


async def test_an_order_that_stands_elsewhere_is_not_moved(database: Database) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    async with database.transaction("stand_elsewhere") as tx:
        await tx.run(ADD_ORDER, id="ord_1", state="CANCELLED", before=None, now=now)
        assert await store.move(tx, OrderId("ord_1"), OrderState.PENDING, OrderState.PAID, None, now) is None
        found = await store.find_order(tx, "ord_1")
    assert found is not None
    assert found.state == OrderState.CANCELLED


def invariants() -> list[list[set[str]]]:
    """The rows of the table of invariants: for each cell the words that name something in the source."""
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## What must never be")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[set(re.findall(r"`([^`]+)`", cell)) for cell in row.strip("|").split("|")] for row in rows]


def is_in_the_source(name: str) -> bool:
    """Whether ``room.module.function`` or a piece of it is there."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path, rest = ROOT / "src" / "vivr" / Path(*parts[:length]), parts[length:]
        file = path.with_suffix(".py")
        if file.exists():
            return not rest or rest[0] in file.read_text("utf-8")
        if path.is_dir():
            return not rest
    return False


def test_every_invariant_names_what_holds_it() -> None:
    schema = (ROOT / "src" / "vivr" / "migrations" / "schema.sql").read_text("utf-8")
    rows = invariants()
    assert len(rows) > 10
    for _, places, refusals, proofs in rows:
        assert [name for name in places if not is_in_the_source(name)] == []
        assert [name for name in refusals if name.strip("*").lower() not in schema.lower()] == []
        assert [name for name in proofs if not (ROOT / name).is_dir()] == []
        assert proofs


def test_a_name_that_is_gone_is_noticed() -> None:
    assert is_in_the_source("payments.model.judge")
    assert not is_in_the_source("payments.model.guess")
    assert not is_in_the_source("payments.finalizer")


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    routes = [*storefront_routes(), *backoffice_routes()]
    paths = {route.path for route in routes if not route.path.startswith("/en")}
    assert len(paths) > 10
    assert sorted(path for path in paths if f"`{path}`" not in readme) == []


def test_the_architecture_names_every_folder_of_tests() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    folders = [path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))]
    assert [name for name in folders if f"`tests/{name}`" not in page] == []


def test_links_lead_somewhere() -> None:
    documents = [ROOT / name for name in DOCUMENTS] + sorted((ROOT / "docs").rglob("*.md"))
    assert {str(path): broken for path in documents if (broken := broken_links(path))} == {}


def test_a_broken_link_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](gone.md#part) [out](https://example.org) ![picture](none.png)")
    assert broken_links(page) == ["gone.md"]


def test_the_repository_stands_alone() -> None:
    texts = list(written_texts())
    assert len(texts) > 400
    assert [str(path) for path in texts if _ELSEWHERE.search(path.read_text("utf-8", errors="replace"))] == []
