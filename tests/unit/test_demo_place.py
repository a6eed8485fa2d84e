"""The demo's folder: what is made once is kept and private, and the caller's variables win."""

import stat
from pathlib import Path

import pytest

from vivr.demo.place import (
    AlreadyRunningError,
    Place,
    Ports,
    PortUnreadableError,
    demo_environment,
    read_ports,
    running_environment,
)
from vivr.settings import read_settings

PORTS = Ports(shop=8100, sandbox=12112, mailbox=8026)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "data")
    made.claim()
    return made


def test_secrets_are_made_once_and_private(place: Place) -> None:
    kept = place.kept_settings()
    assert sorted(kept) == [
        "DEMO_STAFF_EMAIL",
        "DEMO_STAFF_PASSWORD",
        "SECRET_KEY",
        "SHOP_ID",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ]
    assert place.kept_settings() == kept
    assert stat.S_IMODE((place.data / "demo.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    place.release()


def test_missing_secret_is_made_and_the_others_stay(place: Place) -> None:
    kept = place.kept_settings()
    file = place.data / "demo.env"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("SHOP_ID=")]
    file.write_text("\n".join(lines))
    again = place.kept_settings()
    assert again.pop("SHOP_ID") != kept.pop("SHOP_ID")
    assert again == kept
    place.release()


def test_demo_settings_are_accepted_as_they_are(place: Place) -> None:
    settings = read_settings(demo_environment(place.kept_settings(), PORTS, 2525, place.data, {}))
    assert settings.app_url == "http://127.0.0.1:8100"
    assert settings.stripe_api_base == "http://127.0.0.1:12112"
    assert settings.vivr_data == place.data
    assert str(settings.mail_server) == "127.0.0.1:2525 (none)"
    assert str(settings.rate_limit_checkout) == "500/minute"
    place.release()


def test_the_callers_variables_win_and_empty_ones_do_not(place: Place) -> None:
    caller = {"SHOP_ID": "mine", "SMTP_URL": " ", "VIVR_DATA": "elsewhere", "PAYMENT_CURRENCY": "jpy", "OTHER": "1"}
    environment = demo_environment(place.kept_settings(), PORTS, 2525, place.data, caller)
    assert environment["SHOP_ID"] == "mine"
    assert environment["SMTP_URL"] == "smtp://127.0.0.1:2525"
    assert environment["VIVR_DATA"] == str(place.data)
    assert environment["OTHER"] == "1"
    # 4.90 is no amount in yen.
    assert "SHIPPING_FLAT_AMOUNT" not in environment
    place.release()


def test_place_belongs_to_one_demo_at_a_time(place: Place) -> None:
    with pytest.raises(AlreadyRunningError) as refused:
        Place(place.data).claim()
    assert refused.value.pid.isdigit()
    place.release()
    other = Place(place.data)
    other.claim()
    other.release()


def test_other_commands_see_the_settings_of_a_running_demo_alone(place: Place) -> None:
    assert running_environment(place.data) is None
    place.publish_settings({"APP_URL": "http://127.0.0.1:8100", "SHOP_NAME": "L'Été # 1"})
    assert running_environment(place.data) == {"APP_URL": "http://127.0.0.1:8100", "SHOP_NAME": "L'Été # 1"}
    assert stat.S_IMODE((place.run / "settings.env").stat().st_mode) == 0o600
    place.release()
    assert running_environment(place.data) is None
    (place.run / "settings.env").write_text("APP_URL=left-behind\n")
    assert running_environment(place.data) is None
    assert running_environment(place.data / "nowhere") is None


def test_ports_have_defaults_and_refuse_what_is_no_port() -> None:
    assert read_ports({}) == Ports(shop=8000, sandbox=12111, mailbox=8025)
    assert read_ports({"VIVR_PORT": " 8100 ", "SANDBOX_PORT": "1", "MAILBOX_PORT": "65535"}) == Ports(8100, 1, 65535)
    for text in ("0", "65536", "-1", "80a", "８０"):
        with pytest.raises(PortUnreadableError, match="SANDBOX_PORT"):
            read_ports({"SANDBOX_PORT": text})
