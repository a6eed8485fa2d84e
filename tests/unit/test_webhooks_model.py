"""Signatures and envelopes: what is accepted is exactly what Stripe signs, and nothing makes them raise."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.webhooks.model import EventEnvelope, is_signed, read_envelope, retry_delay

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SECRET = b"whsec_0123456789"
TOLERANCE = timedelta(seconds=300)


def v1(body: bytes, at: int = AT, secret: bytes = SECRET) -> str:
    """The signature of a body."""
    return hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def accepts(body: bytes, header: str | bytes, *secrets: bytes) -> bool:
    """Whether the header is good for the body."""
    raw = header if isinstance(header, bytes) else header.encode()
    return is_signed(body, raw, secrets or (SECRET,), now=NOW, tolerance=TOLERANCE)


@given(st.binary(max_size=200))
def test_what_the_official_client_signs_and_takes_is_taken(body: bytes) -> None:
    header = f"t={AT},v1={v1(body)}"
    assert accepts(body, header)
    text = body.decode("utf-8", "replace")
    signed = f"t={AT},v1={v1(text.encode())}"
    assert stripe.WebhookSignature.verify_header(text, signed, SECRET.decode())  # pyright: ignore[reportUnknownMemberType]
    assert accepts(text.encode(), signed)


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=300), st.binary(max_size=50))
def test_no_header_makes_it_raise_and_none_of_them_is_good(header: bytes, body: bytes) -> None:
    assert accepts(body, header) is False


pieces = st.sampled_from(
    [
        f"t={AT}",
        "t=",
        "t",
        f"t={AT + 1}",
        f"v1={v1(b'x')}",
        "v1=",
        "v0=",
        "v1",
        "=",
        ",",
        "",
        " ",
        f"v1={v1(b'x')[:-1]}",
    ]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(pieces, max_size=8))
def test_a_header_is_good_only_with_its_one_time_and_its_signature(parts: list[str]) -> None:
    flat = ",".join(parts).split(",")
    expected = [part for part in flat if part == "t" or part.startswith("t=")] == [
        f"t={AT}"
    ] and f"v1={v1(b'x')}" in flat
    assert accepts(b"x", ",".join(parts)) == expected


@given(st.integers(-(10**6), 10**6))
def test_a_time_is_good_within_the_tolerance_both_ways(seconds: int) -> None:
    at = AT + seconds
    assert accepts(b"x", f"t={at},v1={v1(b'x', at)}") == (abs(seconds) <= 300)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 39), st.integers(1, 255))
def test_one_changed_byte_breaks_the_signature(body: bytes, place: int, change: int) -> None:
    changed = bytearray(body)
    changed[place % len(body)] ^= change
    assert not accepts(bytes(changed), f"t={AT},v1={v1(body)}")


def test_every_secret_is_tried_and_no_secret_takes_nothing() -> None:
    header = f"t={AT},v1={v1(b'x')}"
    assert accepts(b"x", header, b"whsec_new", SECRET)
    assert accepts(b"x", header, SECRET, b"whsec_new")
    assert not is_signed(b"x", header.encode(), (), now=NOW, tolerance=TOLERANCE)


EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "api_version": "2026-05-27.dahlia",
    "account": "acct_1",
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}


def test_five_hints_are_taken_from_an_event() -> None:
    envelope = read_envelope(json.dumps(EVENT).encode())
    assert envelope is not None
    assert (envelope.id, envelope.type, envelope.data.object.id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    assert (envelope.account, envelope.livemode, envelope.api_version) == ("acct_1", False, "2026-05-27.dahlia")


@pytest.mark.parametrize("name", ["id", "type", "livemode", "data"])
def test_an_event_without_a_hint_is_none(name: str) -> None:
    assert read_envelope(json.dumps({key: value for key, value in EVENT.items() if key != name}).encode()) is None


@pytest.mark.parametrize("name", ["account", "api_version"])
def test_an_event_without_account_or_version_is_one(name: str) -> None:
    for changed in ({key: value for key, value in EVENT.items() if key != name}, EVENT | {name: None}):
        assert isinstance(read_envelope(json.dumps(changed).encode()), EventEnvelope)


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=300))
def test_no_body_makes_the_reader_raise(body: bytes) -> None:
    assert read_envelope(body) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(["id", "type", "livemode", "api_version", "account", "data", "object"]), json_values)
def test_whatever_stands_in_a_hint_is_refused_or_can_be_kept_in_the_database(name: str, value: object) -> None:
    changed = EVENT | ({"data": {"object": {"id": value}}} if name == "object" else {name: value})
    envelope = read_envelope(json.dumps(changed).encode())
    if envelope is None:
        return
    kept = [envelope.id, envelope.type, envelope.data.object.id, envelope.account, envelope.api_version]
    for text in (text for text in kept if text is not None):
        assert 1 <= len(text) <= 255
        assert "\x00" not in text
        text.encode()


def test_tries_are_further_and_further_apart_up_to_an_hour() -> None:
    assert [retry_delay(tries).total_seconds() for tries in (1, 2, 3, 11, 12, 99)] == [2, 4, 8, 2048, 3600, 3600]


@pytest.mark.parametrize(
    ("named", "subject"),
    [
        ("pi_3Nabc", "pi_3Nabc"),
        (None, "ch_1"),
        ({"id": "pi_3Nabc"}, "ch_1"),
        (7, "ch_1"),
        ("", "ch_1"),
        ("cs_3Nabc", "ch_1"),
        ("pi_" + "x" * 251, "ch_1"),
        ("pi_3Nabc\n", "ch_1"),
    ],
)
def test_an_event_is_grouped_by_the_payment_intent_that_it_names_or_else_by_its_object(
    named: object, subject: str
) -> None:
    stated = {
        "id": "evt_1",
        "type": "x",
        "livemode": False,
        "data": {"object": {"id": "ch_1", "payment_intent": named}},
    }
    envelope = read_envelope(json.dumps(stated).encode())
    assert envelope is not None
    assert envelope.data.object.subject == subject
