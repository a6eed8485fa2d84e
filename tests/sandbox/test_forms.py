"""The three bracket forms of a form body."""

import pytest

from stripe_sandbox.wire.errors import StripeError
from stripe_sandbox.wire.forms import Decoded, decode_form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b]=1&a[c][d]=2", {"a": {"b": "1", "c": {"d": "2"}}}),
        ("a[0][b]=1&a[1][b]=2&a[0][c]=3", {"a": {"0": {"b": "1", "c": "3"}, "1": {"b": "2"}}}),
        ("x[]=card&x[]=link", {"x": ["card", "link"]}),
        ("a[][b]=1&a[][c]=2", {"a": [{"b": "1", "c": "2"}]}),
        ("a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[][b][c]=1&a[][b][d]=2&a[][b][c]=3", {"a": [{"b": {"c": "1", "d": "2"}}, {"b": {"c": "3"}}]}),
        ("a[][b][]=1&a[][b][]=2", {"a": [{"b": ["1", "2"]}]}),
        ("name=%C3%89t%C3%A9", {"name": "Été"}),
        ("broken[=1&[x]=2", {"broken[": "1", "[x]": "2"}),
        ("", {}),
    ],
)
def test_a_form_is_nested_as_rack_does(text: str, value: dict[str, Decoded]) -> None:
    assert decode_form(text) == value


@pytest.mark.parametrize(
    "text",
    [b"a=\xff", "a=1&a[b]=2", "a[b]=1&a[]=2", "a=1&a[]=2", "x" + "[y]" * 13 + "=1", "a=%ff", "&".join(["a=1"] * 5001)],
)
def test_a_form_that_contradicts_itself_or_goes_too_far_is_refused(text: bytes | str) -> None:
    with pytest.raises(StripeError) as refusal:
        decode_form(text)
    assert refusal.value.status == 400
    assert not refusal.value.began
