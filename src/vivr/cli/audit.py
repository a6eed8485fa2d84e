"""`vivr audit`: whether the trail's chain is unbroken, and its head, kept elsewhere, that nobody can rewrite.

Who may change everything in the database may also compute the whole chain anew. A head that was exported before, to a
place out of their reach, tells it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vivr.cli.ask_shop import ask_shop
from vivr.cli.language import say
from vivr.cli.printing import console, fail

if TYPE_CHECKING:
    from vivr.audit.model import Head
    from vivr.bootstrap import Shop

app = typer.Typer(no_args_is_help=True)


@app.command("verify", help=say("Compute the chain anew from its first row; exits 1 if it breaks."))
def verify(
    *,
    head: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say("Exported heads, one a line: the chain must lead to each."))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("For machines."))] = False,
) -> None:
    """Verify the chain, and that it is the one that was exported."""
    from vivr.audit.seal_chain import first_break, head_of_chain  # noqa: PLC0415 - see vivr.cli.main

    heads = _read_heads(head) if head else []

    async def check(shop: "Shop") -> "tuple[Head, int | None]":
        return await head_of_chain(shop.database), await first_break(shop.database, heads)

    last, broken_from = ask_shop(check)
    if as_json:
        found = {"ok": broken_from is None, "rows": last.rows, "heads": len(heads), "broken_from": broken_from}
        print(json.dumps(found))
    elif broken_from is None:
        told = say("The chain holds: {rows} rows, {heads} exported heads compared.", rows=last.rows, heads=len(heads))
        console().print(told)
    else:
        said = say("The chain breaks from row {row} on: a row was changed, removed or slipped in.", row=broken_from)
        console().print(said)
    raise typer.Exit(int(broken_from is not None))


@app.command("export", help=say("Print the head of the chain as one line of JSON, to be kept out of the shop's reach."))
def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help=say("Add the line to this file instead."))] = None,
) -> None:
    """Export the head."""
    from vivr.audit.model import head_line  # noqa: PLC0415 - see vivr.cli.main
    from vivr.audit.seal_chain import head_of_chain  # noqa: PLC0415

    line = head_line(ask_shop(lambda shop: head_of_chain(shop.database)))
    if file is None:
        print(line)
        return
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{line}\n")
    except OSError as error:
        fail(say("{file} can't be written: {reason}", file=file, reason=error.strerror or type(error).__name__))
        raise typer.Exit(2) from None


def _read_heads(file: Path) -> "list[Head]":
    from vivr.audit.model import read_heads  # noqa: PLC0415 - see vivr.cli.main

    try:
        return read_heads(file.read_text("utf-8"))
    except OSError as error:
        fail(say("{file} can't be read: {reason}", file=file, reason=error.strerror or type(error).__name__))
    except ValueError:
        fail(say("{file} holds no exported head: each line must be one that `vivr audit export` printed", file=file))
    raise typer.Exit(2)
