"""The web's pure parts: who asks, which origins are ours, cookies, and the limits of a basket."""

import pytest
from starlette.datastructures import MutableHeaders

from vivr.cart.model import fits, merge_quantities
from vivr.ids import ProductId
from vivr.settings import Settings, read_settings
from vivr.web.cookies import read_cookies
from vivr.web.headers import SecurityHeaders
from vivr.web.visit import allowed_origins, client_address

REQUIRED = {
    "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
    "SHOP_ID": "test-shop",
    "STRIPE_SECRET_KEY": "sk_test_0123456789",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789",
}


def settings(**changes: str) -> Settings:
    return read_settings(REQUIRED | changes)


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        ("", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.0/8", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.0/8", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "evil, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.0/8", "10.0.0.1", "10.0.0.3," * 100, "10.0.0.3"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.0/8", "", "198.51.100.1", ""),
    ],
)
def test_only_trusted_proxies_tell_who_asks(proxies: str, peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, settings(TRUSTED_PROXIES=proxies)) == client


@pytest.mark.parametrize(
    ("app_url", "others", "origins"),
    [
        ("http://127.0.0.1:8000", "", ("http://127.0.0.1:8000", "http://localhost:8000")),
        ("http://localhost:9000", "", ("http://localhost:9000", "http://127.0.0.1:9000")),
        ("https://shop.example", "", ("https://shop.example",)),
        ("https://shop.example", "https://front.example", ("https://shop.example", "https://front.example")),
    ],
)
def test_the_origins_that_are_ours(app_url: str, others: str, origins: tuple[str, ...]) -> None:
    assert allowed_origins(settings(APP_URL=app_url, ALLOWED_ORIGINS=others)) == origins


def test_a_form_may_lead_to_stripe_and_nowhere_else() -> None:
    headers = MutableHeaders()
    SecurityHeaders(settings()).add_to(headers, is_json=False)
    assert "form-action 'self' https://checkout.stripe.com;" in headers["Content-Security-Policy"]
    assert "Cache-Control" not in headers


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ([], {}),
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1", "a=2; b"], {"a": "1"}),
        (['a="x y"; ; =; c=d=e'], {"a": "x y", "": "", "c": "d=e"}),
    ],
)
def test_the_first_cookie_of_a_name_counts(headers: list[str], cookies: dict[str, str]) -> None:
    assert read_cookies(headers) == cookies


def units(**quantities: int) -> dict[ProductId, int]:
    return {ProductId(name): quantity for name, quantity in quantities.items()}


def test_two_baskets_add_up() -> None:
    assert merge_quantities(units(a=1, b=2), units(b=3, c=4)) == units(a=1, b=5, c=4)


def test_two_baskets_add_up_to_1000_units_at_most() -> None:
    assert merge_quantities(units(a=998), units(b=1, a=5, c=1)) == units(a=999, b=1)
    assert merge_quantities(units(a=1000), units(b=1)) == units(a=1000)


def test_two_baskets_add_up_to_99_lines_at_most() -> None:
    own = {ProductId(f"own{number}"): 1 for number in range(98)}
    merged = merge_quantities(own, units(a=1, b=1, own0=2))
    assert merged == own | units(a=1, own0=3)
    assert fits(merged)
    assert not fits(merged | units(b=1))
