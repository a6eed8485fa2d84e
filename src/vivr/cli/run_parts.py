"""The commands that run the shop: `vivr migrate`, `vivr web`, `vivr worker`, and `vivr doctor` that looks at it."""

from typing import Annotated

import psycopg
import typer

from vivr.cli.environment import command_environment, own_settings, with_database
from vivr.cli.language import say
from vivr.cli.printing import console, fail, print_problems


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("migrate", help=say("Bring the database up to date."))(migrate)
    app.command("web", help=say("Serve the shop's pages, its API and Stripe's webhooks."))(web)
    app.command("worker", help=say("Process events, mails and deadlines."))(worker)
    app.command("doctor", help=say("Show the settings, their problems and cures, and check the database."))(doctor)


def migrate() -> None:
    """Bring the database up to date; a direct address goes before a pooled one."""
    from vivr.migrate import migrate as apply_migrations  # noqa: PLC0415 - see vivr.cli.main

    with with_database(own_settings()) as settings:
        secret = settings.database_url_direct or settings.database_url
        assert secret is not None
        try:
            applied = apply_migrations(secret.reveal())
        except psycopg.Error as error:
            # The server's own message holds no row's values here, and says which statement it stopped at.
            fail(say("the database refused: {reason}", reason=error.diag.message_primary or type(error).__name__))
            raise typer.Exit(1) from error
    out = console()
    for name in applied:
        out.print(name)
    out.print(say("The database is up to date."))


def web() -> None:
    """Serve until stopped."""
    from vivr.web.serve import serve  # noqa: PLC0415 - see vivr.cli.main

    with with_database(own_settings()) as settings:
        serve(settings)


def worker() -> None:
    """Work until stopped."""
    from vivr.worker.run import run_worker  # noqa: PLC0415 - see vivr.cli.main

    with with_database(own_settings(), may_start=False) as settings:
        run_worker(settings)


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help=say("Print JSON, for machines."))] = False,
    money: Annotated[
        bool, typer.Option("--money", help=say("Check what must hold of orders, money and books."))
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help=say("Look at Stripe and the running shop too; sends one signed probe."))
    ] = False,
) -> None:
    """Look at everything and change nothing."""
    if money:
        from vivr.cli.doctor_money import examine_money  # noqa: PLC0415 - see vivr.cli.main

        raise typer.Exit(examine_money(as_json=as_json))
    from vivr.cli.doctor import diagnose, print_diagnosis  # noqa: PLC0415 - see vivr.cli.main

    diagnosis = diagnose(command_environment(), live=live)
    if as_json:
        typer.echo(diagnosis.as_json())
    else:
        if diagnosis.problems:
            print_problems(diagnosis.problems)
        print_diagnosis(diagnosis)
    raise typer.Exit(diagnosis.exit_code)
