"""`vivr exceptions`: money that does not fit, why, what can be done about it, and a named person's word on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from vivr.cli.environment import command_settings, with_database
from vivr.cli.language import own_locale, say
from vivr.cli.printing import console, fail, make_table

if TYPE_CHECKING:
    from vivr.bootstrap import Shop
    from vivr.caller import Caller
    from vivr.errors import VivrError
    from vivr.money_exceptions.model import MoneyException

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)

ExceptionId = Annotated[str, typer.Argument(metavar="EXCEPTION", help=say("The exception's id, exc_…"))]


@app.command("list", help=say("Money that does not fit and waits for a decision, and what is held in all."))
def list_exceptions(
    *,
    resolved: Annotated[bool, typer.Option("--resolved", help=say("What is over instead, the newest first."))] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say("So many at most."))] = 100,
) -> None:
    """List exceptions."""
    from vivr.money import format_money  # noqa: PLC0415 - see vivr.cli.main
    from vivr.money_exceptions.model import HeldSum  # noqa: PLC0415
    from vivr.money_exceptions.read_exceptions import (  # noqa: PLC0415
        held_sums,
        open_exceptions,
        resolved_exceptions,
    )

    async def read(shop: "Shop") -> "tuple[list[MoneyException], list[HeldSum]]":
        async with shop.database.transaction("list_exceptions") as tx:
            found = await (resolved_exceptions if resolved else open_exceptions)(tx, limit)
            return found, await held_sums(tx)

    exceptions, sums = _run(read)
    locale = own_locale()
    table = make_table(
        say("Money exceptions"), say("seen"), say("exception"), say("kind"), say("amount"), say("state"), say("order")
    )
    for one in exceptions:
        at = one.created_at.isoformat(timespec="seconds")
        state = one.resolution or one.state
        table.add_row(at, one.id, one.kind, format_money(one.brought, locale), state, one.order_id or "")
    console().print(table)
    for one in sums:
        held = format_money(one.held, locale)
        console().print(say("Held for customers: {held}, of {count} exceptions.", held=held, count=one.exceptions))


@app.command("show", help=say("One exception: what happened, what can be done, and what each choice does."))
def show(exception_id: ExceptionId) -> None:
    """Show one exception."""
    from vivr.money_exceptions.explain import STORIES, choices_of  # noqa: PLC0415 - see vivr.cli.main
    from vivr.web.error_table import ERRORS  # noqa: PLC0415
    from vivr.web.errors import sentence  # noqa: PLC0415

    exception = _run(lambda shop: _find(shop, exception_id))
    locale = own_locale()
    table = make_table(exception.id, say("what"), say("value"))
    for name in ("kind", "state", "object_id", "order_id", "payment_id", "captured", "refund_id", "decided_by"):
        table.add_row(name, _shown(getattr(exception, name)))
    for name in ("resolution", "resolved_by", "accepted_order_id", "note", "created_at", "resolved_at"):
        table.add_row(name, _shown(getattr(exception, name)))
    for name in ("amount_minor", "returned_minor", "expected_minor"):
        table.add_row(name, _shown(getattr(exception, name)))
    console().print(table)
    console().print(sentence(STORIES[exception.kind], locale), markup=False)
    for choice in choices_of(exception):
        why_not = sentence(ERRORS[choice.refused][1], locale) if choice.refused else ""
        console().print(f"- {sentence(choice.effect, locale)} {why_not}".rstrip(), markup=False)


@app.command("resolve", help=say("Give the money back, accept it, or close what holds none."))
def resolve(
    exception_id: ExceptionId,
    *,
    by: Annotated[str, typer.Option(metavar="EMAIL", help=say("Who of the staff decides: the audit names them."))],
    give_back: Annotated[bool, typer.Option("--give-back", help=say("Give it back, or release it."))] = False,
    accept: Annotated[bool, typer.Option("--accept", help=say("Let it pay its order."))] = False,
    acknowledge: Annotated[
        str | None, typer.Option(metavar="REASON", help=say("Close what holds no money, with the reason."))
    ] = None,
) -> None:
    """Resolve one exception."""
    if give_back + accept + (acknowledge is not None) != 1:
        fail(say("Say one of --give-back, --accept and --acknowledge."))
        raise typer.Exit(2)

    async def act(shop: "Shop") -> "MoneyException":
        await _find(shop, exception_id)
        caller = await _staff(shop, by)
        if give_back:
            return await shop.give_back(caller, exception_id)
        if accept:
            return await shop.accept_money(caller, exception_id)
        return await shop.acknowledge(caller, exception_id, acknowledge or "")

    done = _run(act)
    said = f"{done.id}: {done.resolution or done.state}"
    console().print(f"{said} {done.accepted_order_id or ''}".rstrip(), markup=False)


def _shown(value: object) -> str:
    return "" if value is None else str(value)


async def _find(shop: "Shop", exception_id: str) -> "MoneyException":
    from vivr.errors import NotFound  # noqa: PLC0415 - see vivr.cli.main
    from vivr.money_exceptions.read_exceptions import find_exception  # noqa: PLC0415

    async with shop.database.transaction("find_exception") as tx:
        found = await find_exception(tx, exception_id)
    if found is None:
        raise NotFound("exception_not_found")
    return found


async def _staff(shop: "Shop", email: str) -> "Caller":
    """The member of staff who decides."""
    from vivr.caller import Caller  # noqa: PLC0415 - see vivr.cli.main
    from vivr.customers.staff import find_staff  # noqa: PLC0415
    from vivr.errors import NotFound  # noqa: PLC0415
    from vivr.ids import new_request_id  # noqa: PLC0415

    async with shop.database.transaction("find_staff") as tx:
        person = await find_staff(tx, shop.seals, email)
    if person is None or person.role is None:
        raise NotFound("staff_not_found")
    return Caller(f"staff:{person.id}", person.role, new_request_id(shop.clock.now()))


def _run(act: "Callable[[Shop], Awaitable[T]]") -> T:
    """Do something with a shop's live objects; what is refused is said in a sentence, with exit code 1."""
    from vivr.bootstrap import open_shop  # noqa: PLC0415 - see vivr.cli.main
    from vivr.errors import Unavailable, VivrError  # noqa: PLC0415
    from vivr.logs import silence_logs  # noqa: PLC0415

    silence_logs()

    async def opened() -> T:
        async with open_shop(settings) as shop:
            return await act(shop)

    with with_database(command_settings()) as settings:
        try:
            return asyncio.run(opened())
        except Unavailable:
            raise
        except VivrError as error:
            fail(_sentence_of(error))
            raise typer.Exit(1) from None


def _sentence_of(error: "VivrError") -> str:
    from vivr.web.error_table import status_and_sentence  # noqa: PLC0415 - see vivr.cli.main
    from vivr.web.errors import sentence  # noqa: PLC0415

    if error.code == "staff_not_found":
        return say("Nobody of the staff logs in with this address.")
    return sentence(status_and_sentence(error)[1], own_locale(), error.details)
