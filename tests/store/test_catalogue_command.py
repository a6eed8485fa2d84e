"""`vivr catalogue` as a person meets it: a report, a table of bad rows, and the exit code."""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from vivr.cli.catalogue import app, run_fetch_images, run_import

GOOD = "Handle,Title,Variant SKU,Variant Price,Image Src\nbol,[Bol],,14.90,https://127.0.0.1/a.jpg\n"
BAD = "Handle,Title,Variant SKU,Variant Price\nbol,Bol,A,14.90\nmug,Mug,A,{9,90}\n".replace("{9,90}", '"9,{90}"')


def load(url: str, folder: Path, text: str, *, dry_run: bool = False) -> int:
    (folder / "products.csv").write_text(text)
    return run_import(
        url,
        folder / "media",
        folder / "products.csv",
        translations_file=None,
        currency="EUR",
        tax_rate_bp=None,
        tax_rate_default_bp=2000,
        dry_run=dry_run,
    )


def as_address(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    host = quote(str(parts.pop("host")), safe="")
    more = urlencode({name: str(value) for name, value in parts.items() if name != "dbname" and value is not None})
    return f"postgresql:///{parts['dbname']}?host={host}&{more}"


def products(url: str) -> int:
    with psycopg.connect(url) as connection:
        return len(connection.execute("SELECT FROM product").fetchall())


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    def english(_environment: object) -> str:
        return "en"

    monkeypatch.setattr("vivr.cli.language.locale_of", english)


def test_import_prints_a_report_and_ends_with_0(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(database_url, tmp_path, GOOD) == 0
    out = capsys.readouterr().out
    for part in ("bol", "https://127.0.0.1/a.jpg", "fetch-images"):
        assert part in out
    assert products(database_url) == 1


def test_bad_rows_are_a_table_on_standard_error_and_end_with_1(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(database_url, tmp_path, BAD) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    for part in ("products.csv", "3", "Variant Price", "9,{90}", "Variant SKU"):
        assert part in captured.err
    assert products(database_url) == 0


def test_dry_run_ends_with_0_and_changes_nothing(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(database_url, tmp_path, GOOD, dry_run=True) == 0
    assert capsys.readouterr().out != ""
    assert products(database_url) == 0


def test_unusable_file_ends_with_2(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(database_url, tmp_path, GOOD) == 0
    (tmp_path / "products.csv").unlink()
    status = run_import(
        database_url,
        tmp_path,
        tmp_path / "products.csv",
        translations_file=None,
        currency="EUR",
        tax_rate_bp=None,
        tax_rate_default_bp=2000,
        dry_run=False,
    )
    assert status == 2
    assert "products.csv" in capsys.readouterr().err


def test_database_without_tables_ends_with_2(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
    assert load(database_url, tmp_path, GOOD) == 2
    assert run_fetch_images(database_url, tmp_path) == 2
    assert "vivr migrate" in capsys.readouterr().err


def test_picture_that_is_not_public_is_not_fetched_and_ends_with_1(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(database_url, tmp_path, GOOD)
    assert run_fetch_images(database_url, tmp_path / "media") == 1
    assert "https://127.0.0.1/a.jpg" in capsys.readouterr().err
    load(database_url, tmp_path, GOOD.replace("https://127.0.0.1/a.jpg", ""))
    assert run_fetch_images(database_url, tmp_path / "media") == 0


@pytest.mark.parametrize(
    "arguments", [["import"], ["import", "no-such-file.csv"], ["import", ".", "--tax-rate-bp", "x"]]
)
def test_wrong_command_line_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_command_line_imports_into_the_settings_database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "SECRET_KEY": hashlib.sha256(b"catalogue").hexdigest(),
        "SHOP_ID": "test-shop",
        "STRIPE_SECRET_KEY": "sk_test_catalogue0000000000000000",
        "STRIPE_WEBHOOK_SECRET": "whsec_catalogue00000000000000000000000000",
        "DATABASE_URL": as_address(database_url),
        "PAYMENT_CURRENCY": "EUR",
        "VIVR_DATA": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "products.csv").write_text(GOOD)
    result = CliRunner().invoke(app, ["import", str(tmp_path / "products.csv"), "--tax-rate-bp", "550"])
    assert (result.exit_code, result.exception) == (0, None)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT sku, tax_rate_bp FROM product").fetchall() == [("bol", 550)]
