"""Reading the environment: values, what stands in for absent ones, and every refusal of a single setting."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from vivr.money import Money
from vivr.settings import (
    STRIPE_API_BASE,
    STRIPE_API_VERSION,
    CaptureMethod,
    MailSecurity,
    MailServer,
    Problem,
    RateLimit,
    Secret,
    Settings,
    SettingsError,
    ThreeDSecurePolicy,
    read_settings,
)

KEY_HEX = "00112233445566778899aabbccddeeff" * 2
KEY = bytes.fromhex(KEY_HEX)
REQUIRED = {
    "SECRET_KEY": KEY_HEX,
    "SHOP_ID": "test-shop",
    "STRIPE_SECRET_KEY": "sk_test_0123456789",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789",
}


def read(**changes: str) -> Settings:
    return read_settings(REQUIRED | changes)


def problems_of(environment: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as refusal:
        read_settings(environment)
    return refusal.value.problems


def test_four_variables_are_enough() -> None:
    settings = read()
    assert settings.provided == frozenset(REQUIRED)
    assert settings.shop_id == "test-shop"
    assert settings.shop_name == "VIVR"
    assert settings.app_url == "http://127.0.0.1:8000"
    assert [key.reveal() for key in settings.secret_key] == [KEY]
    assert settings.stripe_api_version == STRIPE_API_VERSION == "2026-05-27.dahlia"
    assert settings.stripe_api_base == STRIPE_API_BASE == "https://api.stripe.com"
    assert settings.payment_min_amount == Money(50, "EUR")
    assert settings.payment_max_amount == Money(99_999_999, "EUR")
    assert settings.payment_capture_method is CaptureMethod.AUTOMATIC
    assert settings.payment_3ds_policy is ThreeDSecurePolicy.AUTOMATIC
    assert settings.payment_3ds_threshold_amount is None
    assert settings.session_lifetime == timedelta(minutes=45)
    assert settings.shipping_flat_amount == Money(0, "EUR")
    assert settings.shipping_free_from_amount is None
    assert settings.shipping_countries == ("FR",)
    assert settings.database_url is None
    assert settings.mail_server is None
    assert settings.vivr_data == Path(".vivr")
    assert settings.rate_limits["checkout"] == RateLimit(5, 60)
    assert not settings.livemode


def test_every_missing_variable_is_named_at_once_with_its_cure() -> None:
    problems = problems_of({})
    assert [problem.name for problem in problems] == [
        "SHOP_ID",
        "SECRET_KEY",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ]
    assert {problem.problem for problem in problems} == {"is missing"}
    assert "secrets.token_hex(32)" in problems[1].cure


def test_bad_misspelt_and_clashing_settings_are_all_named_at_once() -> None:
    problems = problems_of(
        REQUIRED
        | {
            "VIVR_PORT": "http",
            "STRIPE_MAX_RETRY": "1",
            "PAYMENT_MIN_AMOUNT": "20.00",
            "PAYMENT_MAX_AMOUNT": "10.00",
        }
    )
    assert [problem.name for problem in problems] == ["VIVR_PORT", "PAYMENT_MIN_AMOUNT", "STRIPE_MAX_RETRY"]
    assert problems[2].cure == "did you mean STRIPE_MAX_RETRIES?"


def test_empty_value_is_an_absent_one_and_spaces_do_not_count() -> None:
    settings = read(SHOP_NAME="  ", REDIS_URL="", SHOP_ID=" test-shop\n")
    assert settings.shop_name == "VIVR"
    assert settings.redis_url is None
    assert settings.shop_id == "test-shop"
    assert "SHOP_NAME" not in settings.provided


@pytest.mark.parametrize(
    "text",
    [
        KEY_HEX,
        KEY_HEX.upper(),
        "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=",
        "ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8",
    ],
)
def test_secret_key_is_read_from_hex_and_both_base64(text: str) -> None:
    assert read(SECRET_KEY=text).secret_key == (Secret(KEY),)


def test_first_secret_key_stays_first() -> None:
    second = "ff" + KEY_HEX[2:]
    keys = read(SECRET_KEY=f"{second}, {KEY_HEX}").secret_key
    assert [key.reveal() for key in keys] == [bytes.fromhex(second), KEY]


@pytest.mark.parametrize(
    "text",
    ["change-me", KEY_HEX[:-2], KEY_HEX + "00", "00" * 32, f"{KEY_HEX},{KEY_HEX}", f"{KEY_HEX},", "é" * 32, "=" * 44],
)
def test_weak_or_broken_secret_key_is_refused(text: str) -> None:
    (problem,) = problems_of(REQUIRED | {"SECRET_KEY": text})
    assert problem.name == "SECRET_KEY"
    assert text not in f"{problem}"


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("SHOP_NAME", "Maison Étoilée", "shop_name", "Maison Étoilée"),
        ("APP_URL", "HTTPS://Shop.Example.com:443/", "app_url", "https://shop.example.com"),
        ("APP_URL", "http://[::1]:8000", "app_url", "http://[::1]:8000"),
        (
            "ALLOWED_ORIGINS",
            "http://a.test:81,https://b.test",
            "allowed_origins",
            ("http://a.test:81", "https://b.test"),
        ),
        (
            "TRUSTED_PROXIES",
            "10.0.0.1, fd00::/8",
            "trusted_proxies",
            (ip_network("10.0.0.1/32"), ip_network("fd00::/8")),
        ),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111", "stripe_api_base", "http://127.0.0.1:12111"),
        ("STRIPE_API_BASE", "http://localhost:12111", "stripe_api_base", "http://localhost:12111"),
        ("STRIPE_WEBHOOK_TIMEOUT_MS", "2500", "stripe_webhook_timeout", timedelta(milliseconds=2500)),
        ("STRIPE_IDEMPOTENCY_ENABLED", "true", "stripe_idempotency_enabled", True),
        ("PAYMENT_CURRENCY", "eur", "payment_currency", "EUR"),
        ("PAYMENT_MIN_AMOUNT", "1.5", "payment_min_amount", Money(150, "EUR")),
        ("PAYMENT_STATEMENT_DESCRIPTOR", "MAISON 2", "payment_statement_descriptor", "MAISON 2"),
        ("PAYMENT_CAPTURE_METHOD", "manual", "payment_capture_method", CaptureMethod.MANUAL),
        ("PAYMENT_3DS_POLICY", "challenge", "payment_3ds_policy", ThreeDSecurePolicy.CHALLENGE),
        ("PAYMENT_3DS_THRESHOLD_AMOUNT", "100", "payment_3ds_threshold_amount", Money(10_000, "EUR")),
        ("SHIPPING_FREE_FROM_AMOUNT", "80.00", "shipping_free_from_amount", Money(8_000, "EUR")),
        ("SHIPPING_COUNTRIES", "fr, BE,lu", "shipping_countries", ("FR", "BE", "LU")),
        ("TAX_DEFAULT_RATE_BP", "550", "shipping_tax_rate_bp", 550),
        ("SHIPPING_TAX_RATE_BP", "0", "shipping_tax_rate_bp", 0),
        ("VIVR_PORT", "8123", "app_url", "http://127.0.0.1:8123"),
        ("VIVR_HOST", "0.0.0.0", "vivr_host", "0.0.0.0"),  # noqa: S104 - a value, nothing is bound
        ("MAIL_FROM", "shop@example.com", "mail_from", "shop@example.com"),
        ("RATE_LIMIT_CHECKOUT", "500/hour", "rate_limit_checkout", RateLimit(500, 3600)),
        ("DATA_RETENTION_DAYS", "90", "data_retention", timedelta(days=90)),
        (
            "SMTP_URL",
            "smtp://127.0.0.1:2525",
            "mail_server",
            MailServer("127.0.0.1", 2525, MailSecurity.NONE, None, None),
        ),
        (
            "SMTP_URL",
            "smtp+starttls://shop%40x:p%2Fw@mail.test",
            "mail_server",
            MailServer("mail.test", 587, MailSecurity.STARTTLS, "shop@x", Secret("p/w")),
        ),
        ("DATABASE_URL", "postgresql://u:p@db.test/shop", "database_url", Secret("postgresql://u:p@db.test/shop")),
        ("REDIS_URL", "rediss://cache.test:6380/0", "redis_url", Secret("rediss://cache.test:6380/0")),
    ],
)
def test_value_is_read_as_its_own_kind(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read(**{name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("SHOP_ID", ["x", "Shop", "shop_1", "-shop", "shop-", "s" * 33]),
        ("SHOP_NAME", ["x" * 61, "VIVR\r\nBcc: a@b.test"]),
        (
            "APP_URL",
            ["shop.example.com", "ftp://a.test", "https://a.test/path", "https://a.test?x", "https://u:p@a.test"],
        ),
        ("APP_URL", ["https://a.test:99999", "https://", "https://é.test", "https://[::1"]),
        ("ALLOWED_ORIGINS", ["*", "https://a.test,", "https://a.test,https://A.test"]),
        ("TRUSTED_PROXIES", ["0.0.0.0/0", "::/0", "proxy", "10.0.0.1/8"]),
        ("STRIPE_SECRET_KEY", ["pk_test_0123456789", "sk_test_", "sk_test_01234 6789", "0123456789"]),
        ("STRIPE_PUBLISHABLE_KEY", ["sk_test_0123456789", "pk_live_0123456789"]),
        ("STRIPE_WEBHOOK_SECRET", ["secret", "whsec_", "whsec_0123456789,other", "whsec_0123456789,whsec_0123456789"]),
        ("STRIPE_API_VERSION", ["2024-06-20", "latest"]),
        ("STRIPE_API_BASE", ["https://stripe.example.com", "127.0.0.1:12111", "http://10.0.0.1"]),
        ("STRIPE_MAX_RETRIES", ["-1", "6", "two", "1.0"]),
        ("STRIPE_IDEMPOTENCY_ENABLED", ["false", "0", "no"]),
        ("PAYMENT_CURRENCY", ["EURO", "XXX", "€"]),
        ("PAYMENT_MIN_AMOUNT", ["0.49", "24,90", "1e2", "0.505", "-1", "0"]),
        ("PAYMENT_MAX_AMOUNT", ["1000000.00", "ten"]),
        ("PAYMENT_STATEMENT_DESCRIPTOR", ["VIVR*SHOP", "12345", "ÉTOILE", "A" * 19, "A\tB"]),
        ("PAYMENT_CAPTURE_METHOD", ["later", "AUTOMATIC"]),
        ("PAYMENT_CONFIRMATION_METHOD", ["manual"]),
        ("PAYMENT_3DS_POLICY", ["never"]),
        ("PAYMENT_POLL_FIRST_S", ["0", "301"]),
        ("SESSION_LIFETIME_MINUTES", ["30", "1440"]),
        ("TAX_DEFAULT_RATE_BP", ["20%", "10001"]),
        ("SHIPPING_FLAT_AMOUNT", ["-1", "4,90"]),
        ("SHIPPING_COUNTRIES", ["France", "EU", "QZ", "FR,,BE", "FR,fr"]),
        ("DATABASE_URL", ["mysql://db", "host=db dbname=x", "postgresql://db:port/x", "postgresql://db/x?nonsense=1"]),
        ("REDIS_URL", ["http://cache", "redis://", "redis://cache:port"]),
        ("SMTP_URL", ["mail.example.com", "smtps://", "smtps://mail/path", "smtps://mail:70000", "smtps://ma il"]),
        ("MAIL_FROM", ["shop", "Shop <shop@example.com>", "shop@exa mple.com", "a@b.test\r\nBcc: c@d.test"]),
        ("VIVR_HOST", ["shop.example.com", "127.0.0.1:80"]),
        ("VIVR_PORT", ["0", "65536"]),
        ("RATE_LIMIT_CHECKOUT", ["5", "0/minute", "5/fortnight", "5 / minute"]),
        ("DATA_RETENTION_DAYS", ["29"]),
        ("PCI_DSS_LEVEL", ["0", "5"]),
    ],
)
def test_value_that_does_not_fit_is_one_problem_with_a_cure(name: str, texts: list[str]) -> None:
    for text in texts:
        problems = problems_of(REQUIRED | {name: text})
        assert [problem.name for problem in problems] == [name], text
        assert problems[0].problem, text
        assert problems[0].cure, text


def test_manual_confirmation_is_refused_with_its_reason() -> None:
    (problem,) = problems_of(REQUIRED | {"PAYMENT_CONFIRMATION_METHOD": "manual"})
    assert "breaks Stripe's hosted Checkout" in problem.cure


def test_amounts_follow_the_currency_and_its_limits() -> None:
    settings = read(PAYMENT_CURRENCY="JPY", SHIPPING_FLAT_AMOUNT="500")
    assert settings.payment_min_amount == Money(50, "JPY")
    assert settings.shipping_flat_amount == Money(500, "JPY")
    assert read(PAYMENT_CURRENCY="ISK").payment_max_amount == Money(99_999_900, "ISK")
    (problem,) = problems_of(REQUIRED | {"PAYMENT_CURRENCY": "JPY", "SHIPPING_FLAT_AMOUNT": "4.90"})
    assert problem.name == "SHIPPING_FLAT_AMOUNT"


def test_amounts_are_not_blamed_for_an_unknown_currency() -> None:
    changes = {"PAYMENT_CURRENCY": "EURO", "PAYMENT_MIN_AMOUNT": "1.234", "SHIPPING_FLAT_AMOUNT": "4,90"}
    problems = problems_of(REQUIRED | changes)
    assert [problem.name for problem in problems] == ["PAYMENT_CURRENCY", "SHIPPING_FLAT_AMOUNT"]


def test_value_made_from_a_bad_one_is_not_blamed_too() -> None:
    assert [problem.name for problem in problems_of(REQUIRED | {"TAX_DEFAULT_RATE_BP": "20%"})] == [
        "TAX_DEFAULT_RATE_BP"
    ]
