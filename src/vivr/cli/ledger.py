"""`vivr ledger`: what stands on the accounts of the books, what was posted, and whether it all fits."""

import json
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from vivr.cli.ask_shop import ask_shop
from vivr.cli.language import own_locale, say, translate
from vivr.cli.printing import console, make_table

if TYPE_CHECKING:
    from vivr.bootstrap import Shop
    from vivr.ledger.read_ledger import AccountBalance, PostedLine

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help=say("For machines."))]


@app.command("balance", help=say("What stands on each account in each currency."))
def balance(*, as_json: AsJson = False) -> None:
    """Show the accounts."""
    from vivr.ledger.model import MEANINGS, LedgerAccount  # noqa: PLC0415 - see vivr.cli.main
    from vivr.ledger.read_ledger import balances  # noqa: PLC0415

    async def read(shop: "Shop") -> "list[AccountBalance]":
        async with shop.database.transaction("ledger_balances") as tx:
            return await balances(tx)

    found = ask_shop(read)
    if as_json:
        _print_json(
            [_amount(one.ledger_account, one.currency, one.amount_minor) | {"postings": one.postings} for one in found]
        )
        return
    table = make_table(say("The accounts"), say("account"), say("amount"), say("postings"), say("what it holds"))
    for one in found:
        meaning = translate(MEANINGS[LedgerAccount(one.ledger_account)])
        table.add_row(one.ledger_account, _shown(one.amount_minor, one.currency), str(one.postings), meaning)
    console().print(table)
    console().print(say("Debit is positive, credit negative: what was sold and what is owed stand below zero."))


@app.command("entries", help=say("The newest entries, of one order, object or kind or of all."))
def entries(
    *,
    order: Annotated[str | None, typer.Option(help=say("Those of this order alone, ord_…"))] = None,
    object_id: Annotated[
        str | None, typer.Option("--object", help=say("Those of this object at Stripe alone."))
    ] = None,
    kind: Annotated[str | None, typer.Option(help=say("Those of this kind alone, such as capture or refund."))] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say("So many at most."))] = 20,
    as_json: AsJson = False,
) -> None:
    """Show entries with their postings."""
    from vivr.ledger.read_ledger import newest_entries  # noqa: PLC0415 - see vivr.cli.main

    async def read(shop: "Shop") -> "list[PostedLine]":
        async with shop.database.transaction("ledger_entries") as tx:
            return await newest_entries(tx, order_id=order, object_id=object_id, kind=kind, limit=limit)

    lines = ask_shop(read)
    if as_json:
        _print_json([_entry(list(entry)) for _, entry in groupby(lines, key=lambda line: line.id)])
        return
    table = make_table(
        say("Entries"), say("posted"), say("kind"), say("what"), say("account"), say("debit"), say("credit")
    )
    for _, entry in groupby(lines, key=lambda line: line.id):
        for position, line in enumerate(entry):
            # Only the first posting names its entry, so that the eye sees where the next one begins.
            head = ("", "", "") if position else (line.at.isoformat(timespec="seconds"), line.kind, line.object_id)
            shown = _shown(abs(line.amount_minor), line.currency)
            sides = (shown, "") if line.amount_minor > 0 else ("", shown)
            table.add_row(*head, line.ledger_account, *sides)
    console().print(table)


@app.command("verify", help=say("Check that the books balance and agree with Stripe's balance; exits 1 if not."))
def verify(*, as_json: AsJson = False) -> None:
    """Check the books alone: I2 of `vivr doctor --money`."""
    from vivr.cli.doctor_money import examine_money  # noqa: PLC0415 - see vivr.cli.main
    from vivr.invariants.check_money import BOOKS  # noqa: PLC0415

    raise typer.Exit(examine_money(BOOKS, as_json=as_json))


def _entry(lines: "list[PostedLine]") -> dict[str, object]:
    first = lines[0]
    return {
        "id": first.id,
        "kind": first.kind,
        "object_id": first.object_id,
        "at": first.at.isoformat(),
        "postings": [_amount(line.ledger_account, line.currency, line.amount_minor) for line in lines],
    }


def _amount(account: str, currency: str, amount_minor: int) -> dict[str, object]:
    return {"account": account, "currency": currency, "amount_minor": amount_minor}


def _shown(amount_minor: int, currency: str) -> str:
    from vivr.money import Money, format_money  # noqa: PLC0415 - see vivr.cli.main

    return format_money(Money(amount_minor, currency), own_locale())


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
