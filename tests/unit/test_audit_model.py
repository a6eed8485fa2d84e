"""A link's hash changes with anything that could be changed in its row or before it."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import assume, given
from hypothesis import strategies as st

from vivr.audit.model import GENESIS, link_hash

values = st.none() | st.integers() | st.text(max_size=20) | st.binary(max_size=20)
rows = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), values, max_size=6)


def test_a_known_row_has_a_known_hash() -> None:
    fields = {"id": 1, "actor": "staff:é", "at": datetime(2026, 11, 23, 12, tzinfo=UTC), "origin": None}
    # Pinned: a chain that was sealed by one release has to verify under the next.
    assert link_hash(GENESIS, fields).hex() == "6a981bae1c2a12c4a44b379836a7750891e205d80ebece1522203db95d22db9b"
    assert link_hash(GENESIS, dict(reversed(fields.items()))) == link_hash(GENESIS, fields)


def test_the_same_moment_hashes_the_same_in_every_zone() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    paris = noon.astimezone(timezone(timedelta(hours=1)))
    assert link_hash(GENESIS, {"at": noon}) == link_hash(GENESIS, {"at": paris})
    assert link_hash(GENESIS, {"at": noon}) != link_hash(GENESIS, {"at": noon + timedelta(microseconds=1)})


@given(rows, rows)
def test_different_rows_hash_differently(one: dict[str, object], other: dict[str, object]) -> None:
    texts = [{name: text_of(value) for name, value in row.items()} for row in (one, other)]
    assume(texts[0] != texts[1])
    assert link_hash(GENESIS, one) != link_hash(GENESIS, other)


def text_of(value: object) -> object:
    """What a value is to the chain: a column has one type, so a number and its text are never mixed up."""
    if value is None:
        return b"\x00"
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@given(rows, st.binary(min_size=32, max_size=32))
def test_a_link_covers_what_stands_before_it(row: dict[str, object], previous: bytes) -> None:
    assume(previous != GENESIS)
    assert link_hash(GENESIS, row) != link_hash(previous, row)


def test_text_cannot_move_from_one_field_to_the_next() -> None:
    assert link_hash(GENESIS, {"a": "x", "b": "yz"}) != link_hash(GENESIS, {"a": "xy", "b": "z"})
    assert link_hash(GENESIS, {"a": "", "b": "x"}) != link_hash(GENESIS, {"a": "x", "b": ""})
    assert link_hash(GENESIS, {"a": None}) != link_hash(GENESIS, {"a": ""})
    assert link_hash(GENESIS, {"a": "1b:1:2"}) != link_hash(GENESIS, {"a": "1", "b": "2"})
