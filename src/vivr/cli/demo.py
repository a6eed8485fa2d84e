"""`vivr demo run` and `vivr demo buy`."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from vivr.cli.language import locale_of, say
from vivr.cli.printing import console, fail, make_table
from vivr.money import major_text

if TYPE_CHECKING:
    from vivr.demo.buy import Purchase

app = typer.Typer(no_args_is_help=True)

_CARD_FORM = re.compile(r"\d{12,19}", re.ASCII)


@app.callback()
def demo() -> None:
    """Keep `demo` a group."""


@app.command("run", help=say("Run the database, the shop, a local Stripe and a mailbox until Ctrl-C."))
def run() -> None:
    """Run until stopped."""
    from vivr.demo.screen import Screen  # noqa: PLC0415 - see vivr.cli.main
    from vivr.demo.supervisor import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(os.environ, Screen(console())))


@app.command("buy", help=say("Buy something on the running demo, as a browser does, and show the order's timeline."))
def buy(
    card: Annotated[str, typer.Option(help=say("One of Stripe's test cards."))] = "4242424242424242",
    locale: Annotated[str, typer.Option(help=say("The language to buy in: fr or en."))] = locale_of(os.environ),
    *,
    lose_webhook: Annotated[bool, typer.Option("--lose-webhook", help=say("Lose every webhook about it."))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("Print JSON, for machines."))] = False,
) -> None:
    """Buy, and exit 0 only if the end is what that card must lead to."""
    from vivr.demo.buy import buy as carry_out  # noqa: PLC0415 - see vivr.cli.main
    from vivr.demo.buyer import PurchaseFailedError  # noqa: PLC0415
    from vivr.demo.place import running_environment  # noqa: PLC0415

    number = re.sub(r"[ -]", "", card)
    if _CARD_FORM.fullmatch(number) is None or locale not in {"fr", "en"}:
        fail(say("A card has 12 to 19 digits, and the language is fr or en."))
        raise typer.Exit(2)
    data = Path(os.environ.get("VIVR_DATA", "").strip() or ".vivr")
    settings = running_environment(data)
    if settings is None:
        fail(say("No demo runs on {data}: start it with `make run`.", data=data))
        raise typer.Exit(1)
    screen = console(error=True)
    try:
        with screen.status(say("Buying")) as status:
            purchase = carry_out(
                settings,
                number=number,
                locale=locale,
                lose_webhook=lose_webhook,
                tell=lambda text: _tell(screen, status.update, text),
            )
    except PurchaseFailedError as error:
        fail(say("The purchase stopped: {reason}", reason=error))
        raise typer.Exit(1) from None
    _print_outcome(purchase, as_json=as_json)
    for text in purchase.objections:
        fail(text)
    raise typer.Exit(1 if purchase.objections else 0)


def _tell(screen: Console, update: Callable[[str], None], text: str) -> None:
    """One step: it replaces the one before on a terminal, and is a line elsewhere."""
    update(text)
    if not screen.is_terminal:
        screen.print(text, markup=False)


def _print_outcome(purchase: "Purchase", *, as_json: bool) -> None:
    from vivr.demo.outcome import as_json as shape  # noqa: PLC0415 - see vivr.cli.main

    outcome, declined = purchase.outcome, purchase.trial.decline_message
    if as_json:
        typer.echo(json.dumps(shape(outcome, declined), ensure_ascii=False, indent=2))
        return
    order = outcome.order
    total = f"{major_text(order.payable)} {order.currency}"
    out = console()
    out.print(say("Order {number}: {state}, {total}", number=order.shown_number, state=order.state, total=total))
    if declined is not None:
        out.print(say("Declined: {message}", message=declined), markup=False)
    table = make_table("", say("time (UTC)"), say("kind"), say("what"), "id")
    for item in outcome.timeline:
        table.add_row(item.at.strftime("%H:%M:%S.%f")[:-3], item.kind, Text(item.text), Text(item.id, style="dim"))
    out.print(table)
