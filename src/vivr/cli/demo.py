"""`vivr demo run` and `vivr demo buy`."""

import os

import typer

from vivr.cli.language import say
from vivr.cli.printing import console

app = typer.Typer(no_args_is_help=True)


@app.callback()
def demo() -> None:
    """Keep `demo` a group."""


@app.command("run", help=say("Run the database, the shop, a local Stripe and a mailbox until Ctrl-C."))
def run() -> None:
    """Run until stopped."""
    from vivr.demo.screen import Screen  # noqa: PLC0415 - see vivr.cli.main
    from vivr.demo.supervisor import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(os.environ, Screen(console())))
