"""Turns form-encoded pairs into one nested value, in all three bracket forms that Stripe's clients send.

`a[b]=1` nests, `a[0][b]=1` numbers (ordered later, by the schema that expects a list), `a[]=1` appends, and `a[][b]=1`
fills the last element until a key repeats, as Rack does.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from stripe_sandbox.wire.errors import invalid

Decoded = str | list["Decoded"] | dict[str, "Decoded"]

PAIRS_MAX = 5000
DEPTH_MAX = 12
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def decode_form(raw: bytes | str) -> dict[str, Decoded]:
    """Decodes one URL-encoded body or query string; raises StripeError (400) on broken text or nesting."""
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PAIRS_MAX, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise invalid("Invalid request: the parameters could not be decoded as UTF-8 form fields.") from None
    return nest(pairs)


def decode_fields(raw: bytes) -> dict[str, str]:
    """Decodes the flat form of a page; what is broken is replaced, because a person sees the answer."""
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True, errors="replace"))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Decoded]:
    """Builds the nested value from (bracketed name, value) pairs, in their order."""
    root: dict[str, Decoded] = {}
    for name, value in pairs:
        _store(root, split_name(name), value, name)
    return root


def split_name(name: str) -> list[str]:
    """Splits `a[b][]` into `["a", "b", ""]`; a name whose brackets do not balance stays whole, as one segment."""
    head, bracket, rest = name.partition("[")
    if not bracket or not head:
        return [name]
    segments = _SEGMENT.findall("[" + rest)
    if "".join(f"[{segment}]" for segment in segments) != "[" + rest:
        return [name]
    if len(segments) > DEPTH_MAX:
        raise invalid(f"Invalid request: {name} is nested too deeply.")
    return [head, *segments]


def _store(target: dict[str, Decoded], segments: list[str], value: str, name: str) -> None:
    """Walks down the segments of one name, opening what is missing, and puts the value at the end."""
    key, rest = segments[0], segments[1:]
    if not rest:
        target[key] = value
        return
    if rest[0] == "":
        _append(_open_list(target, key, name), rest[1:], value, name)
        return
    child = target.setdefault(key, {})
    if not isinstance(child, dict):
        raise _contradiction(name)
    _store(child, rest, value, name)


def _append(items: list[Decoded], rest: list[str], value: str, name: str) -> None:
    """Appends a scalar, or fills the last element as Rack does: a repeated key opens the next element."""
    if not rest:
        items.append(value)
        return
    last = items[-1] if items else None
    if isinstance(last, dict) and not _holds(last, rest):
        _store(last, rest, value, name)
        return
    opened: dict[str, Decoded] = {}
    items.append(opened)
    _store(opened, rest, value, name)


def _holds(element: Decoded, segments: list[str]) -> bool:
    """Says whether the element already has a value at this path; a list on the way can always take one more."""
    for segment in segments:
        if segment == "":
            return False
        if not isinstance(element, dict) or segment not in element:
            return False
        element = element[segment]
    return True


def _open_list(target: dict[str, Decoded], key: str, name: str) -> list[Decoded]:
    items = target.setdefault(key, [])
    if not isinstance(items, list):
        raise _contradiction(name)
    return items


def _contradiction(name: str) -> Exception:
    return invalid(f"Invalid request: {name} is given both as a value and as a nested structure.", param=name)
