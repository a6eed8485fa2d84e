"""What the commands print: tables for people, plain lines where nobody's terminal reads them."""

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from vivr.cli.language import say, translate
from vivr.settings import Problem

_PLAIN_WIDTH: Final = 200


def console(*, error: bool = False) -> Console:
    """A console on standard output or standard error; without a terminal its lines are wide and unstyled."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=error, width=width, highlight=False, soft_wrap=False)


def make_table(title: str, *headings: str) -> Table:
    """An empty table with a title on the left."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_problems(problems: Sequence[Problem]) -> None:
    """One table of everything that is wrong with the settings, and how to put each right, on standard error."""
    table = make_table(
        say("The settings can't be used: {count} to put right", count=len(problems)),
        say("setting"),
        say("what is wrong"),
        say("what to do"),
    )
    for problem in problems:
        table.add_row(f"[bold]{problem.name}[/bold]", translate(problem.problem), translate(problem.cure))
    console(error=True).print(table)


def fail(text: str) -> None:
    """One sentence on standard error."""
    console(error=True).print(f"vivr: {text}", markup=False)
