"""`vivr doctor`: the settings with their problems and cures, and whether the database can serve this version."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from vivr.cli.environment import with_database
from vivr.cli.findings import Finding, Outcome
from vivr.cli.language import say, translate
from vivr.cli.printing import console, make_table
from vivr.embedded_postgres import EmbeddedPostgresError, running_cluster_url
from vivr.migrate import MigrationError, applied_migrations, pending_migrations, read_migrations
from vivr.rate_limits.limiter import can_share
from vivr.settings import (
    STRIPE_API_BASE,
    Problem,
    SettingRow,
    Settings,
    SettingsError,
    describe_settings,
    read_settings,
    settings_without_effect,
)

OLDEST_SERVER: Final = 150_000
_CONNECT_TIMEOUT_S: Final = 5
_SKEW_MAX: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that the doctor saw."""

    problems: tuple[Problem, ...]
    settings: tuple[SettingRow, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0: all well; 1: problems; 2: something could not be checked."""
        outcomes = {finding.outcome for finding in self.findings}
        if self.problems or Outcome.PROBLEM in outcomes:
            return 1
        return 2 if Outcome.UNCHECKED in outcomes else 0

    def as_json(self) -> str:
        """For machines: the same words in every language but the sentences."""
        return json.dumps(
            {
                "ok": self.exit_code == 0,
                "problems": [asdict(problem) for problem in self.problems],
                "checks": [asdict(finding) for finding in self.findings],
                "settings": [asdict(row) for row in self.settings],
            },
            ensure_ascii=False,
            indent=2,
        )


def diagnose(environment: Mapping[str, str], *, live: bool = False) -> Diagnosis:
    """Look at everything; no server is started. ``live`` looks at Stripe and at the running shop too."""
    try:
        settings = read_settings(environment)
    except SettingsError as error:
        unchecked = Finding("database", Outcome.UNCHECKED, say("not looked at: the settings come first"))
        return Diagnosis(error.problems, (), (unchecked,))
    findings = (*_settings_findings(settings), *_database_findings(settings))
    if live:
        findings += tuple(_live_findings(settings))
    return Diagnosis((), tuple(describe_settings(settings)), findings)


def _live_findings(settings: Settings) -> list[Finding]:
    from vivr.cli.doctor_live import look_live  # noqa: PLC0415 - it needs this module, and all of the shop
    from vivr.logs import silence_logs  # noqa: PLC0415 - the same

    silence_logs()
    try:
        with with_database(settings, may_start=False) as opened:
            return asyncio.run(look_live(opened))
    except EmbeddedPostgresError as error:
        return [Finding("live", Outcome.UNCHECKED, str(error))]


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """The settings' table, then the checks, on standard output."""
    out = console()
    if diagnosis.settings:
        table = make_table(say("Settings"), say("setting"), say("value"), say("from"), say("meaning"))
        for row in diagnosis.settings:
            style = "" if row.source == "environment" else "dim"
            table.add_row(row.name, row.shown, say(row.source), _note(row), style=style)
        out.print(table)
        out.print()
    marks = {
        Outcome.OK: "[green]✓[/]",
        Outcome.NOTE: "•",
        Outcome.PROBLEM: "[red]✗[/]",
        Outcome.UNCHECKED: "[yellow]?[/]",
    }
    checks = make_table(say("Checks"), "", "", "")
    checks.show_header = False
    for finding in diagnosis.findings:
        checks.add_row(marks[finding.outcome], finding.name, finding.text)
    out.print(checks)


def _settings_findings(settings: Settings) -> Iterator[Finding]:
    mode = say("live: real money moves") if settings.livemode else say("test: no real money")
    yield Finding("stripe_key", Outcome.OK, mode)
    if settings.stripe_api_base != STRIPE_API_BASE:
        text = say("{address} stands for Stripe: a sandbox", address=settings.stripe_api_base)
        yield Finding("stripe_address", Outcome.NOTE, text)
    secrets = say("{count} signing secret(s)", count=len(settings.stripe_webhook_secret))
    yield Finding("webhook_secret", Outcome.OK, secrets)
    if settings.redis_url is not None:
        yield _shared_limits_finding(settings.redis_url.reveal())
    for name in settings_without_effect(settings):
        yield Finding(name, Outcome.NOTE, say("no effect yet"))
    if settings.mail_server is None:
        yield Finding("mail_server", Outcome.NOTE, say("SMTP_URL is not set: mails wait until it is"))


def _shared_limits_finding(url: str) -> Finding:
    if can_share(url):
        return Finding("redis", Outcome.OK, say("rate limits are shared"))
    text = say("REDIS_URL can't be reached: each web process counts rate limits for itself; start the server")
    return Finding("redis", Outcome.PROBLEM, text)


def _database_findings(settings: Settings) -> Iterator[Finding]:
    secret = settings.database_url_direct or settings.database_url
    url = secret.reveal() if secret else running_cluster_url(settings.vivr_data)
    if url is None:
        text = say("DATABASE_URL is not set and no embedded server runs on {data}", data=settings.vivr_data)
        yield Finding("database", Outcome.UNCHECKED, text)
        return
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            yield from _server_findings(connection)
    except psycopg.OperationalError as error:
        # The driver's own text may quote the address, so only its kind is told.
        text = say("can't be reached ({kind})", kind=type(error).__name__)
        yield Finding("database", Outcome.UNCHECKED, text)


def _server_findings(connection: psycopg.Connection) -> Iterator[Finding]:
    version = connection.info.server_version
    outcome = Outcome.OK if version >= OLDEST_SERVER else Outcome.PROBLEM
    yield Finding("database", outcome, say("PostgreSQL {version}; 15 is the oldest", version=_version_text(version)))
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        yield Finding("encoding", Outcome.PROBLEM, say("{encoding}: create the database with UTF8", encoding=encoding))
    yield _migrations_finding(connection)
    yield _clock_finding(connection)


def _migrations_finding(connection: psycopg.Connection) -> Finding:
    try:
        pending = pending_migrations(applied_migrations(connection), read_migrations())
    except MigrationError as error:
        return Finding("migrations", Outcome.PROBLEM, str(error))
    if pending:
        names = ", ".join(migration.name for migration in pending)
        return Finding("migrations", Outcome.PROBLEM, say("run `vivr migrate`; missing: {names}", names=names))
    return Finding("migrations", Outcome.OK, say("up to date"))


def _clock_finding(connection: psycopg.Connection) -> Finding:
    """Compare the database's clock with ours, taking the middle of the question's way there and back."""
    asked = datetime.now(UTC)
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    answered = datetime.now(UTC)
    assert row is not None
    skew = abs(row[0] - (asked + (answered - asked) / 2))
    outcome = Outcome.OK if skew <= _SKEW_MAX else Outcome.PROBLEM
    text = say("{seconds} s between this machine and the database", seconds=f"{skew.total_seconds():.2f}")
    return Finding("clock", outcome, text)


def _note(row: SettingRow) -> str:
    """What a setting means, in the terminal's language, and whether it has an effect so far."""
    idle, mark, meaning = row.note.partition("no effect yet. ")
    return f"{say('no effect yet')}. {translate(meaning)}" if mark else translate(idle)


def _version_text(version: int) -> str:
    return f"{version // 10_000}.{version % 10_000}"
