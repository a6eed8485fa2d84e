"""`vivr staff add`: an account for someone who works in the back office."""

import asyncio
import getpass
import os
import sys
from typing import Annotated

import typer

from vivr.cli.environment import command_settings, with_database
from vivr.cli.language import locale_of, say
from vivr.cli.printing import console, fail
from vivr.errors import Conflict, InvalidInput
from vivr.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def staff() -> None:
    """Keep `staff` a group although it has one command so far."""


@app.command("add", help=say("Make an account for the back office; the password is asked for."))
def add(
    email: Annotated[str, typer.Argument(help=say("The e-mail address to log in with."))],
    role: Annotated[str, typer.Option(help=say("viewer, support, finance or owner."))],
    name: Annotated[str, typer.Option(help=say("The person's name; the address's first part when not given."))] = "",
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=say("Read the password from standard input."))
    ] = False,
) -> None:
    """Make the account."""
    from vivr.caller import ROLES  # noqa: PLC0415 - see vivr.cli.main

    if role not in ROLES:
        fail(say("{role} is no role: choose {roles}.", role=role, roles=", ".join(ROLES)))
        raise typer.Exit(2)
    settings = command_settings()
    password = _read_password(from_stdin=password_stdin)
    with with_database(settings) as opened:
        try:
            asyncio.run(_add(opened, email, password, name or email.partition("@")[0], role))
        except InvalidInput as error:
            for field, rule in error.fields.items():
                fail(f"{field}: {rule}")
            raise typer.Exit(1) from None
        except Conflict:
            fail(say("An account with this address exists; nothing was changed."))
            raise typer.Exit(1) from None
    console().print(say("Done: log in at {address}.", address=f"{settings.app_url}/admin/login"))


async def _add(settings: Settings, email: str, password: str, name: str, role: str) -> None:
    from vivr.caller import system_caller  # noqa: PLC0415 - see vivr.cli.main
    from vivr.clock import SystemClock  # noqa: PLC0415
    from vivr.customers.accounts import AccountRequest, AccountTerms  # noqa: PLC0415
    from vivr.customers.staff import add_staff  # noqa: PLC0415
    from vivr.database import Database  # noqa: PLC0415
    from vivr.ids import new_request_id  # noqa: PLC0415
    from vivr.sealing import Seals  # noqa: PLC0415

    assert settings.database_url is not None
    clock = SystemClock()
    database = Database(settings.database_url.reveal(), pool_max=1)
    await database.open()
    try:
        await add_staff(
            database,
            clock,
            Seals([key.reveal() for key in settings.secret_key]),
            system_caller("cli", new_request_id(clock.now())),
            AccountTerms(settings.shop_name, settings.data_retention),
            AccountRequest(email=email, password=password, name=name, locale=locale_of(os.environ)),
            role=role,
        )
    finally:
        await database.close()


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(say("Password: "))
    if getpass.getpass(say("Once more: ")) != password:
        fail(say("The two are not the same."))
        raise typer.Exit(1)
    return password
