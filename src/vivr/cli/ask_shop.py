"""Commands that only read: a shop's live objects for one question, and exit code 2 where it can't be asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from vivr.cli.environment import command_settings, with_database
from vivr.cli.language import say
from vivr.cli.printing import fail
from vivr.embedded_postgres import EmbeddedPostgresError
from vivr.errors import Unavailable

if TYPE_CHECKING:
    from vivr.bootstrap import Shop

T = TypeVar("T")


def ask_shop(question: "Callable[[Shop], Awaitable[T]]") -> T:
    """The answer of a running database; none is started for it.

    Raises:
        typer.Exit: with code 2, after a sentence: the database is away.
    """
    from vivr.bootstrap import open_shop  # noqa: PLC0415 - see vivr.cli.main
    from vivr.logs import silence_logs  # noqa: PLC0415

    silence_logs()

    async def ask() -> T:
        async with open_shop(settings) as shop:
            return await question(shop)

    try:
        with with_database(command_settings(), may_start=False) as settings:
            return asyncio.run(ask())
    except (Unavailable, EmbeddedPostgresError) as error:
        code = error.code if isinstance(error, Unavailable) else str(error)
        fail(say("the books could not be checked: {reason}", reason=code))
        raise typer.Exit(2) from None
