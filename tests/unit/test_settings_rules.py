"""Settings together: live keys, other hosts, modes that clash, names that are misspelt; and no secret is ever shown."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.settings import (
    Secret,
    Settings,
    SettingsError,
    describe_settings,
    read_settings,
    settings_reference,
    settings_without_effect,
)
from vivr.settings.description import NO_EFFECT_YET

KEY_HEX = "00112233445566778899aabbccddeeff" * 2
TEST = {
    "SECRET_KEY": KEY_HEX,
    "SHOP_ID": "test-shop",
    "STRIPE_SECRET_KEY": "sk_test_0123456789",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789",
}
LIVE = TEST | {"STRIPE_SECRET_KEY": "sk_live_0123456789", "APP_URL": "https://shop.example.com"}


def names_of_problems(environment: Mapping[str, str]) -> list[str]:
    try:
        read_settings(environment)
    except SettingsError as error:
        return [problem.name for problem in error.problems]
    return []


def test_live_shop_behind_https_is_accepted() -> None:
    assert read_settings(LIVE).livemode
    assert read_settings(LIVE | {"STRIPE_SECRET_KEY": "rk_live_0123456789"}).livemode
    assert not read_settings(TEST | {"STRIPE_SECRET_KEY": "rk_test_0123456789"}).livemode


@pytest.mark.parametrize(
    ("name", "refused", "accepted"),
    [
        ("APP_URL", ["http://shop.example.com", "http://127.0.0.1:8000"], ["https://shop.example.com"]),
        ("ALLOWED_ORIGINS", ["https://a.test,http://b.test"], ["https://a.test"]),
        ("STRIPE_API_BASE", ["http://127.0.0.1:12111"], ["https://api.stripe.com"]),
        ("STRIPE_PUBLISHABLE_KEY", ["pk_test_0123456789"], ["pk_live_0123456789"]),
        (
            "DATABASE_URL",
            [
                "postgresql://u:p@db.test/x",
                "postgresql://u:p@db.test/x?sslmode=require",
                "postgresql://u:p@localhost,db.test/x?sslmode=verify-ca",
                "postgresql:///x?host=/run/pg&hostaddr=10.0.0.1",
            ],
            [
                "postgresql://u:p@db.test/x?sslmode=verify-full",
                "postgresql://u:p@127.0.0.1:5432/x",
                "postgresql://[::1]/x",
                "postgresql:///x?host=/run/postgresql",
                "postgresql:///x",
            ],
        ),
        ("SMTP_URL", ["smtp://mail.test"], ["smtps://mail.test", "smtp+starttls://mail.test", "smtp://localhost"]),
    ],
)
def test_live_key_refuses_what_a_test_key_may_do(name: str, refused: list[str], accepted: list[str]) -> None:
    for text in refused:
        assert names_of_problems(LIVE | {name: text}) == [name], text
    for text in accepted:
        assert names_of_problems(LIVE | {name: text}) == [], text
    if name != "STRIPE_PUBLISHABLE_KEY":
        for text in refused:
            assert names_of_problems(TEST | {name: text}) == [], text


def test_direct_database_is_judged_as_the_pooled_one() -> None:
    urls = {
        "DATABASE_URL": "postgresql://u:p@db.test/x?sslmode=verify-full",
        "DATABASE_URL_DIRECT": "postgresql://u:p@db.test/x",
    }
    assert names_of_problems(LIVE | urls) == ["DATABASE_URL_DIRECT"]
    assert names_of_problems(TEST | {"DATABASE_URL_DIRECT": "postgresql://u:p@db.test/x"}) == ["DATABASE_URL_DIRECT"]


def test_scores_and_pauses_keep_their_order() -> None:
    assert names_of_problems(TEST | {"FRAUD_REVIEW_SCORE": "95"}) == ["FRAUD_REVIEW_SCORE"]
    assert names_of_problems(TEST | {"PAYMENT_POLL_FIRST_S": "301"}) == ["PAYMENT_POLL_FIRST_S"]
    assert names_of_problems(TEST | {"PAYMENT_POLL_FIRST_S": "300"}) == []


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("STRIPE_WEBHOOK_SECRETS", "did you mean STRIPE_WEBHOOK_SECRET?"),
        ("STRIPE_API_KEY", "did you mean STRIPE_SECRET_KEY?"),
        ("PAYMENT_CURENCY", "did you mean PAYMENT_CURRENCY?"),
        ("VIVR_PROT", "did you mean VIVR_PORT?"),
        ("RATE_LIMIT_CHEKOUT", "did you mean RATE_LIMIT_CHECKOUT?"),
        ("PAYMENT_ZZZ", "remove it"),
    ],
)
def test_misspelt_setting_is_a_problem(name: str, cure: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings(TEST | {name: "whsec_x"})
    assert [(problem.name, problem.cure) for problem in refusal.value.problems] == [(name, cure)]


def test_other_programs_variables_are_left_alone() -> None:
    others = {
        "PATH": "/bin",
        "SESSION_MANAGER": "x",
        "STRIPE_DEVICE_NAME": "laptop",
        "SHOPIFY_KEY": "x",
        "DATABASE": "x",
    }
    assert names_of_problems(TEST | others) == []


def test_settings_are_frozen() -> None:
    settings_read = read_settings(TEST)
    with pytest.raises(FrozenInstanceError):
        settings_read.shop_id = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_no_secret_is_shown_anywhere() -> None:
    environment = TEST | {
        "DATABASE_URL": "postgresql://u:hushhush@db.test/x",
        "SMTP_URL": "smtps://u:hushhush@mail.test",
        "REDIS_URL": "redis://:hushhush@cache.test",
    }
    settings_read = read_settings(environment)
    shown = f"{settings_read} {settings_read!r} {describe_settings(settings_read)}"
    for secret in (KEY_HEX, "0123456789", "hushhush", repr(bytes.fromhex(KEY_HEX))):
        assert secret not in shown
    rows = {row.name: row for row in describe_settings(settings_read)}
    assert rows["STRIPE_SECRET_KEY"].shown == "sk_test_…"
    assert rows["SECRET_KEY"].shown == "32 bytes"
    assert rows["DATABASE_URL"].shown == "db.test/x"
    assert rows["SMTP_URL"].shown == "mail.test:465 (tls)"
    assert settings_read.stripe_secret_key.reveal() == "sk_test_0123456789"
    assert f"{Secret('x')}" == "hidden"


def test_rows_show_value_source_and_note_for_people() -> None:
    rows = {row.name: row for row in describe_settings(read_settings(TEST | {"SHIPPING_COUNTRIES": "FR,BE"}))}
    assert rows["SHIPPING_COUNTRIES"].shown == "FR, BE"
    assert rows["SHIPPING_COUNTRIES"].source == "environment"
    assert (rows["SESSION_LIFETIME_MINUTES"].shown, rows["SESSION_LIFETIME_MINUTES"].source) == ("45 min", "default")
    assert rows["PAYMENT_MIN_AMOUNT"].shown == "0.50 EUR"
    assert rows["RATE_LIMIT_CHECKOUT"].shown == "5/minute"
    assert rows["DATA_RETENTION_DAYS"].shown == "1095 days"
    assert rows["STRIPE_IDEMPOTENCY_ENABLED"].shown == "true"
    assert rows["REDIS_URL"].shown == rows["ALLOWED_ORIGINS"].shown == "not set"
    assert rows["PCI_DSS_LEVEL"].note.startswith("no effect yet")
    short = read_settings(TEST | {"STRIPE_WEBHOOK_TIMEOUT_MS": "2500", "WEBHOOK_TOLERANCE_S": "90"})
    shown = {row.name: row.shown for row in describe_settings(short)}
    assert (shown["STRIPE_WEBHOOK_TIMEOUT_MS"], shown["WEBHOOK_TOLERANCE_S"]) == ("2500 ms", "90 s")


def test_settings_that_do_nothing_yet_are_named_only_if_someone_set_them() -> None:
    assert settings_without_effect(read_settings(TEST)) == ()
    changed = read_settings(TEST | {"PCI_DSS_LEVEL": "1", "PAYMENT_CAPTURE_METHOD": "manual"})
    assert settings_without_effect(changed) == ("PCI_DSS_LEVEL",)


def test_one_table_names_every_field_once() -> None:
    reference = settings_reference()
    names = [row.name for row in reference]
    assert len(names) == len(set(names)) == len(fields(Settings)) - 1
    assert set(names) >= NO_EFFECT_YET
    assert {row.name for row in reference if row.is_required} == set(TEST)
    assert all(row.unset is None for row in reference if row.is_required)
    assert {name.removeprefix("RATE_LIMIT_").lower() for name in names if name.startswith("RATE_LIMIT_")} == set(
        read_settings(TEST).rate_limits
    )


TEXTS = st.text(max_size=20) | st.sampled_from(
    ["0", "1", "eur", "a,b", "http://[", "postgresql://", "smtps://[x]:1", "1/day"]
)
NAMES = st.sampled_from([row.name for row in settings_reference()])


@settings(deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=8))
def test_no_environment_breaks_the_reading(changes: dict[str, Any]) -> None:
    names = names_of_problems(TEST | changes)
    assert set(names) <= {row.name for row in settings_reference()}
