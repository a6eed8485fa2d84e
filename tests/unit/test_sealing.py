"""What is sealed opens only where it stands, with a key that we have; digests and tokens are ours alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.sealing import SealBroken, Seals

OLD, NEW = b"o" * 32, b"n" * 32
CELL = {"table": "operation", "column": "request", "row": "opr_1"}


@given(st.binary(max_size=200))
def test_what_was_sealed_opens_again(plaintext: bytes) -> None:
    seals = Seals([NEW])
    sealed = seals.seal(plaintext, **CELL)
    assert seals.open(sealed, **CELL) == plaintext
    assert plaintext not in sealed or len(plaintext) < 4
    assert seals.seal(plaintext, **CELL) != sealed


@pytest.mark.parametrize("changed", [{"table": "payment"}, {"column": "other"}, {"row": "opr_2"}, {"row": ""}])
def test_a_sealed_value_opens_in_no_other_cell(changed: dict[str, str]) -> None:
    seals = Seals([NEW])
    with pytest.raises(SealBroken):
        seals.open(seals.seal(b"secret", **CELL), **(CELL | changed))


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_changed_byte_breaks_the_seal(place: int, change: int) -> None:
    seals = Seals([NEW])
    sealed = bytearray(seals.seal(b"secret", **CELL))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        seals.open(bytes(sealed), **CELL)


@given(st.binary(max_size=60))
def test_rubbish_is_broken_and_nothing_else(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Seals([NEW, OLD]).open(sealed, **CELL)


def test_while_keys_are_rotated_the_new_one_writes_and_both_read() -> None:
    before, during, after = Seals([OLD]), Seals([NEW, OLD]), Seals([NEW])
    old, new = before.seal(b"old", **CELL), during.seal(b"new", **CELL)
    assert (during.open(old, **CELL), during.open(new, **CELL), after.open(new, **CELL)) == (b"old", b"new", b"new")
    with pytest.raises(SealBroken):
        after.open(old, **CELL)
    with pytest.raises(SealBroken):
        before.open(new, **CELL)


def test_digests_are_the_same_for_the_same_and_differ_by_purpose_value_and_key() -> None:
    seals = Seals([NEW, OLD])
    assert seals.digest("email", "a@example.com") == seals.digest("email", "a@example.com")
    assert len(seals.digest("email", "a@example.com")) == 16
    others = {seals.digest("name", "a@example.com"), seals.digest("email", "b@example.com")}
    others.add(Seals([OLD]).digest("email", "a@example.com"))
    assert seals.digest("email", "a@example.com") not in others
    assert seals.digests("email", "x") == (Seals([NEW]).digest("email", "x"), Seals([OLD]).digest("email", "x"))


def test_a_token_is_good_under_every_active_key_and_for_its_own_words_only() -> None:
    during = Seals([NEW, OLD])
    for seals in (Seals([OLD]), Seals([NEW])):
        token = seals.token("order", "ord_1")
        assert during.is_token("order", "ord_1", token)
        assert not during.is_token("order", "ord_2", token)
        assert not during.is_token("session", "ord_1", token)
        assert not during.is_token("order", "ord_1", token.upper() if token != token.upper() else token[:-1])


@given(st.text(max_size=80))
def test_any_text_is_a_safe_argument_as_a_token(token: str) -> None:
    assert not Seals([NEW]).is_token("order", "ord_1", token)


def test_half_a_character_is_a_safe_argument_as_a_token() -> None:
    assert not Seals([NEW]).is_token("order", "ord_1", "\ud800")


def test_two_keys_with_one_id_are_refused_instead_of_hiding_one() -> None:
    known: dict[bytes, bytes] = {}
    for number in range(10_000):
        key = number.to_bytes(32, "big")
        key_id = hashlib.sha256(b"vivr/key-id" + key).digest()[:2]
        if key_id in known:
            with pytest.raises(ValueError, match="share a key id"):
                Seals([known[key_id], key])
            return
        known[key_id] = key
    raise AssertionError("no two keys met")


def test_the_same_key_twice_is_one_key() -> None:
    assert Seals([NEW, NEW]).open(Seals([NEW]).seal(b"x", **CELL), **CELL) == b"x"
